"""People are told what has come to an end: once, on the screen and by mail, whatever the mail server does."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from classifiers.models import Version
from moderation import events, runs, tasks
from moderation.events import Event
from moderation.models import Notice
from moderation.runs import Claim, RunBroke, RunError, RunPaused, RunState
from moderation.services import notices
from tests import staff
from tests.factories import (
    AdminFactory,
    AnnotationRunFactory,
    NoticeFactory,
    UserFactory,
    VersionFactory,
)
from tests.server import free_port

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 10, 12, tzinfo=dt.UTC)


@pytest.fixture
def told() -> Iterator[list[Event]]:
    """Return what is announced while the test runs."""
    heard: list[Event] = []
    events.listen(heard.append)
    yield heard
    events._listeners.remove(heard.append)


def _event(user_id: int | None) -> Event:
    return Event(name="some.event", subject="Something: done", sentence="It is done.", url="/admin/", user_id=user_id)


def _requested(**more: Any) -> Version:
    return VersionFactory(requested_by=UserFactory(email="ada@example.com"), **more)


def _end(version: Version, error: Exception | None = None) -> None:
    def work(claim: Claim) -> None:
        if error is not None:
            raise error
        claim.finish(macro_f1=0.91, example_count=120, artifact_path="x", artifact_sha256="y")

    runs.execute(Version, version.pk, work=work)


def test_the_end_of_a_training_is_told_to_whom_asked_for_it() -> None:
    version = _requested(number=3)

    _end(version)

    notice = Notice.objects.get()
    assert notice.user == version.requested_by
    assert notice.subject == f"Training of {version.classifier}: done"
    assert notice.text == "Version 3 learnt from 120 examples; its F1 is 0.91."
    assert notice.url == staff.page(version.classifier, "review")
    assert not notice.is_bad


def test_a_failure_is_told_with_its_reason() -> None:
    version = _requested()

    _end(version, RunError("There are no examples."))

    notice = Notice.objects.get()
    assert (notice.is_bad, notice.text) == (True, "There are no examples.")
    assert notice.subject.endswith(": failed")


def test_what_is_tried_again_isn_t_told_before_it_is_given_up() -> None:
    version = _requested()
    counts = []

    for _ in range(runs.MAX_ATTEMPTS):
        _end(version, RunBroke("The process was killed."))
        counts.append(Notice.objects.count())

    assert counts == [0, 0, 1]


def test_what_the_sweeper_gives_up_is_told_once() -> None:
    version = _requested()
    for _ in range(runs.MAX_ATTEMPTS):
        runs.claim(Version, version.pk)
        Version.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))

    runs.sweep()
    runs.sweep()

    assert Notice.objects.get().text == "The worker stopped in the middle of this, 3 times."


def test_a_second_delivery_tells_nothing() -> None:
    version = _requested()

    _end(version)
    _end(version)

    assert Notice.objects.count() == 1


def test_what_a_person_cancelled_isn_t_told() -> None:
    version = _requested()

    def work(claim: Claim) -> None:
        runs.request_cancel(Version, version.pk)
        claim.beat()

    runs.execute(Version, version.pk, work=work)

    assert not Notice.objects.exists()


def test_a_worker_that_lost_its_run_tells_nothing() -> None:
    version = _requested()

    def work(claim: Claim) -> None:
        Version.objects.update(token=None)
        raise RunError("Too late.")

    runs.execute(Version, version.pk, work=work)

    assert not Notice.objects.exists()


def test_an_end_that_is_rolled_back_was_never_told() -> None:
    version = _requested()
    held = runs.claim(Version, version.pk)
    assert held is not None

    with pytest.raises(IntegrityError), transaction.atomic():
        held.finish(macro_f1=5.0)

    assert not Notice.objects.exists()


@pytest.mark.parametrize("is_asked_for", [True, False])
def test_a_pause_is_told_unless_a_person_asked_for_it(is_asked_for: bool) -> None:
    run = AnnotationRunFactory(requested_by=UserFactory(), is_pause_requested=is_asked_for)

    def work(claim: Claim) -> None:
        raise RunPaused("The allowance is used up.")

    runs.execute(type(run), run.pk, work=work)

    assert [notice.text for notice in Notice.objects.all()] == ([] if is_asked_for else ["The allowance is used up."])


def test_the_end_of_an_annotation_is_told() -> None:
    run = AnnotationRunFactory(requested_by=UserFactory(), annotated=8, refused=2)

    runs.execute(type(run), run.pk, work=lambda claim: claim.finish())

    notice = Notice.objects.get()
    assert notice.subject == f"Annotation of {run.classifier}: done"
    assert notice.text == ("Texts with a suggested label: 8 of 10. Not annotated: 2; the result says why for each.")


def test_an_annotation_that_labelled_nothing_is_told_as_a_failure() -> None:
    run = AnnotationRunFactory(requested_by=UserFactory(), annotated=0, refused=10)

    runs.execute(type(run), run.pk, work=lambda claim: claim.finish())

    assert Notice.objects.get().is_bad


def test_an_event_holds_ids_and_counts_for_whoever_listens(told: list[Event]) -> None:
    run = AnnotationRunFactory(annotated=8, refused=2)

    runs.execute(type(run), run.pk, work=lambda claim: claim.finish())

    [event] = told
    assert event.name == "annotation.done"
    assert event.data == {
        "classifier_id": run.classifier_id,
        "run_id": run.pk,
        "text_count": 10,
        "annotated": 8,
        "refused": 2,
    }


def test_what_nobody_asked_for_is_told_to_nobody() -> None:
    notices.tell(_event(None))

    assert not Notice.objects.exists()


def test_a_long_subject_is_cut_and_stays_one_line() -> None:
    notices.tell(
        Event(name="x", subject="a\r\nBcc: all@example.com " + "x" * 300, sentence="y" * 900, user_id=UserFactory().pk)
    )

    notice = Notice.objects.get()
    assert (len(notice.subject), len(notice.text)) == (200, 500)
    assert "\n" not in notice.subject


def test_the_mail_is_queued_by_its_id_and_sent_by_the_worker(
    django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://rules.example.com"
    person = UserFactory(email="ada@example.com")

    with django_capture_on_commit_callbacks(execute=True):
        notices.tell(_event(person.pk))
    queued = OrmQ.objects.get().task
    tasks.mail_notice(*queued["args"])

    [sent] = mail.outbox
    assert queued["args"] == (Notice.objects.get().pk,)
    assert (sent.subject, sent.to) == ("Something: done", ["ada@example.com"])
    assert sent.body == "It is done.\n\nhttps://rules.example.com/admin/\n"


def test_a_mail_is_sent_once() -> None:
    notice = NoticeFactory(user__email="ada@example.com")

    assert notices.mail(notice.pk, now=NOW)
    assert not notices.mail(notice.pk, now=NOW)

    assert len(mail.outbox) == 1


def test_a_mail_that_was_given_up_isn_t_tried_again() -> None:
    notice = NoticeFactory(user__email="ada@example.com", mail_tries=notices.MAIL_TRIES)

    assert not notices.mail(notice.pk, now=NOW)

    assert mail.outbox == []


def test_who_has_no_address_gets_no_mail() -> None:
    assert not notices.mail(NoticeFactory().pk, now=NOW)
    assert not notices.mail(0, now=NOW)

    assert mail.outbox == []


@pytest.fixture
def broken_mail(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()


@pytest.mark.usefixtures("broken_mail")
def test_a_mail_server_that_is_away_breaks_nothing_and_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    notice = NoticeFactory(user__email="ada@example.com")

    with caplog.at_level(logging.ERROR):
        assert not notices.mail(notice.pk, now=NOW)

    notice.refresh_from_db()
    assert (notice.mail_tries, notice.mailed_at) == (1, None)
    assert "mail not sent" in caplog.text
    assert "ada@example.com" not in caplog.text


@pytest.mark.usefixtures("broken_mail")
def test_a_mail_is_given_up_after_some_tries() -> None:
    notice = NoticeFactory(user__email="ada@example.com", created_at=NOW)

    for minutes in range(5, 60, 5):
        notices.mail_waiting(now=NOW + dt.timedelta(minutes=minutes))

    notice.refresh_from_db()
    assert notice.mail_tries == notices.MAIL_TRIES


def test_a_mail_that_failed_is_sent_later() -> None:
    NoticeFactory(user__email="ada@example.com", created_at=NOW, mail_tries=1)

    assert notices.mail_waiting(now=NOW + dt.timedelta(minutes=1)) == 0
    assert notices.mail_waiting(now=NOW + dt.timedelta(minutes=5)) == 1
    assert notices.mail_waiting(now=NOW + dt.timedelta(minutes=10)) == 0


def test_old_news_aren_t_mailed() -> None:
    NoticeFactory(user__email="ada@example.com", created_at=NOW)

    assert notices.mail_waiting(now=NOW + dt.timedelta(days=2)) == 0


def _browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_news_are_on_the_first_page_and_counted_on_every_page() -> None:
    person = AdminFactory()
    NoticeFactory(user=person, subject="Training of Spam: done", text="Version <3> learnt.")
    NoticeFactory(subject="Somebody else's")
    client = _browser(person)

    overview = staff.said(client.get(reverse("admin:index")))
    other = staff.said(client.get(reverse("admin:classifiers_classifier_changelist")))

    assert "Training of Spam: done" in overview
    assert "Version &lt;3&gt; learnt." in overview
    assert "Somebody else" not in overview
    assert "1 new notice<" in other


def test_without_news_there_is_no_bell() -> None:
    assert "hr-bell" not in staff.said(_browser(AdminFactory()).get(reverse("admin:index")))


def test_a_notice_that_is_opened_is_seen_and_leads_to_its_page() -> None:
    notice = NoticeFactory(user=AdminFactory(), url=reverse("admin:classifiers_classifier_changelist"))

    response = _browser(notice.user).post(reverse("notice_open", args=[notice.pk]))

    assert response.url == notice.url
    assert notices.unseen(notice.user_id) == []


def test_another_s_notice_can_t_be_opened() -> None:
    notice = NoticeFactory()

    response = _browser(AdminFactory()).post(reverse("notice_open", args=[notice.pk]))

    notice.refresh_from_db()
    assert response.url == reverse("admin:index")
    assert notice.seen_at is None


def test_all_can_be_marked_as_seen() -> None:
    person = AdminFactory()
    NoticeFactory.create_batch(3, user=person)
    other = NoticeFactory()

    _browser(person).post(reverse("notices_seen"))

    assert notices.unseen_count(person.pk) == 0
    assert notices.unseen_count(other.user_id) == 1


@pytest.mark.parametrize("name", ["notices_seen", "notice_open"])
def test_nothing_is_seen_by_following_a_link_or_without_a_login(name: str) -> None:
    notice = NoticeFactory(user=AdminFactory())
    address = reverse(name, args=[notice.pk] if name == "notice_open" else [])

    assert _browser(notice.user).get(address).status_code == 405
    assert Client().post(address).status_code == 302

    notice.refresh_from_db()
    assert notice.seen_at is None


def test_the_bell_counts_no_further_than_the_list() -> None:
    person = AdminFactory()
    NoticeFactory.create_batch(notices.LISTED + 5, user=person)

    page = staff.said(_browser(person).get(reverse("admin:index")))

    assert f"{notices.LISTED} or more new notices" in page


def test_a_notice_needs_a_subject() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        NoticeFactory(subject="")


def test_a_queued_run_that_is_cancelled_is_told_to_nobody() -> None:
    version = _requested(state=RunState.QUEUED)

    runs.request_cancel(Version, version.pk)

    assert not Notice.objects.exists()
