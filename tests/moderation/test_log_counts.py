"""Counts of lately stored requests stop early, and say so."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from moderation.models import RequestLog
from moderation.services import log_counts
from moderation.services.log_counts import MOST_COUNTED, Bounded
from tests.factories import AnalyzerSettingFactory, ProjectFactory, RequestLogFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
WEEK = NOW - dt.timedelta(days=7)


def _found(*analyzers: str) -> dict[str, Any]:
    return {analyzer: {"label": "A"} for analyzer in analyzers}


def test_only_requests_since_then_are_counted() -> None:
    project = ProjectFactory()
    RequestLogFactory.create_batch(2, project=project, created_at=NOW)
    RequestLogFactory(project=project, created_at=WEEK - dt.timedelta(seconds=1))

    assert log_counts.total(since=WEEK) == Bounded(2)


def test_a_request_counts_for_each_analyzer_that_answered_it() -> None:
    project = AnalyzerSettingFactory(analyzer="mood").project
    AnalyzerSettingFactory(project=project, analyzer="spam-check")
    RequestLogFactory(project=project, findings=_found("mood", "spam-check"))
    RequestLogFactory(project=project, findings=_found("mood"))

    counts = log_counts.by_analyzer(["mood", "spam-check", "nowhere"], since=WEEK)

    assert counts == {"mood": Bounded(2), "spam-check": Bounded(1), "nowhere": Bounded(0)}


def test_no_analyzers_take_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert log_counts.by_analyzer([], since=WEEK) == {}


def test_no_count_reads_more_rows_than_it_can_show(django_assert_max_num_queries: Any) -> None:
    AnalyzerSettingFactory(analyzer="mood")

    with django_assert_max_num_queries(10) as asked:
        log_counts.total(since=WEEK)
        log_counts.by_analyzer(["mood"], since=WEEK)

    reads = [query["sql"] for query in asked if "moderation_requestlog" in query["sql"]]
    assert len(reads) == 2
    assert all(f"LIMIT {MOST_COUNTED + 1}" in sql for sql in reads)


@pytest.mark.slow
def test_counting_stops_where_a_number_says_enough() -> None:
    project = AnalyzerSettingFactory(analyzer="mood").project
    RequestLog.objects.bulk_create(
        [
            RequestLog(project=project, text="x", endpoint="predict", findings=_found("mood"), created_at=NOW)
            for _ in range(MOST_COUNTED + 2)
        ],
        batch_size=1_000,
    )

    assert str(log_counts.total(since=WEEK)) == "10,000+"
    assert str(log_counts.by_analyzer(["mood"], since=WEEK)["mood"]) == "10,000+"


@pytest.mark.parametrize(("bounded", "shown"), [(Bounded(0), "0"), (Bounded(1234), "1,234"), (Bounded(5, True), "5+")])
def test_a_count_that_stopped_early_says_so(bounded: Bounded, shown: str) -> None:
    assert str(bounded) == shown
