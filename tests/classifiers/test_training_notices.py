"""Whom the end of a training is told to, on the screen, by mail, and inside the program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django_q.models import OrmQ

from classifiers.models import Version
from moderation import events, runs, tasks
from moderation.events import Event
from moderation.models import Notice
from moderation.runs import Claim, RunError
from tests import staff
from tests.factories import AdminFactory, ClassifierFactory, UserFactory, VersionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> Iterator[list[Event]]:
    """Return what is announced while the test runs."""
    heard: list[Event] = []
    events.listen(heard.append)
    yield heard
    events._listeners.remove(heard.append)


def _end(version: Version, error: Exception | None = None) -> None:
    def work(claim: Claim) -> None:
        if error is not None:
            raise error
        claim.finish(macro_f1=0.91, example_count=120, artifact_path="x", artifact_sha256="y")

    runs.execute(Version, version.pk, work=work)


def _mails(capture: Any, version: Version, error: Exception | None = None) -> list[Any]:
    with capture(execute=True):
        _end(version, error)
    for queued in OrmQ.objects.order_by("pk"):
        if queued.task["func"] == "moderation.tasks.mail_notice":
            tasks.mail_notice(*queued.task["args"])
    return mail.outbox


def test_the_mail_of_a_success_has_the_score_and_leads_to_the_review(
    settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.PUBLIC_URL = "https://rules.example.com"
    version = VersionFactory(number=3, requested_by=UserFactory(email="ada@example.com"))

    [sent] = _mails(django_capture_on_commit_callbacks, version)

    assert (sent.subject, sent.to) == (f"Training of {version.classifier}: done", ["ada@example.com"])
    assert "Version 3 learnt from 120 examples; its F1 is 0.91." in sent.body
    assert f"https://rules.example.com{staff.page(version.classifier, 'review')}" in sent.body


def test_the_mail_of_a_failure_has_the_reason_and_leads_to_the_train_page(
    settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.PUBLIC_URL = "https://rules.example.com"
    version = VersionFactory(requested_by=UserFactory(email="ada@example.com"))

    [sent] = _mails(django_capture_on_commit_callbacks, version, RunError("There were no examples."))

    assert sent.subject == f"Training of {version.classifier}: failed"
    assert "There were no examples." in sent.body
    assert f"https://rules.example.com{staff.page(version.classifier, 'train')}" in sent.body


def test_who_has_no_address_finds_it_on_the_screen(django_capture_on_commit_callbacks: Any) -> None:
    version = VersionFactory(number=3, requested_by=AdminFactory(email=""))

    sent = _mails(django_capture_on_commit_callbacks, version)

    assert sent == []
    assert Notice.objects.get(user=version.requested_by).text.startswith("Version 3 learnt")


def test_what_nobody_asked_for_is_told_to_who_made_the_classifier() -> None:
    version = VersionFactory(classifier=ClassifierFactory(created_by=UserFactory()))

    _end(version, RunError("There were no examples."))

    notice = Notice.objects.get()
    assert (notice.user, notice.is_bad) == (version.classifier.created_by, True)


def test_where_nobody_is_known_it_is_announced_all_the_same(told: list[Event]) -> None:
    done, failed = VersionFactory(number=3), VersionFactory(number=1)

    _end(done)
    _end(failed, RunError("There were no examples."))

    assert not Notice.objects.exists()
    assert [(event.name, event.is_bad) for event in told] == [("training.done", False), ("training.stopped", True)]
    assert told[0].data == {
        "classifier_id": done.classifier_id,
        "version_id": done.pk,
        "number": 3,
        "macro_f1": 0.91,
    }
    assert told[1].data["macro_f1"] is None
    assert told[1].sentence == "There were no examples."


def test_without_room_on_the_disk_the_reason_is_told_and_it_isn_t_tried_again() -> None:
    version = VersionFactory(requested_by=UserFactory())

    def work(claim: Claim) -> None:
        with open("/dev/full", "w") as file:  # noqa: PTH123 - every write to it fails as on a full disk
            file.write("x")

    runs.execute(Version, version.pk, work=work)

    version.refresh_from_db()
    assert (version.state, version.attempts) == ("FAILED", 1)
    assert Notice.objects.get().text == "There is no space left on the server's disk. Make room, then try again."
