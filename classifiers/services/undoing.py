"""Take back what was decided last about an example. Nothing is removed: undoing adds a decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from classifiers.models import Decision, DecisionSource, Example, ExampleState
from classifiers.services import decisions


class NothingToUndo(Exception):
    """No decision about the example has changed anything."""


def find_last(example_id: int) -> Decision | None:
    """Return the decision that gave the example its present label and state, if there is one."""
    history = _history(example_id)
    count = _former_count(history)
    return None if count is None else history[count]


@transaction.atomic
def undo_last(example_id: int, *, now: dt.datetime, by: Any = None) -> Example:
    """Give the example the label and state that it had before the last decision that changed them.

    Undoing twice brings the decision back. Raises NothingToUndo, Example.DoesNotExist.
    """
    Example.objects.select_for_update().get(pk=example_id)
    history = _history(example_id)
    count = _former_count(history)
    if count is None:
        raise NothingToUndo("Nothing was decided about this example that could be undone.")
    label_id, state = decisions.settle(history[:count])
    is_suggestion = state == ExampleState.SUGGESTED
    undoing = Decision(
        example_id=example_id,
        label_id=None if is_suggestion else label_id,
        source=DecisionSource.PERSON,
        user=by,
        reason="Undid the last decision.",
        created_at=now,
    )
    # A suggestion holds only where it was made after a person took the label away: it's made again.
    again = [_repeat(_suggestion(history[:count]), now=now)] if is_suggestion else []
    return decisions.add([undoing, *again])[example_id]


def _history(example_id: int) -> list[Decision]:
    return list(Decision.objects.filter(example_id=example_id).order_by("pk"))


def _former_count(history: Sequence[Decision]) -> int | None:
    """Return how many of the decisions stood before the last that changed label or state; None where none did."""
    present = decisions.settle(history)
    for count in range(len(history) - 1, -1, -1):
        # Those of one moment were made together, by an undoing.
        is_together = count > 0 and history[count - 1].created_at == history[count].created_at
        if not is_together and decisions.settle(history[:count]) != present:
            return count
    return None


def _suggestion(history: Sequence[Decision]) -> Decision:
    return next(each for each in reversed(history) if each.source not in decisions.CONFIRMING)


def _repeat(decision: Decision, *, now: dt.datetime) -> Decision:
    return Decision(
        example_id=decision.example_id,
        label_id=decision.label_id,
        source=decision.source,
        confidence=decision.confidence,
        reason=decision.reason,
        created_at=now,
    )
