"""Guidelines: each wording of a classifier's labels, kept so that a label can be traced to what was asked."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from classifiers.models import Classifier, Guidelines


@transaction.atomic
def record(classifier_id: int, *, by: Any = None) -> Guidelines:
    """Return the guidelines that say what the labels say now, kept as a new number where they say something new."""
    # Two that change labels at the same time number their wordings one after the other.
    classifier = Classifier.objects.select_for_update().get(pk=classifier_id)
    labels = wording(classifier)
    last = classifier.guidelines.order_by("-number").first()
    if last is not None and last.labels == labels:
        return last
    number = 1 if last is None else last.number + 1
    return Guidelines.objects.create(classifier=classifier, number=number, labels=labels, user=by)


def record_first(classifier: Classifier) -> None:
    """Keep the labels' present wording as number 1 where none was kept yet, without saying whose it is.

    Called before labels change: those of a house that is older than its guidelines would otherwise lose the wording
    that the labels were given by.
    """
    if not classifier.guidelines.exists() and classifier.labels.exists():
        record(classifier.pk)


def wording(classifier: Classifier) -> list[dict[str, Any]]:
    """Return number, name and description of each label, by number."""
    return [
        {"number": label.number, "name": label.name, "description": label.description}
        for label in classifier.labels.order_by("number")
    ]
