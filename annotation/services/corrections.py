"""Likely wrong labels set right one by one, and what that brought."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from annotation.models import Answer, QueueCode
from annotation.services import answers
from annotation.services.doubts import snapshot_at
from classifiers.models import Classifier, Example, Version
from moderation.runs import RunState


class LabelChanged(Exception):
    """Somebody changed the label since it was shown."""


class NothingToUndo(Exception):
    """The person's last answer wasn't given here."""


@dataclass(frozen=True)
class Corrections:
    """How many suspects got another label, and how many were found right and kept theirs."""

    fixed: int
    kept: int


@dataclass(frozen=True)
class Gain:
    """Two versions and how many labels were fixed between them. The difference of their F1 has other causes, too."""

    before: Version
    after: Version
    fixed: int

    @property
    def is_comparable(self) -> bool:
        return self.before.is_measured_on_confirmed == self.after.is_measured_on_confirmed


@transaction.atomic
def settle(
    example_id: int, *, label_id: int, shown_id: int, likely_id: int | None, by: Any, now: dt.datetime
) -> Answer:
    """Give the suspect the label, or confirm that it has it; `shown_id` is the one that it had when it was shown.

    Raises LabelChanged, BadAnswer.
    """
    example = Example.objects.select_for_update().filter(pk=example_id).first()
    if example is not None and example.label_id != shown_id:
        raise LabelChanged("Somebody changed this label meanwhile. Here is what is left to look at.")
    return answers.label(
        example_id, label_id=label_id, by=by, queue=QueueCode.MISTAKES, preselected_id=likely_id, now=now
    )


@transaction.atomic
def undo(classifier_id: int, *, by: Any, now: dt.datetime) -> Example:
    """Take back the person's last answer if it was given here, and return its example; the next call the one before.

    Raises NothingToUndo.
    """
    example = answers.undo(classifier_id, by=by, now=now) if find_last(classifier_id, by=by) is not None else None
    if example is None:
        raise NothingToUndo("Your last answer wasn't given here, so there is nothing to undo.")
    return example


def find_last(classifier_id: int, *, by: Any) -> Answer | None:
    """Return the person's last answer that wasn't undone, if it was given here."""
    own = Answer.objects.filter(classifier_id=classifier_id, user=by, undone_at__isnull=True)
    last = own.select_related("example__label").order_by("-pk").first()
    return last if last is not None and last.queue == QueueCode.MISTAKES else None


def count(classifier: Classifier) -> Corrections:
    """Return what was done about suspects since the live version's training read the examples."""
    since = None if classifier.live_version is None else snapshot_at(classifier.live_version)
    given = _given(classifier.pk, since=since)
    kept = given.filter(label=F("former_label")).values("example").distinct().count()
    return Corrections(fixed=_fixed(given), kept=kept)


def find_gain(classifier: Classifier) -> Gain | None:
    """Return what became of the F1 with the labels that were fixed before the live version; None where none were."""
    after = classifier.live_version
    if after is None:
        return None
    done = classifier.versions.filter(state=RunState.SUCCEEDED, number__lt=after.number)
    before = done.order_by("-number").first()
    if before is None:
        return None
    fixed = _fixed(_given(classifier.pk, since=snapshot_at(before)).filter(created_at__lte=snapshot_at(after)))
    return Gain(before=before, after=after, fixed=fixed) if fixed else None


def _given(classifier_id: int, *, since: dt.datetime | None) -> QuerySet[Answer]:
    given = Answer.objects.filter(classifier_id=classifier_id, queue=QueueCode.MISTAKES, undone_at__isnull=True)
    given = given.filter(label__isnull=False).order_by()
    return given if since is None else given.filter(created_at__gt=since)


def _fixed(given: QuerySet[Answer]) -> int:
    # Two answers about one example are one fix.
    return given.exclude(label=F("former_label")).values("example").distinct().count()
