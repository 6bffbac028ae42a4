"""How many requests were stored lately, without ever counting the whole log: it may hold tens of millions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from moderation.models import AnalyzerSetting, Project, RequestLog

# Beyond this a number on a screen says "more than"; counting on would cost a second for each million.
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Bounded:
    """A count, or the least that it can be where counting stopped early."""

    count: int
    is_more: bool = False

    def __str__(self) -> str:
        return f"{self.count:,}+" if self.is_more else f"{self.count:,}"


def total(*, since: dt.datetime) -> Bounded:
    """Return how many requests all projects stored since then."""
    ids = list(Project.objects.order_by().values_list("pk", flat=True))
    return _bounded(_recent(ids, since=since).count())


def by_analyzer(analyzers: Sequence[str], *, since: dt.datetime) -> dict[str, Bounded]:
    """Return, for each analyzer, how many stored requests it answered since then.

    Only the requests of projects that run one of them are looked at, and at most `MOST_COUNTED`.
    """
    if not analyzers:
        return {}
    settings = AnalyzerSetting.objects.filter(analyzer__in=analyzers).order_by()
    recent = _recent(list(settings.values_list("project_id", flat=True).distinct()), since=since)
    # An alias each, because a key may hold characters that no column name can.
    answered = {
        f"answered_{index}": Count("pk", filter=Q(findings__has_key=analyzer))
        for index, analyzer in enumerate(analyzers)
    }
    counts = RequestLog.objects.filter(pk__in=recent.values("pk")).aggregate(looked_at=Count("pk"), **answered)
    is_more = counts["looked_at"] > MOST_COUNTED
    return {
        analyzer: Bounded(min(counts[f"answered_{index}"], MOST_COUNTED), is_more=is_more)
        for index, analyzer in enumerate(analyzers)
    }


def _recent(project_ids: Sequence[int], *, since: dt.datetime) -> QuerySet[RequestLog]:
    # Bounded by the index on project and time, and by the limit.
    recent = RequestLog.objects.filter(project_id__in=project_ids, created_at__gte=since)
    return recent.order_by()[: MOST_COUNTED + 1]


def _bounded(count: int) -> Bounded:
    return Bounded(min(count, MOST_COUNTED), is_more=count > MOST_COUNTED)
