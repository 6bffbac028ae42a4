"""What happens by the clock."""

from __future__ import annotations

import pytest
from django.utils.module_loading import import_string
from django_q.models import Schedule

from config import schedules

pytestmark = pytest.mark.django_db


def test_every_scheduled_task_is_there() -> None:
    for task, _ in schedules.SCHEDULES.values():
        assert callable(import_string(task))


def test_migrating_makes_each_schedule_once() -> None:
    schedules.ensure()
    schedules.ensure()

    assert sorted(Schedule.objects.values_list("name", flat=True)) == sorted(schedules.SCHEDULES)


def test_a_schedule_that_somebody_changed_is_put_right() -> None:
    schedules.ensure()
    Schedule.objects.update(minutes=7, repeats=3)

    schedules.ensure()

    found = {schedule.name: (schedule.func, schedule.minutes) for schedule in Schedule.objects.all()}
    assert found == schedules.SCHEDULES
    assert set(Schedule.objects.values_list("repeats", flat=True)) == {-1}
