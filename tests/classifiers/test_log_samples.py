"""Which rows of the log a search looks at, without ever reading more than it may."""

from __future__ import annotations

import datetime as dt

import pytest

from classifiers.services import log_samples
from classifiers.services.log_samples import share_out
from moderation.models import Project
from tests.factories import ProjectFactory, RequestLogFactory

pytestmark = pytest.mark.django_db

_SINCE, _UNTIL = dt.datetime(2026, 4, 1, tzinfo=dt.UTC), dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
_PERIOD = {"since_at": _SINCE, "until_at": _UNTIL}


def _log(project: Project, *days: float) -> list[int]:
    """Log a request at each day of the month; return their ids, newest first."""
    return [
        RequestLogFactory(project=project, created_at=_SINCE + dt.timedelta(days=day)).pk
        for day in sorted(days, reverse=True)
    ]


def test_the_newest_of_all_projects_come_first() -> None:
    one, other = ProjectFactory(), ProjectFactory()
    [later] = _log(other, 9)
    ids = _log(one, 1, 5)

    sample = log_samples.newest([one.pk, other.pk], **_PERIOD, limit=2)

    assert (sample.ids, sample.is_partial) == ((later, ids[0]), True)


def test_the_period_holds_its_beginning_and_not_its_end() -> None:
    project = ProjectFactory()
    _log(project, -0.001, 30)
    [first] = _log(project, 0)

    assert log_samples.newest([project.pk], **_PERIOD).ids == (first,)


def test_a_sample_that_fits_is_the_whole_period() -> None:
    project = ProjectFactory()
    ids = _log(project, 1, 2, 3)

    sample = log_samples.spread([project.pk], **_PERIOD, limit=3)

    assert (sample.ids, sample.is_partial) == (tuple(ids), False)


def test_a_sample_comes_from_the_whole_period() -> None:
    project = ProjectFactory()
    ids = _log(project, *(day + share / 10 for day in range(30) for share in (1, 2, 3)))

    sample = log_samples.spread([project.pk], **_PERIOD, limit=30)

    assert (len(sample.ids), sample.is_partial) == (30, True)
    assert set(sample.ids) <= set(ids)
    # A third of each third of the month.
    assert [len(set(sample.ids) & set(ids[start : start + 30])) for start in (0, 30, 60)] == [10, 10, 10]


def test_a_busy_day_gives_what_quiet_days_leave() -> None:
    project = ProjectFactory()
    _log(project, 3)
    busy = _log(project, *(20 + n / 1000 for n in range(40)))

    sample = log_samples.spread([project.pk], **_PERIOD, limit=20)

    assert len(sample.ids) == 20
    assert len(set(sample.ids) & set(busy)) == 19


def test_no_project_is_crowded_out_by_a_busy_one() -> None:
    quiet, busy = ProjectFactory(), ProjectFactory()
    few = _log(quiet, 5, 15, 25)
    _log(busy, *(n / 4 for n in range(120)))

    sample = log_samples.spread([quiet.pk, busy.pk], **_PERIOD, limit=60)

    assert set(few) <= set(sample.ids)


@pytest.mark.parametrize(
    ("total", "sizes", "shares"),
    [
        (10, [1, 20, 20], [1, 5, 4]),
        (10, [3, 3], [3, 3]),
        (3, [9, 9, 9, 9], [1, 1, 1, 0]),
        (5, [0, 9], [0, 5]),
        (0, [1], [0]),
        (4, [], []),
    ],
)
def test_what_a_part_does_not_have_the_others_give(total: int, sizes: list[int], shares: list[int]) -> None:
    assert share_out(total, sizes=sizes) == shares
