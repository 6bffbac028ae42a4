"""Labelled texts of which a machine says otherwise: which to look at first."""

from __future__ import annotations

from annotation.models import Annotator
from annotation.services import doubts, suspects
from classifiers.models import Classifier, ExampleState

# Nobody looks at more of them before the next training, or the next run of a machine.
_MOST = 1_000


def mistake_ids(classifier_id: int) -> list[int]:
    """Return the examples whose label is probably wrong, the most suspicious first."""
    return suspects.ids(_classifier(classifier_id))


def disagreement_ids(classifier_id: int) -> list[int]:
    """Return the examples on which a person, a machine that labels, and the live version disagree.

    Order: what a language model or the offline annotator says otherwise, its last word counting, the latest first;
    then what the live version, not having seen it, takes for another label, the surest first. What a person, knowing
    that, has looked at since isn't in it.
    """
    version = _classifier(classifier_id).live_version
    held_out = {} if version is None else doubts.contradicted(version)
    surest_first = sorted(held_out, key=lambda pk: (-held_out[pk].score, pk))
    return list(dict.fromkeys([*_annotated_otherwise(classifier_id), *surest_first]))


def _classifier(classifier_id: int) -> Classifier:
    return Classifier.objects.select_related("live_version").get(pk=classifier_id)


def _annotated_otherwise(classifier_id: int) -> list[int]:
    otherwise = doubts.annotated_otherwise(classifier_id, annotators=list(Annotator))
    of_people = otherwise.filter(example__state=ExampleState.CONFIRMED).order_by("-pk")
    return list(of_people.values_list("example_id", flat=True)[:_MOST])
