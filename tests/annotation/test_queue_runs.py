"""The order of the most useful texts: worked out in the background, anew after some answers, and never in the way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.models import OrmQ

from annotation import tasks
from annotation.models import Answer, QueueCode, QueueEntry, QueueMap, QueueMethod, QueueRun
from annotation.services import answers, candidates, pools, queue_runs, turns
from annotation.services.candidates import Asker
from classifiers.models import Classifier, Example
from moderation import runs
from moderation.models import WorkerBeat
from moderation.runs import RunState
from moderation.services import workers
from tests.factories import (
    AnswerFactory,
    ClassifierFactory,
    DecisionFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
    QueueEntryFactory,
    QueueRunFactory,
    UserFactory,
)
from tests.live_versions import go_live

pytestmark = pytest.mark.django_db

_THINGS = ("lamp", "pram", "bicycle", "sofa", "camera", "piano", "tent", "desk")
_ASK = "Is the {} still there? I could come on {}."
_PAY = "Pay for the {} by bank transfer on {}, outside of the site."
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


@pytest.fixture(autouse=True)
def _alive() -> None:
    workers.beat("host:1")


def _texts(classifier: Classifier, sentence: str) -> list[Example]:
    return [
        ExampleFactory(classifier=classifier, text=sentence.format(thing, day)) for thing in _THINGS for day in _DAYS
    ]


def _run(classifier: Classifier) -> QueueRun:
    run = queue_runs.start(classifier.pk)
    assert run is not None
    tasks.order_queue(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.SUCCEEDED, "")
    return run


def _answered(run: QueueRun, count: int, **more: Any) -> None:
    """Let people give so many labels since the run."""
    decision = DecisionFactory(example__classifier=run.classifier)
    values = {"label": decision.label, "decision": decision, "created_at": timezone.now(), **more}
    AnswerFactory.create_batch(count, example=decision.example, **values)


def _stale_now(run: QueueRun) -> bool:
    return queue_runs.refresh_if_stale(run.classifier_id, now=timezone.now()) is not None


@pytest.fixture
def fresh() -> QueueRun:
    """Return a run of which enough places are left."""
    run = QueueRunFactory(labelled_count=50)
    for _ in range(20):
        QueueEntryFactory(run=run)
    return run


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_without_labels_one_text_of_each_kind_comes_first(settings: Any) -> None:
    classifier = ClassifierFactory()
    _texts(classifier, _ASK)
    _texts(classifier, _PAY)
    ExampleFactory()

    run = _run(classifier)

    entries = list(run.entries.all())
    assert (run.method, run.labelled_count, run.pool_count) == (QueueMethod.CLUSTERS, 0, 80)
    assert len(entries) == 80
    assert [entry.cluster for entry in entries[: queue_runs.KINDS]] == list(range(1, queue_runs.KINDS + 1))
    assert list(settings.WORK_DIR.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_with_labels_the_closest_calls_come_first_and_say_between_which() -> None:
    classifier = ClassifierFactory()
    ask, pay = LabelFactory(classifier=classifier, number=3), LabelFactory(classifier=classifier, number=5)
    for label, sentence in ((ask, _ASK), (pay, _PAY)):
        for example in _texts(classifier, sentence)[:15]:
            Example.objects.filter(pk=example.pk).update(label=label, state="CONFIRMED")

    run = _run(classifier)

    margins = [entry.margin for entry in run.entries.all()]
    assert (run.method, run.labelled_count, run.pool_count) == (QueueMethod.MARGIN, 30, 50)
    assert {entry.first_number for entry in run.entries.all()} == {3, 5}
    assert np.mean(margins[:10]) < np.mean(margins[-10:])


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_while_a_label_has_no_example_other_kinds_come_in_between() -> None:
    classifier = ClassifierFactory()
    ask, pay, _ = (LabelFactory(classifier=classifier, number=number) for number in range(3))
    for label, sentence in ((ask, _ASK), (pay, _PAY)):
        for example in _texts(classifier, sentence)[:15]:
            Example.objects.filter(pk=example.pk).update(label=label, state="CONFIRMED")

    entries = list(_run(classifier).entries.all())

    assert [entry.cluster is not None for entry in entries[:8]] == [False, False, False, True] * 2


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_a_live_version_that_saw_more_is_asked_itself() -> None:
    version = go_live(ClassifierFactory())
    type(version).objects.filter(pk=version.pk).update(example_count=500)
    _texts(version.classifier, _PAY)

    run = _run(version.classifier)

    assert run.method == QueueMethod.MARGIN
    assert {entry.first_number for entry in run.entries.all()} <= {0, 1}


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_the_same_texts_and_labels_give_the_same_order() -> None:
    classifier = ClassifierFactory()
    _texts(classifier, _ASK)
    run = _run(classifier)
    first = list(run.entries.values_list("example_id", flat=True))

    QueueRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED)
    tasks.order_queue(run.pk)

    assert list(run.entries.values_list("example_id", flat=True)) == first


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_the_new_order_takes_the_place_of_the_old_one() -> None:
    classifier = ClassifierFactory()
    _texts(classifier, _ASK)
    old = _run(classifier)

    run = _run(classifier)

    assert list(QueueRun.objects.all()) == [run]
    assert not QueueEntry.objects.filter(run=old.pk).exists()
    assert QueueMap.objects.get().run == run


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_what_lies_near_a_text_and_near_a_label_is_found() -> None:
    classifier = ClassifierFactory()
    asked = _texts(classifier, _ASK)
    paid = _texts(classifier, _PAY)
    label = LabelFactory(classifier=classifier, number=1, description="Pay by bank transfer, outside of the site.")
    _run(classifier)
    near = Asker(classifier_id=classifier.pk, user_id=0, now=timezone.now(), near_id=asked[0].pk)
    of_label = Asker(classifier_id=classifier.pk, user_id=0, now=timezone.now(), label_number=label.number)

    near_ids = candidates.find(QueueCode.NEAR, near, without=(), limit=10)
    label_ids = candidates.find(QueueCode.LABEL, of_label, without=(), limit=20)

    assert asked[0].pk not in near_ids
    assert set(near_ids[:4]) <= {example.pk for example in asked}
    assert set(label_ids) <= {example.pk for example in paid}


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_a_classifier_without_unlabelled_texts_has_an_empty_order() -> None:
    classifier = LabelledExampleFactory().classifier

    run = _run(classifier)

    assert (run.pool_count, run.labelled_count) == (0, 1)
    assert not run.entries.exists()


def test_one_run_of_a_classifier_is_open_at_a_time() -> None:
    run = QueueRunFactory(state=RunState.QUEUED)

    assert queue_runs.start(run.classifier_id) is None
    assert queue_runs.start(ClassifierFactory().pk) is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        QueueRunFactory(classifier=run.classifier, state=RunState.RUNNING)


def test_without_a_worker_nothing_waits() -> None:
    WorkerBeat.objects.all().delete()

    assert queue_runs.start(ClassifierFactory().pk) is None
    assert not QueueRun.objects.exists()


def test_the_task_finds_its_row(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = queue_runs.start(ClassifierFactory().pk)

    assert run is not None
    [message] = OrmQ.objects.all()
    assert (message.task["func"], message.task["args"]) == (QueueRun.task_path, (run.pk,))


def test_an_encoder_that_is_missing_fails_the_run_with_a_sentence(settings: Any, tmp_path: Any) -> None:
    settings.ENCODERS_DIR = tmp_path
    run = QueueRunFactory(state=RunState.QUEUED)

    tasks.order_queue(run.pk)

    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "prepare_encoder" in run.error


def test_whoever_comes_first_has_an_order_made() -> None:
    example = ExampleFactory()

    turns.take(example.classifier_id, user_id=UserFactory().pk, queue=QueueCode.USEFUL, now=timezone.now())

    assert queue_runs.find_open(example.classifier_id) is not None


def test_an_order_that_is_fresh_stays(fresh: QueueRun) -> None:
    _answered(fresh, 9)

    assert not _stale_now(fresh)


def test_ten_new_labels_make_an_order_stale(fresh: QueueRun) -> None:
    _answered(fresh, 10)

    assert _stale_now(fresh)


def test_skips_second_opinions_and_undone_answers_say_nothing_new(fresh: QueueRun) -> None:
    _answered(fresh, 5, label=None, decision=None)
    _answered(fresh, 5, decision=None)
    _answered(fresh, 5, undone_at=timezone.now())
    _answered(fresh, 5, created_at=fresh.created_at - dt.timedelta(minutes=1))

    assert not _stale_now(fresh)


def test_the_more_labels_the_rarer_a_new_order() -> None:
    assert [queue_runs.stale_after(count) for count in (0, 12, 20, 199, 200, 1_000)] == [20, 8, 10, 10, 25, 100]


def test_an_order_that_runs_out_is_stale_where_there_are_other_texts(fresh: QueueRun) -> None:
    last = fresh.entries.first()
    assert last is not None
    label = LabelFactory(classifier=fresh.classifier)
    Example.objects.filter(pk=last.example_id).update(label=label, state="CONFIRMED")
    assert not _stale_now(fresh)

    ExampleFactory(classifier=fresh.classifier)

    assert _stale_now(fresh)


def test_while_one_is_open_no_other_is_asked_for(fresh: QueueRun) -> None:
    _answered(fresh, 10)
    QueueRunFactory(classifier=fresh.classifier, state=RunState.RUNNING)

    assert not _stale_now(fresh)


def test_after_a_failure_the_next_one_waits_a_while(fresh: QueueRun) -> None:
    _answered(fresh, 10)
    failed = QueueRunFactory(classifier=fresh.classifier, state=RunState.FAILED)

    assert not _stale_now(fresh)
    QueueRun.objects.filter(pk=failed.pk).update(created_at=timezone.now() - dt.timedelta(minutes=11))
    assert _stale_now(fresh)


@pytest.mark.django_db(transaction=True)
def test_an_answer_has_the_order_made_anew(fresh: QueueRun) -> None:
    _answered(fresh, 9)
    example = ExampleFactory(classifier=fresh.classifier)
    label = LabelFactory(classifier=fresh.classifier)

    answers.label(
        example.pk, label_id=label.pk, by=UserFactory(), queue=QueueCode.USEFUL, preselected_id=None, now=timezone.now()
    )

    assert Answer.objects.count() == 10
    assert queue_runs.find_open(fresh.classifier_id) is not None


def test_the_pool_is_drawn_the_same_for_the_same_seed_and_differs_for_another() -> None:
    classifier = ClassifierFactory()
    ExampleFactory.create_batch(30, classifier=classifier)
    LabelledExampleFactory(classifier=classifier)

    drawn = [[text.id for text in pools.draw(classifier.pk, most=10, seed=seed)] for seed in (1, 1, 2)]

    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 10
    assert len({text.id for text in pools.draw(classifier.pk, most=100, seed=1)}) == 30


def test_labels_are_learnt_from_evenly() -> None:
    classifier = ClassifierFactory()
    rare, common = (LabelFactory(classifier=classifier, number=number) for number in range(2))
    LabelledExampleFactory.create_batch(2, classifier=classifier, label=rare)
    LabelledExampleFactory.create_batch(9, classifier=classifier, label=common)

    numbers = sorted(text.number or 0 for text in pools.known(classifier.pk, most=8))

    assert numbers == [0, 0, 1, 1, 1, 1, 1, 1]


def test_a_run_that_was_lost_is_put_back(fresh: QueueRun) -> None:
    run = QueueRunFactory(classifier=fresh.classifier, state=RunState.RUNNING, attempts=1)
    QueueRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - dt.timedelta(minutes=1))

    runs.sweep()

    run.refresh_from_db()
    assert run.state == RunState.QUEUED
