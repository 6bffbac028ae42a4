"""Work out which unlabelled texts are most worth a label: in the background, anew after some answers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from annotation.models import Answer, QueueEntry, QueueRun
from classifiers.models import Example, ExampleState
from moderation import runs
from moderation.runs import OPEN_STATES, RunState
from moderation.services import workers

# The kinds of texts that are shown one of each before anything is known. Source: 20 in the experiment of which
# tests/benchmarks/labelling.py is a repetition.
KINDS = 20
# After a failure nobody gains by trying again at each answer.
_PAUSE_AFTER_FAILURE = dt.timedelta(minutes=10)
# With fewer places left, eight people who take two texts each would soon run out of them.
_FEWEST_LEFT = 20
# How many new labels make the order stale, below how many labels in all.
_STALE_AFTER = ((200, 10), (1_000, 25))
_STALE_AFTER_MANY = 100


def start(classifier_id: int, *, by: Any = None) -> QueueRun | None:
    """Queue a run; return None where one waits or is under way, or no worker is there to do it."""
    if not workers.is_any_alive():
        return None
    try:
        with transaction.atomic():
            run = QueueRun.objects.create(classifier_id=classifier_id, requested_by=by)
            runs.send(QueueRun, run.pk)
    except IntegrityError:
        return None
    return run


def start_first(classifier_id: int, *, now: dt.datetime) -> QueueRun | None:
    """Queue a run where none has ever finished, so that whoever comes to label has an order soon."""
    if finished(classifier_id).exists():
        return None
    return refresh_if_stale(classifier_id, now=now)


def refresh_if_stale(classifier_id: int, *, now: dt.datetime) -> QueueRun | None:
    """Queue a run where the order is worth working out anew; return it, or None.

    That is where there is none, where few places are left though texts are, and after as many new labels as
    `stale_after` says. Called after each answer: it takes a few small queries.
    """
    of_classifier = QueueRun.objects.filter(classifier_id=classifier_id).order_by("-pk")
    latest = of_classifier.first()
    if latest is not None and (latest.is_open or _has_just_failed(latest, now=now)):
        return None
    current = of_classifier.filter(state=RunState.SUCCEEDED).first()
    if current is None or _has_new_labels(current) or _runs_out(current):
        return start(classifier_id)
    return None


def finished(classifier_id: int) -> QuerySet[QueueRun]:
    """Return the finished runs, the last one, whose entries are the queue, first."""
    return QueueRun.objects.filter(classifier_id=classifier_id, state=RunState.SUCCEEDED).order_by("-pk")


def find_open(classifier_id: int) -> QueueRun | None:
    """Return the run that waits or is under way, if there is one."""
    return QueueRun.objects.filter(classifier_id=classifier_id, state__in=OPEN_STATES).first()


def stale_after(labelled_count: int) -> int:
    """Return after how many new labels an order that was worked out from so many is stale.

    At first, one text of each kind is labelled; then ten labels say something new; later it takes more of them.

    >>> [stale_after(count) for count in (0, 5, 20, 199, 200, 999, 1_000)]
    [20, 15, 10, 10, 25, 25, 100]
    """
    if labelled_count < KINDS:
        return max(KINDS - labelled_count, 1)
    return next((labels for below, labels in _STALE_AFTER if labelled_count < below), _STALE_AFTER_MANY)


def _has_just_failed(run: QueueRun, *, now: dt.datetime) -> bool:
    return run.state != RunState.SUCCEEDED and run.created_at > now - _PAUSE_AFTER_FAILURE


def _has_new_labels(run: QueueRun) -> bool:
    given = Answer.objects.filter(
        classifier_id=run.classifier_id, decision__isnull=False, undone_at__isnull=True, created_at__gt=run.created_at
    )
    wanted = stale_after(run.labelled_count)
    return given.order_by()[:wanted].count() >= wanted


def _runs_out(run: QueueRun) -> bool:
    """Tell whether few of the run's places are left, though there are unlabelled texts that have none."""
    left = QueueEntry.objects.filter(run=run, example__state=ExampleState.UNLABELLED).order_by()
    if left[:_FEWEST_LEFT].count() >= _FEWEST_LEFT:
        return False
    has_place = QueueEntry.objects.filter(run=run, example=OuterRef("pk"))
    others = Example.objects.filter(classifier_id=run.classifier_id, state=ExampleState.UNLABELLED, label__isnull=True)
    return others.exclude(Exists(has_place)).exists()
