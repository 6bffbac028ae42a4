"""What would help a version most, with links to where it can be done and to what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from classifiers.admin import step_page
from classifiers.admin.example_filters import CLASSIFIER
from classifiers.models import Version
from classifiers.services import advice
from classifiers.services.advice import Advice, Code


@dataclass(frozen=True)
class NextStep:
    """A piece of advice. `links`: what each is called, and its address."""

    sentence: str
    links: tuple[tuple[str, str], ...]


def of(version: Version, *, label_ids: Mapping[int, int]) -> list[NextStep]:
    """Return what would help the version most; `label_ids` has the labels' row ids by their numbers."""
    return [
        NextStep(
            sentence=each.sentence,
            links=((each.action, step_page.url(version.classifier, each.view)), *_more(each, version, label_ids)),
        )
        for each in advice.give(version)
    ]


def _more(each: Advice, version: Version, label_ids: Mapping[int, int]) -> tuple[tuple[str, str], ...]:
    if each.code == Code.MIXED_UP:
        actual, predicted = each.labels
        review = step_page.url(version.classifier, "review")
        address = f"{review}?version={version.number}&actual={actual}&predicted={predicted}#mistakes"
        return (("See what was mixed up", address),)
    if each.code == Code.MORE_OF_LABEL and each.labels[0] in label_ids:
        examples = reverse("admin:classifiers_example_changelist")
        label_id = label_ids[each.labels[0]]
        return (("See those it has", f"{examples}?{CLASSIFIER}={version.classifier_id}&label__id__exact={label_id}"),)
    return ()
