"""The monthly allowance: never passed by a single call, whoever asks, and new on the plan's day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from annotation.models import AllowanceUse, AnnotationSetting
from annotation.services import allowances
from classifiers.models import Classifier
from tests.factories import ClassifierFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 10, 12, tzinfo=dt.UTC)


def _limited(most: int) -> Classifier:
    classifier = ClassifierFactory()
    AnnotationSetting.objects.create(classifier=classifier, monthly_limit=most)
    return classifier


def test_without_limits_as_much_is_reserved_as_is_wanted() -> None:
    classifier = ClassifierFactory()

    assert allowances.left(classifier.pk, NOW) is None
    assert allowances.reserve(classifier.pk, 1_000, NOW) == 1_000


def test_a_classifier_s_own_limit_holds_for_it_alone() -> None:
    classifier, other = _limited(10), ClassifierFactory()

    assert allowances.reserve(classifier.pk, 25, NOW) == 10
    assert allowances.reserve(classifier.pk, 1, NOW) == 0
    assert allowances.left(classifier.pk, NOW) == 0
    assert allowances.reserve(other.pk, 25, NOW) == 25


def test_the_installation_s_limit_holds_for_all_together(settings: Any) -> None:
    settings.ANNOTATIONS_PER_MONTH = 10
    one, other = ClassifierFactory(), ClassifierFactory()

    assert allowances.reserve(one.pk, 7, NOW) == 7
    assert allowances.reserve(other.pk, 7, NOW) == 3
    assert allowances.left(one.pk, NOW) == 0


def test_the_smaller_of_two_limits_holds(settings: Any) -> None:
    settings.ANNOTATIONS_PER_MONTH = 100
    classifier = _limited(3)

    assert allowances.left(classifier.pk, NOW) == 3
    assert allowances.reserve(classifier.pk, 5, NOW) == 3


def test_a_limit_of_nothing_gives_nothing() -> None:
    assert allowances.reserve(_limited(0).pk, 1, NOW) == 0


def test_a_limit_that_was_lowered_below_what_was_used_leaves_nothing() -> None:
    classifier = _limited(10)
    allowances.reserve(classifier.pk, 10, NOW)
    AnnotationSetting.objects.update(monthly_limit=5)

    assert allowances.left(classifier.pk, NOW) == 0
    assert allowances.reserve(classifier.pk, 1, NOW) == 0


def test_what_surely_wasn_t_called_is_given_back() -> None:
    classifier = _limited(10)
    allowances.reserve(classifier.pk, 10, NOW)

    allowances.give_back(classifier.pk, 4, NOW)

    assert allowances.left(classifier.pk, NOW) == 4


def test_giving_back_more_than_was_used_gives_nothing() -> None:
    classifier = _limited(10)
    allowances.reserve(classifier.pk, 2, NOW)

    allowances.give_back(classifier.pk, 3, NOW)

    assert allowances.left(classifier.pk, NOW) == 8


def test_what_is_given_back_late_goes_to_the_month_it_was_taken_from() -> None:
    classifier = _limited(10)
    allowances.reserve(classifier.pk, 10, NOW)
    next_month = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    allowances.reserve(classifier.pk, 10, next_month)

    allowances.give_back(classifier.pk, 5, NOW)

    assert allowances.left(classifier.pk, next_month) == 0


@pytest.mark.parametrize(
    ("day", "now", "began", "resets"),
    [
        (1, "2026-05-10T12:00", "2026-05-01", "2026-06-01"),
        (1, "2026-05-01T00:00", "2026-05-01", "2026-06-01"),
        (15, "2026-05-14T23:59", "2026-04-15", "2026-05-15"),
        (15, "2026-05-15T00:00", "2026-05-15", "2026-06-15"),
        (28, "2026-02-27T12:00", "2026-01-28", "2026-02-28"),
        (28, "2026-03-01T12:00", "2026-02-28", "2026-03-28"),
        (10, "2026-01-05T12:00", "2025-12-10", "2026-01-10"),
        (31, "2024-12-31T12:00", "2024-12-28", "2025-01-28"),
    ],
)
def test_a_month_of_the_plan_begins_on_its_day(settings: Any, day: int, now: str, began: str, resets: str) -> None:
    settings.ANNOTATION_PLAN_DAY = min(day, 28)
    moment = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)

    assert allowances.began_on(moment) == dt.date.fromisoformat(began)
    assert allowances.resets_at(moment) == dt.date.fromisoformat(resets)


def test_the_day_begins_by_the_clock_of_the_installation(settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"

    assert allowances.began_on(dt.datetime(2026, 4, 30, 13, tzinfo=dt.UTC)) == dt.date(2026, 5, 1)


def test_a_new_month_is_a_new_allowance() -> None:
    classifier = _limited(10)
    allowances.reserve(classifier.pk, 10, NOW)

    assert allowances.left(classifier.pk, dt.datetime(2026, 6, 1, tzinfo=dt.UTC)) == 10


def test_one_row_counts_the_installation_s_month() -> None:
    AllowanceUse.objects.create(period_date=NOW.date())

    with pytest.raises(IntegrityError), transaction.atomic():
        AllowanceUse.objects.create(period_date=NOW.date())
