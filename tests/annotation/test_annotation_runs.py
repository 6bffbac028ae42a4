"""Annotation runs are started, paused, resumed and cancelled, each where it can be, once."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django_q.models import OrmQ

from annotation.models import AnnotationRun, AnnotationSetting, Annotator, Pick
from annotation.services import annotation_runs
from annotation.services.annotation_runs import NotStartable
from classifiers.models import Classifier
from moderation import runs
from moderation.runs import RunState
from tests.factories import (
    AdminFactory,
    AnnotationFactory,
    AnnotationRunFactory,
    ClassifierFactory,
    ExampleFactory,
    LabelFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _language_model(settings: Any) -> None:
    settings.OPENAI_API_KEY = "some-key"
    settings.OPENAI_MODEL = "some-model"


def _classifier(*, texts: int = 3) -> Classifier:
    classifier = ClassifierFactory()
    for number, name in enumerate(("Fine", "Spam")):
        LabelFactory(classifier=classifier, number=number, name=name, description=f"Rule {number}")
    ExampleFactory.create_batch(texts, classifier=classifier)
    return classifier


def _start(classifier: Classifier, **more: Any) -> AnnotationRun:
    return annotation_runs.start(classifier.pk, **{"pick": Pick.FIRST, "wanted": 10, **more})


def test_a_run_is_queued_with_the_wording_and_the_annotator_of_its_moment(
    django_capture_on_commit_callbacks: Any,
) -> None:
    classifier, person = _classifier(), AdminFactory()

    with django_capture_on_commit_callbacks(execute=True):
        run = _start(classifier, by=person)

    assert (run.state, run.annotator, run.model) == (RunState.QUEUED, Annotator.LLM, "some-model")
    assert [label["description"] for label in run.guidelines.labels] == ["Rule 0", "Rule 1"]
    assert run.label_ids == {str(label.number): label.pk for label in classifier.labels.all()}
    assert (run.text_count, run.requested_by, OrmQ.objects.count()) == (3, person, 1)


def test_without_a_language_model_the_offline_annotator_is_used(settings: Any) -> None:
    settings.OPENAI_API_KEY = ""

    assert annotation_runs.annotator_in_use() == (Annotator.OFFLINE, "")
    assert _start(_classifier()).annotator == Annotator.OFFLINE


def test_what_stands_in_the_way_is_said() -> None:
    classifier = _classifier()
    AnnotationSetting.objects.create(classifier=classifier, monthly_limit=2)

    with pytest.raises(NotStartable, match="Choose fewer texts"):
        _start(classifier)

    assert not AnnotationRun.objects.exists()


def test_a_second_run_isn_t_started_beside_the_first() -> None:
    classifier = _classifier()
    _start(classifier)

    with pytest.raises(NotStartable, match="under way"):
        _start(classifier)


def test_the_database_refuses_a_second_open_run() -> None:
    classifier = ClassifierFactory()
    AnnotationRunFactory(classifier=classifier, state=RunState.PAUSED)
    AnnotationRunFactory(classifier=classifier, state=RunState.RUNNING)

    with pytest.raises(IntegrityError), transaction.atomic():
        AnnotationRunFactory(classifier=classifier)


def test_the_run_of_another_classifier_can_t_be_repeated() -> None:
    other = AnnotationRunFactory(state=RunState.SUCCEEDED)
    AnnotationFactory(run=other)

    with pytest.raises(NotStartable, match="Choose a run of this classifier"):
        _start(_classifier(), pick=Pick.AGAIN, repeats_id=other.pk)


def test_a_waiting_run_is_paused_at_once() -> None:
    run = _start(_classifier())

    assert annotation_runs.pause(run.pk)

    run.refresh_from_db()
    assert run.state == RunState.PAUSED
    assert runs.claim(AnnotationRun, run.pk) is None


def test_a_run_under_way_is_asked_to_pause() -> None:
    run = AnnotationRunFactory(state=RunState.RUNNING)

    assert annotation_runs.pause(run.pk)

    run.refresh_from_db()
    assert (run.state, run.is_pause_requested) == (RunState.RUNNING, True)


@pytest.mark.parametrize("state", [RunState.PAUSED, RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED])
def test_a_run_that_has_stopped_can_t_be_paused(state: RunState) -> None:
    run = AnnotationRunFactory(state=state)

    assert not annotation_runs.pause(run.pk)

    run.refresh_from_db()
    assert (run.state, run.is_pause_requested) == (state, False)


@pytest.mark.parametrize("state", [RunState.PAUSED, RunState.FAILED, RunState.DEAD])
def test_a_run_that_has_stopped_is_resumed(state: RunState, django_capture_on_commit_callbacks: Any) -> None:
    run = AnnotationRunFactory(state=state, is_pause_requested=True, attempts=3, error="It stopped.")

    with django_capture_on_commit_callbacks(execute=True):
        assert annotation_runs.resume(run.pk)

    run.refresh_from_db()
    assert (run.state, run.attempts, run.error, run.is_pause_requested) == (RunState.QUEUED, 0, "", False)
    assert OrmQ.objects.count() == 1


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.SUCCEEDED, RunState.CANCELLED])
def test_a_run_that_hasn_t_stopped_can_t_be_resumed(state: RunState) -> None:
    run = AnnotationRunFactory(state=state)

    assert not annotation_runs.resume(run.pk)


def test_resuming_twice_queues_once(django_capture_on_commit_callbacks: Any) -> None:
    run = AnnotationRunFactory(state=RunState.PAUSED)

    with django_capture_on_commit_callbacks(execute=True):
        assert annotation_runs.resume(run.pk)
        assert not annotation_runs.resume(run.pk)

    assert OrmQ.objects.count() == 1


def test_a_run_isn_t_resumed_beside_another() -> None:
    classifier = _classifier()
    paused = AnnotationRunFactory(classifier=classifier, state=RunState.PAUSED, is_pause_requested=True)
    AnnotationRunFactory(classifier=classifier, state=RunState.RUNNING)

    with pytest.raises(NotStartable, match="under way"):
        annotation_runs.resume(paused.pk)

    paused.refresh_from_db()
    assert (paused.state, paused.is_pause_requested) == (RunState.PAUSED, True)


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.PAUSED])
def test_a_run_that_waits_is_cancelled_at_once(state: RunState) -> None:
    run = AnnotationRunFactory(state=state)

    assert annotation_runs.cancel(run.pk)

    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_a_run_that_isn_t_there_can_t_be_changed() -> None:
    assert not annotation_runs.pause(0)
    assert not annotation_runs.resume(0)
    assert not annotation_runs.cancel(0)


@pytest.mark.slow
def test_planning_and_starting_imports_nothing_heavy_into_the_web_process() -> None:
    code = (
        "import django; django.setup(); import sys; from annotation.services import annotation_runs, plans, allowances;"
        "import config.urls; print('openai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
