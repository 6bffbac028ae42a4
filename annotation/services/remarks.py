"""What is left to settle before a training, as far as people and machines contradict each other."""

from __future__ import annotations

from annotation.services import agreements, suspects
from classifiers.models import Classifier
from classifiers.services.outlook import Kind, Remark
from classifiers.services.steps import counted


def give(classifier: Classifier) -> list[Remark]:
    """Return what to know before the classifier is trained: labels on which people differ, and likely mistakes."""
    return [_conflicts(agreements.count_conflicts(classifier.pk)), *_mistakes(classifier)]


def _conflicts(count: int) -> Remark:
    return Remark(
        kind=Kind.CONFLICTS,
        sentence=f"On {counted(count, 'text')} people disagree."
        if count
        else "There is no text on which people disagree.",
        action="Settle them",
        view="disagreements",
        count=count,
    )


def _mistakes(classifier: Classifier) -> list[Remark]:
    count = len(suspects.ids(classifier))
    if not count and classifier.live_version is None:
        # Before a model or a machine has said anything, nobody knows of any.
        return []
    sentence = "No label looks wrong." if not count else f"{counted(count, 'label')} may be wrong."
    return [Remark(kind=Kind.MISTAKES, sentence=sentence, action="Fix them", view="mistakes", count=count)]
