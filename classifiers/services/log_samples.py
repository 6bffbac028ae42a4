"""Which rows of the request log a search looks at: a bounded number, read through the index on project and time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from moderation.models import RequestLog

# The most ids that a search holds: 100,000 rows are read in some seconds.
MOST_LOOKED_AT = 100_000
# A period is cut into so many parts, over all projects together, in order to take rows from the whole of it.
_PARTS = 60


@dataclass(frozen=True)
class Sample:
    """Ids of logged requests, newest first. `is_partial`: the period held more."""

    ids: tuple[int, ...]
    is_partial: bool


def newest(
    project_ids: Sequence[int], *, since_at: dt.datetime, until_at: dt.datetime, limit: int = MOST_LOOKED_AT
) -> Sample:
    """Return the newest requests of the period, `limit` at most."""
    rows: list[tuple[dt.datetime, int]] = []
    for project_id in project_ids:
        rows += _newest(project_id, since_at=since_at, until_at=until_at, count=limit + 1)
    rows.sort(reverse=True)
    return Sample(ids=tuple(pk for _, pk in rows[:limit]), is_partial=len(rows) > limit)


def spread(
    project_ids: Sequence[int], *, since_at: dt.datetime, until_at: dt.datetime, limit: int = MOST_LOOKED_AT
) -> Sample:
    """Return requests from the whole period, `limit` at most.

    Where there are more, the period is cut into parts, and each gives as many as `share_out` allows it, its newest.
    """
    whole = newest(project_ids, since_at=since_at, until_at=until_at, limit=limit)
    if not whole.is_partial:
        return whole
    parts = max(1, _PARTS // len(project_ids))
    length = (until_at - since_at) / parts
    spans = [
        (project_id, since_at + part * length, since_at + (part + 1) * length)
        for part in range(parts)
        for project_id in project_ids
    ]
    sizes = [_period(project_id, since_at=begin, until_at=end)[:limit].count() for project_id, begin, end in spans]
    rows: list[tuple[dt.datetime, int]] = []
    for (project_id, begin, end), count in zip(spans, share_out(limit, sizes=sizes), strict=True):
        rows += _newest(project_id, since_at=begin, until_at=end, count=count)
    rows.sort(reverse=True)
    return Sample(ids=tuple(pk for _, pk in rows), is_partial=True)


def share_out(total: int, *, sizes: Sequence[int]) -> list[int]:
    """Return how many each part gives so that all give the same, but no part more than it has.

    Order: what doesn't divide evenly comes from the first parts.

    >>> share_out(10, sizes=[1, 20, 20])
    [1, 5, 4]
    """
    shares = [0] * len(sizes)
    while (left := total - sum(shares)) > 0 and (open_parts := [i for i, size in enumerate(sizes) if shares[i] < size]):
        each, rest = divmod(left, len(open_parts))
        for place, part in enumerate(open_parts):
            shares[part] = min(sizes[part], shares[part] + each + (place < rest))
    return shares


def _newest(
    project_id: int, *, since_at: dt.datetime, until_at: dt.datetime, count: int
) -> list[tuple[dt.datetime, int]]:
    rows = _period(project_id, since_at=since_at, until_at=until_at).order_by("-created_at")
    return list(rows.values_list("created_at", "pk")[:count])


def _period(project_id: int, *, since_at: dt.datetime, until_at: dt.datetime) -> QuerySet[RequestLog]:
    period = RequestLog.objects.filter(project_id=project_id, created_at__gte=since_at, created_at__lt=until_at)
    return period.order_by()
