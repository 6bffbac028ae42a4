"""The orders in which a person can be given texts, and how many wait in each."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from annotation.models import QueueCode
from annotation.services import candidates
from annotation.services.candidates import Asker

__all__ = ["SIZE_CAP", "QueueCode", "sizes", "useful_ids"]

# Nobody needs to know whether 1,000 or 100,000 wait, and counting stops there.
SIZE_CAP = 1_000
_OF_UNLABELLED = (QueueCode.USEFUL, QueueCode.NEAR, QueueCode.LABEL, QueueCode.NEWEST, QueueCode.RANDOM)


def sizes(classifier_id: int, user_id: int, now: dt.datetime) -> dict[QueueCode, int]:
    """Return how many texts each queue has for the person, counted up to `SIZE_CAP`.

    What lies before others just now, and what the person has skipped, counts too.
    """
    asker = Asker(classifier_id=classifier_id, user_id=user_id, now=now)
    waiting = _count(candidates.unlabelled(classifier_id))
    return {
        **dict.fromkeys(_OF_UNLABELLED, waiting),
        QueueCode.CONFIRM: _count(candidates.suggested(classifier_id)),
        QueueCode.MISTAKES: len(candidates.contradicted_ids(QueueCode.MISTAKES, asker)[:SIZE_CAP]),
        QueueCode.DISAGREE: len(candidates.contradicted_ids(QueueCode.DISAGREE, asker)[:SIZE_CAP]),
        QueueCode.OVERLAP: _count(candidates.overlapping(asker)),
    }


def useful_ids(classifier_id: int, *, limit: int) -> list[int]:
    """Return up to `limit` unlabelled texts, the most useful first, then the oldest, whoever has them."""
    ordered = list(candidates.entries(classifier_id).values_list("example_id", flat=True)[:limit])
    if len(ordered) == limit:
        return ordered
    known = set(ordered)
    oldest = candidates.unlabelled(classifier_id).order_by("pk").values_list("pk", flat=True)[: limit + len(known)]
    return [*ordered, *(pk for pk in oldest if pk not in known)][:limit]


def _count(rows: QuerySet) -> int:
    return rows.order_by()[:SIZE_CAP].count()
