"""How many calls to a language model may still be made this month, by the installation and by one classifier.

Calls are reserved before they are made, so that a crash leaves them counted and no limit is ever passed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from annotation.models import AllowanceUse, AnnotationSetting


@dataclass(frozen=True)
class _Limit:
    """One bound on calls. `classifier_id` None is the whole installation; `most` None only counts them."""

    classifier_id: int | None
    most: int | None


def left(classifier_id: int, now: dt.datetime) -> int | None:
    """Return how many calls the classifier may still make in this month of the plan; None where nothing limits them."""
    used = dict(_rows(classifier_id, period_date=began_on(now)).values_list("classifier_id", "used"))
    return _rest(_limits(classifier_id), used=used)


@transaction.atomic
def reserve(classifier_id: int, wanted: int, now: dt.datetime) -> int:
    """Count up to `wanted` calls as made, and return how many: fewer where the allowance ends, 0 where it has ended."""
    limits, rows = _limits(classifier_id), _rows(classifier_id, period_date=began_on(now))
    there = set(rows.values_list("classifier_id", flat=True))
    missing = [limit.classifier_id for limit in limits if limit.classifier_id not in there]
    if missing:
        # Of two that insert at once, the unique constraint lets one through; the other waits for it. So nothing may be
        # locked yet: whoever waits must not hold what the first one needs next.
        AllowanceUse.objects.bulk_create(
            [AllowanceUse(classifier_id=pk, period_date=began_on(now)) for pk in missing], ignore_conflicts=True
        )
    used = _locked(rows)
    rest = _rest(limits, used=used)
    granted = wanted if rest is None else min(wanted, rest)
    if granted <= 0:
        return 0
    if not all(_take(limit, granted, rows=rows) for limit in limits):
        transaction.set_rollback(True)
        return 0
    return granted


@transaction.atomic
def give_back(classifier_id: int, unused: int, reserved_at: dt.datetime) -> None:
    """Take back calls that were reserved at that moment and surely not made."""
    if unused > 0:
        rows = _rows(classifier_id, period_date=began_on(reserved_at))
        _locked(rows)
        rows.filter(used__gte=unused).update(used=F("used") - unused)


def began_on(now: dt.datetime) -> dt.date:
    """Return the day on which the month of the plan began that `now` lies in, by the clock of TIME_ZONE."""
    today = timezone.localdate(now)
    begin = today.replace(day=settings.ANNOTATION_PLAN_DAY)
    return begin if begin <= today else _month_before(begin)


def resets_at(now: dt.datetime) -> dt.date:
    """Return the day on which the next month of the plan begins."""
    # A plan's day is 28 at most, so that 31 days after one lies in the month after it.
    return (began_on(now) + dt.timedelta(days=31)).replace(day=settings.ANNOTATION_PLAN_DAY)


def _month_before(day: dt.date) -> dt.date:
    return (day.replace(day=1) - dt.timedelta(days=1)).replace(day=day.day)


def _limits(classifier_id: int) -> tuple[_Limit, _Limit]:
    own = AnnotationSetting.objects.filter(classifier_id=classifier_id).values_list("monthly_limit", flat=True).first()
    # 0 in the environment means "no limit"; what staff enter as 0 means "none at all".
    return (_Limit(None, settings.ANNOTATIONS_PER_MONTH or None), _Limit(classifier_id, own))


def _rest(limits: Sequence[_Limit], *, used: Mapping[int | None, int]) -> int | None:
    bounded = [(limit.most, used.get(limit.classifier_id, 0)) for limit in limits if limit.most is not None]
    return min((max(0, most - count) for most, count in bounded), default=None)


def _rows(classifier_id: int, *, period_date: dt.date) -> QuerySet[AllowanceUse]:
    """Return the installation's count and the classifier's."""
    whose = Q(classifier_id=classifier_id) | Q(classifier__isnull=True)
    return AllowanceUse.objects.filter(whose, period_date=period_date)


def _locked(rows: QuerySet[AllowanceUse]) -> dict[int | None, int]:
    # In one order everywhere: two runs wait for each other instead of for ever. SQLite locks the whole database as the
    # transaction begins.
    return dict(rows.select_for_update().order_by("pk").values_list("classifier_id", "used"))


def _take(limit: _Limit, count: int, *, rows: QuerySet[AllowanceUse]) -> bool:
    own = rows.filter(classifier_id=limit.classifier_id) if limit.classifier_id else rows.filter(classifier=None)
    if limit.most is not None:
        # The bound itself: it would hold without the locks, which only let as many be granted as there are.
        own = own.filter(used__lte=limit.most - count)
    return bool(own.update(used=F("used") + count))
