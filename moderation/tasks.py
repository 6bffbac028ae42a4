"""What the worker runs. The paths are stored in the queue and in schedules: never rename one."""

from __future__ import annotations

from django.utils import timezone

from moderation import children, runs
from moderation.services import notices


def sweep() -> None:
    """Put back runs whose worker died, and remove the files that it worked on."""
    runs.sweep()
    children.sweep()


def mail_notice(notice_id: int) -> None:
    """Send a notice by e-mail."""
    notices.mail(notice_id, now=timezone.now())


def mail_notices() -> None:
    """Try again the e-mails that couldn't be sent."""
    notices.mail_waiting(now=timezone.now())
