"""What happens by the clock. Each tick is cheap and may be missed or doubled without harm."""

from __future__ import annotations

from typing import Any

from django_q.models import Schedule

# Name -> (task, minutes between two runs). A task's path is stored in the database: never rename it.
SCHEDULES = {
    "Put back runs whose worker died": ("moderation.tasks.sweep", 1),
    "Send e-mails that failed": ("moderation.tasks.mail_notices", 5),
    "Forget old uploads": ("classifiers.tasks.forget_old_uploads", 60),
    "Forget artifacts that no version has": ("classifiers.tasks.forget_unused_artifacts", 60),
}


def ensure() -> None:
    """Make the rows that django-q2's scheduler reads, and correct those that differ."""
    for name, (task, minutes) in SCHEDULES.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={"func": task, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1},
        )


def ensure_after_migrate(**_: Any) -> None:
    """Receive Django's post_migrate, so that every way of installing has the schedules."""
    ensure()
