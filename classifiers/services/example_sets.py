"""Many examples at once: give them a label, or delete them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.db import transaction

from classifiers.models import Decision, DecisionSource, Example, ExampleState
from classifiers.services import decisions

# Short transactions: SQLite has one writer at a time.
_CHUNK = 500


def relabel(ids: Sequence[int], *, label_id: int | None, by: Any = None) -> int:
    """Give the examples the label, or none; return how many were there and had another before. Raises ForeignLabel.

    Those that a person or an import gave this label already are left as they are.
    """
    make = partial(Decision, label_id=label_id, source=DecisionSource.PERSON, user=by)
    return sum(_relabel(chunk, make=make, label_id=label_id) for chunk in _chunks(ids))


def delete(ids: Sequence[int]) -> int:
    """Delete the examples with their decisions; return how many were there."""
    deleted = 0
    for chunk in _chunks(ids):
        with transaction.atomic():
            deleted += Example.objects.filter(pk__in=chunk).delete()[1].get("classifiers.Example", 0)
    return deleted


@transaction.atomic
def _relabel(ids: Sequence[int], *, make: Any, label_id: int | None) -> int:
    # Locked: one that is deleted between the look and the decision would stop all the others.
    locked = Example.objects.select_for_update().filter(pk__in=ids).order_by("pk").only("label_id", "state")
    others = [example.pk for example in locked if not _is_settled(example, label_id=label_id)]
    if others:
        decisions.add([make(example_id=pk) for pk in others])
    return len(others)


def _is_settled(example: Example, *, label_id: int | None) -> bool:
    return example.label_id == label_id and (label_id is None or example.state == ExampleState.CONFIRMED)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
