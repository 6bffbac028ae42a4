"""The history of the labels' wording: what changed from one number to the next, and how to go back to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db import transaction

from classifiers.models import Classifier, Guidelines
from classifiers.services import guidelines, labels
from classifiers.services.labels import LabelDraft


class NotRestorable(Exception):
    """The wording can't be brought back, or holds already; the message says which."""


@dataclass(frozen=True)
class Change:
    """What became of one label. Without `old_name` it is new, without `new_name` it was removed."""

    number: int
    old_name: str
    new_name: str
    old_description: str
    new_description: str

    @property
    def is_added(self) -> bool:
        return not self.old_name

    @property
    def is_removed(self) -> bool:
        return not self.new_name

    @property
    def is_renamed(self) -> bool:
        return bool(self.old_name and self.new_name) and self.old_name != self.new_name

    @property
    def is_described(self) -> bool:
        return self.old_description != self.new_description


@dataclass(frozen=True)
class Revision:
    """One number of the guidelines, and what is other than in the number before."""

    guidelines: Guidelines
    changes: tuple[Change, ...]
    is_current: bool


def page(classifier_id: int, *, before: int | None = None, limit: int) -> tuple[list[Guidelines], int | None]:
    """Return up to `limit` guidelines with numbers below `before`, and below which number the next page starts.

    Order: newest first. The second is None on the last page.
    """
    found = Guidelines.objects.filter(classifier_id=classifier_id).order_by("-number")
    if before is not None:
        found = found.filter(number__lt=before)
    # One more than is given says whether there is a next page.
    listed = list(found.select_related("user")[: limit + 1])
    given = listed[:limit]
    return given, given[-1].number if len(listed) > limit else None


def history(classifier_id: int, *, before: int | None = None, limit: int) -> tuple[list[Revision], int | None]:
    """Return the guidelines as `page` does, each with what it changed."""
    given, next_before = page(classifier_id, before=before, limit=limit)
    last = Guidelines.objects.filter(classifier_id=classifier_id).order_by("-number").first()
    earlier = None
    if next_before is not None:
        earlier = Guidelines.objects.filter(classifier_id=classifier_id, number__lt=next_before).first()
    revisions = [
        Revision(
            guidelines=new,
            changes=compare([] if old is None else old.labels, new.labels),
            is_current=last is not None and new.number == last.number,
        )
        for new, old in pairwise([*given, earlier])
        if new is not None
    ]
    return revisions, next_before


def compare(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> tuple[Change, ...]:
    """Return how the labels differ between two wordings, by number.

    >>> fine = {"number": 0, "name": "Fine", "description": ""}
    >>> compare([fine], [fine | {"description": "Polite."}])[0].new_description
    'Polite.'
    """
    before = {label["number"]: label for label in old}
    after = {label["number"]: label for label in new}
    blank = {"name": "", "description": ""}
    return tuple(
        Change(
            number=number,
            old_name=was["name"],
            new_name=now["name"],
            old_description=was["description"],
            new_description=now["description"],
        )
        for number in sorted(before.keys() | after.keys())
        for was, now in [(before.get(number, blank), after.get(number, blank))]
        if was != now
    )


@transaction.atomic
def restore(classifier_id: int, number: int, *, by: Any = None) -> Guidelines:
    """Give the labels the wording of the guidelines with this number again, and return it under its new number.

    Labels that have come since stay as they are, and those that went don't come back. Once the labels are locked, only
    the descriptions of labels that were called then as they are now come back.

    Raises NotRestorable, BadLabels, Guidelines.DoesNotExist.
    """
    classifier = Classifier.objects.select_for_update().get(pk=classifier_id)
    wanted = {label["number"]: label for label in classifier.guidelines.get(number=number).labels}
    drafts = [
        LabelDraft(
            id=label.pk,
            name=then["name"],
            description=then["description"],
            color=label.color,
        )
        for label in classifier.labels.all()
        if (then := wanted.get(label.number)) and (then["name"] == label.name or not classifier.has_locked_labels)
    ]
    before = guidelines.wording(classifier)
    labels.save(classifier_id, drafts=drafts, by=by)
    if guidelines.wording(classifier) == before:
        raise NotRestorable("The labels that are there now say the same as they did then. There is nothing to restore.")
    return guidelines.record(classifier_id, by=by)
