"""Make suggestions of a machine a person's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from classifiers.models import Decision, DecisionSource, Example, ExampleState
from classifiers.services import decisions

# Short transactions: SQLite has one writer at a time.
_CHUNK = 500
# What one request takes on: some seconds of work.
MOST_AT_ONCE = 5_000


def confirm(classifier_id: int, example_ids: Sequence[int], by: Any, *, seen: Mapping[int, int] | None = None) -> int:
    """Confirm what is suggested for these examples, as the person's decision; return for how many.

    Left out is whatever has no suggestion (any more), and, where `seen` gives the label ids that the person saw, what
    is suggested otherwise by now.
    """
    done = 0
    ids = sorted(set(example_ids))
    for start in range(0, len(ids), _CHUNK):
        suggested = _suggested(classifier_id).filter(pk__in=ids[start : start + _CHUNK])
        done += _confirm(suggested, by=by, seen=seen)
    return done


def confirm_surest(classifier_id: int, floor: float, by: Any) -> int:
    """Confirm suggestions that are at least as sure as `floor`, the oldest first, as the person's decisions.

    Returns for how many: at most `MOST_AT_ONCE`, so that the next call goes on where more are left. Units: floor is a
    share in [0, 1].
    """
    sure = _suggested(classifier_id).filter(confidence__gte=floor).order_by("pk")
    return confirm(classifier_id, list(sure.values_list("pk", flat=True)[:MOST_AT_ONCE]), by)


def _suggested(classifier_id: int) -> QuerySet[Example]:
    return Example.objects.filter(classifier_id=classifier_id, state=ExampleState.SUGGESTED)


@transaction.atomic
def _confirm(suggested: QuerySet[Example], *, by: Any, seen: Mapping[int, int] | None) -> int:
    # Locked as `decisions.add` locks: what is suggested can't change between reading it and confirming it.
    locked = suggested.select_for_update().order_by("pk")
    confirmed = [
        Decision(example_id=pk, label_id=label_id, source=DecisionSource.PERSON, user=by)
        for pk, label_id in locked.values_list("pk", "label_id")
        if seen is None or seen.get(pk) == label_id
    ]
    if confirmed:
        decisions.add(confirmed)
    return len(confirmed)
