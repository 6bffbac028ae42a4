"""Which example a person labels next."""

from __future__ import annotations

from classifiers.models import Example, ExampleState


def next_unlabelled(classifier_id: int, *, after: int = 0) -> Example | None:
    """Return the oldest unlabelled example with an id above `after`; behind the last one it starts again."""
    waiting = Example.objects.filter(classifier_id=classifier_id, state=ExampleState.UNLABELLED).order_by("pk")
    return waiting.filter(pk__gt=after).first() or waiting.first()
