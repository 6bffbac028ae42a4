"""Whether a classifier learns from labels that only a machine has given, and how sure these must be."""

from __future__ import annotations

from classifiers.models import Classifier


class BadFloor(Exception):
    """Suggestions can't be asked to be this sure."""


def change(classifier_id: int, *, trains_on_suggestions: bool, floor: float) -> bool:
    """Set both for the trainings from now on; return whether that is another setting than before.

    Units: floor is a share in [0, 1]. Raises BadFloor.
    """
    # Also false for what is no number.
    if not 0.0 <= floor <= 1.0:
        raise BadFloor("Suggestions can be 0 to 100 % sure. Give a number between these.")
    others = Classifier.objects.filter(pk=classifier_id).exclude(
        trains_on_suggestions=trains_on_suggestions, suggestion_floor=floor
    )
    return bool(others.update(trains_on_suggestions=trains_on_suggestions, suggestion_floor=floor))
