"""The life of a run: claimed once, counted before work, put back when its worker dies, dead after three attempts."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from classifiers.models import Version
from moderation import runs
from moderation.runs import Claim, RunBroke, RunCancelled, RunError, RunLost, RunState
from tests.factories import ImportRunFactory, VersionFactory

pytestmark = pytest.mark.django_db


def _expire(version: Version) -> None:
    Version.objects.filter(pk=version.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))


def _claim(version: Version) -> Claim:
    held = runs.claim(Version, version.pk)
    assert held is not None
    return held


def test_a_queued_run_is_claimed_and_the_attempt_counted_before_work() -> None:
    version = VersionFactory()

    _claim(version)

    version.refresh_from_db()
    assert (version.state, version.attempts) == (RunState.RUNNING, 1)


def test_a_run_is_claimed_only_once() -> None:
    version = VersionFactory()
    _claim(version)

    second = runs.claim(Version, version.pk)

    assert second is None


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED, RunState.DEAD, RunState.CANCELLED])
def test_an_ended_run_cannot_be_claimed(state: RunState) -> None:
    version = VersionFactory(state=state, macro_f1=0.5, artifact_path="x", artifact_sha256="y")

    assert runs.claim(Version, version.pk) is None


def test_a_draft_cannot_be_claimed() -> None:
    draft = ImportRunFactory()

    assert runs.claim(type(draft), draft.pk) is None


def test_a_run_whose_lease_ended_can_be_claimed_by_another_worker() -> None:
    version = VersionFactory()
    _claim(version)
    _expire(version)

    assert runs.claim(Version, version.pk) is not None


def test_a_worker_that_lost_its_run_can_write_nothing() -> None:
    version = VersionFactory()
    lost = _claim(version)
    _expire(version)
    _claim(version)

    with pytest.raises(RunLost):
        lost.beat(progress=0.9)
    with pytest.raises(RunLost):
        lost.fail("Too late.")

    version.refresh_from_db()
    assert (version.state, version.progress, version.error) == (RunState.RUNNING, 0.0, "")


def test_a_beat_writes_progress_and_lengthens_the_lease() -> None:
    version = VersionFactory()
    held = _claim(version)
    _expire(version)

    held.beat(progress=1.7, step="Training")

    version.refresh_from_db()
    assert (version.progress, version.step) == (1.0, "Training")
    assert version.lease_until > timezone.now()


def test_an_expected_failure_ends_the_run_with_its_sentence() -> None:
    version = VersionFactory()

    def work(claim: Claim) -> None:
        raise RunError("There are no examples.")

    runs.execute(Version, version.pk, work=work)

    version.refresh_from_db()
    assert (version.state, version.error) == (RunState.FAILED, "There are no examples.")


def test_an_unexpected_failure_is_tried_again_without_telling_the_text() -> None:
    version = VersionFactory()

    def work(claim: Claim) -> None:
        raise ValueError("secret text of a user")

    runs.execute(Version, version.pk, work=work)

    version.refresh_from_db()
    assert version.state == RunState.QUEUED
    assert "secret" not in version.error
    assert "ValueError" in version.error


def test_after_three_unexpected_failures_a_run_is_dead() -> None:
    version = VersionFactory()
    done = []

    def work(claim: Claim) -> None:
        done.append(1)
        raise ValueError

    for _ in range(5):
        runs.execute(Version, version.pk, work=work)

    version.refresh_from_db()
    assert (version.state, len(done)) == (RunState.DEAD, 3)
    assert version.finished_at is not None


def test_a_second_delivery_of_a_done_run_does_nothing() -> None:
    version = VersionFactory()
    done = []

    def work(claim: Claim) -> None:
        done.append(1)
        claim.finish(macro_f1=0.5, artifact_path="x", artifact_sha256="y")

    runs.execute(Version, version.pk, work=work)
    runs.execute(Version, version.pk, work=work)

    version.refresh_from_db()
    assert (version.state, version.progress, len(done)) == (RunState.SUCCEEDED, 1.0, 1)


def test_a_waiting_run_is_cancelled_at_once() -> None:
    version = VersionFactory()

    assert runs.request_cancel(Version, version.pk)

    version.refresh_from_db()
    assert version.state == RunState.CANCELLED


def test_a_running_run_learns_of_the_cancel_at_its_next_beat() -> None:
    version = VersionFactory()
    held = _claim(version)
    runs.request_cancel(Version, version.pk)

    with pytest.raises(RunCancelled):
        held.beat()


def test_a_cancelled_run_says_so() -> None:
    version = VersionFactory()

    def work(claim: Claim) -> None:
        runs.request_cancel(Version, version.pk)
        claim.beat()

    runs.execute(Version, version.pk, work=work)

    version.refresh_from_db()
    assert version.state == RunState.CANCELLED


def test_an_ended_run_cannot_be_cancelled() -> None:
    version = VersionFactory(state=RunState.FAILED)

    assert not runs.request_cancel(Version, version.pk)


def test_the_sweeper_puts_back_a_run_whose_worker_died(django_capture_on_commit_callbacks) -> None:
    version = VersionFactory()
    _claim(version)
    _expire(version)

    with django_capture_on_commit_callbacks(execute=True):
        moved = runs.sweep()

    version.refresh_from_db()
    assert (moved, version.state, OrmQ.objects.count()) == (1, RunState.QUEUED, 1)


def test_the_sweeper_leaves_a_living_run_alone() -> None:
    version = VersionFactory()
    _claim(version)

    assert runs.sweep() == 0

    version.refresh_from_db()
    assert version.state == RunState.RUNNING


def test_the_sweeper_declares_a_run_dead_after_its_third_worker_died() -> None:
    version = VersionFactory()
    for _ in range(3):
        _claim(version)
        _expire(version)

    runs.sweep()

    version.refresh_from_db()
    assert version.state == RunState.DEAD
    assert "3 times" in version.error


def test_the_sweeper_sends_again_a_run_whose_message_was_lost(django_capture_on_commit_callbacks) -> None:
    VersionFactory(sent_at=timezone.now() - dt.timedelta(hours=1))

    with django_capture_on_commit_callbacks(execute=True):
        runs.sweep()
    with django_capture_on_commit_callbacks(execute=True):
        runs.sweep()

    assert OrmQ.objects.count() == 1


def test_every_task_path_resolves() -> None:
    from django.utils.module_loading import import_string

    for model in runs._run_models():
        assert callable(import_string(model.task_path))


def test_a_failure_that_may_not_come_again_is_tried_again_and_at_last_told() -> None:
    version = VersionFactory()

    def work(claim: Claim) -> None:
        raise RunBroke("The process was killed.")

    for _ in range(runs.MAX_ATTEMPTS):
        runs.execute(Version, version.pk, work=work)

    version.refresh_from_db()
    assert (version.state, version.attempts) == (RunState.DEAD, runs.MAX_ATTEMPTS)
    assert version.error == "The process was killed. Tried 3 times."
