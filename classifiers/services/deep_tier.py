"""Whether a classifier's trainings also try to adapt the encoder's upper layers to its question."""

from __future__ import annotations

from classifiers.models import Classifier


def switch(classifier_id: int, *, is_on: bool) -> bool:
    """Have the trainings from now on try the deep tier, or not; return whether that is another setting than before."""
    return bool(Classifier.objects.filter(pk=classifier_id, tries_deep=not is_on).update(tries_deep=is_on))
