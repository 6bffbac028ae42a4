"""Tell people what has come to an end: on the screens at once, and by e-mail."""

from __future__ import annotations

import datetime as dt
import logging
from functools import partial
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, QuerySet
from django_q.tasks import async_task

from moderation.events import Event
from moderation.models import Notice

logger = logging.getLogger(__name__)

# The task's dotted path. It is stored in the queue: never rename it.
_MAIL_TASK = "moderation.tasks.mail_notice"
LISTED = 10
MAIL_TRIES = 5
# The first try comes from the queue, within seconds; those of the tick come after it.
_TRY_AGAIN_AFTER = dt.timedelta(minutes=2)
# Older news are on the screen, and nobody wants them by mail any more.
_TOO_OLD = dt.timedelta(days=1)


def tell(event: Event) -> None:
    """Keep a notice for the person who asked, and queue its e-mail. Listens to `moderation.events`."""
    if event.user_id is None:
        return
    notice = Notice.objects.create(
        user_id=event.user_id,
        subject=_cut(event.subject, "subject"),
        text=_cut(event.sentence, "text"),
        url=event.url,
        is_bad=event.is_bad,
    )
    transaction.on_commit(partial(async_task, _MAIL_TASK, notice.pk))


def unseen(user_id: int) -> list[Notice]:
    """Return the person's notices that they haven't seen, the newest `LISTED` first."""
    return list(_unseen(user_id)[:LISTED])


def unseen_count(user_id: int) -> int:
    """Return how many notices the person hasn't seen, counted up to `LISTED`."""
    return _unseen(user_id)[:LISTED].count()


def see(notice_id: int, *, user_id: int, now: dt.datetime) -> Notice | None:
    """Mark a notice of the person as seen and return it; None where there is no such notice of theirs."""
    own = Notice.objects.filter(pk=notice_id, user_id=user_id)
    own.filter(seen_at__isnull=True).update(seen_at=now)
    return own.first()


def see_all(*, user_id: int, now: dt.datetime) -> int:
    """Mark all notices of the person as seen; return how many there were."""
    return _unseen(user_id).update(seen_at=now)


def mail(notice_id: int, *, now: dt.datetime) -> bool:
    """Send a notice by e-mail, if its person has an address and it wasn't sent; return whether it was sent now.

    The try is counted before it is made. A mail server that fails is noted in the log and never breaks anything; a
    worker that dies between sending and noting it sends a second time.
    """
    notice = Notice.objects.select_related("user").filter(pk=notice_id, mailed_at__isnull=True).first()
    if notice is None or not notice.user.email:
        return False
    tried = Notice.objects.filter(pk=notice_id, mail_tries=notice.mail_tries, mail_tries__lt=MAIL_TRIES)
    if not tried.update(mail_tries=F("mail_tries") + 1):
        return False
    try:
        _message(notice).send()
    except (SMTPException, OSError) as error:
        logger.error("mail not sent", extra={"notice": notice_id, "error": type(error).__name__})
        return False
    Notice.objects.filter(pk=notice_id).update(mailed_at=now)
    return True


def mail_waiting(*, now: dt.datetime) -> int:
    """Try again the e-mails that couldn't be sent; return how many were sent."""
    waiting = Notice.objects.filter(
        mailed_at__isnull=True,
        mail_tries__lt=MAIL_TRIES,
        created_at__gt=now - _TOO_OLD,
        created_at__lt=now - _TRY_AGAIN_AFTER,
    ).exclude(user__email="")
    return sum(mail(notice_id, now=now) for notice_id in waiting.values_list("pk", flat=True)[:100])


def _unseen(user_id: int) -> QuerySet[Notice]:
    return Notice.objects.filter(user_id=user_id, seen_at__isnull=True)


def _message(notice: Notice) -> EmailMessage:
    link = f"\n\n{settings.PUBLIC_URL}{notice.url}" if notice.url else ""
    return EmailMessage(subject=notice.subject, body=f"{notice.text}{link}\n", to=[notice.user.email])


def _cut(text: str, field: str) -> str:
    # One line: a header of a mail must not end early.
    line = " ".join(text.split())
    most = Notice._meta.get_field(field).max_length or 0
    return line if len(line) <= most else f"{line[: most - 1]}…"
