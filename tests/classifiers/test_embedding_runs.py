"""New examples are read ahead, once, and go on where a dead worker left them."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from classifiers import tasks
from classifiers.models import Embedding, EmbeddingRun, Example
from classifiers.services import embedding_runs, encoders, example_vectors, pastes
from moderation import runs
from moderation.runs import RunState
from moderation.services import workers
from tests.factories import ClassifierFactory, ExampleFactory

pytestmark = pytest.mark.django_db


def test_a_reading_is_queued_where_a_worker_is_alive() -> None:
    workers.beat("host:1")

    run = embedding_runs.start(ClassifierFactory().pk)

    assert run is not None
    assert embedding_runs.find_open(run.classifier_id) == run


def test_without_a_worker_nothing_waits() -> None:
    assert embedding_runs.start(ClassifierFactory().pk) is None
    assert not EmbeddingRun.objects.exists()


def test_one_reading_of_a_classifier_waits_at_a_time() -> None:
    workers.beat("host:1")
    run = embedding_runs.start(ClassifierFactory().pk)
    assert run is not None

    assert embedding_runs.start(run.classifier_id) is None
    assert embedding_runs.start(ClassifierFactory().pk) is not None


def test_the_database_refuses_a_second_open_reading() -> None:
    run = EmbeddingRun.objects.create(classifier=ClassifierFactory())
    EmbeddingRun.objects.create(classifier=run.classifier, state=RunState.SUCCEEDED)

    with pytest.raises(IntegrityError), transaction.atomic():
        EmbeddingRun.objects.create(classifier=run.classifier, state=RunState.RUNNING)


def test_a_paste_starts_a_reading() -> None:
    workers.beat("host:1")
    classifier = ClassifierFactory()

    pastes.add_lines(classifier.pk, text="hello")

    assert embedding_runs.find_open(classifier.pk) is not None


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_the_features_of_new_examples_are_stored_once(settings: Any) -> None:
    classifier = ClassifierFactory()
    ExampleFactory.create_batch(3, classifier=classifier)
    ExampleFactory()
    for _ in range(2):
        run = EmbeddingRun.objects.create(classifier=classifier)
        tasks.read_examples(run.pk)

    first, second = EmbeddingRun.objects.order_by("pk")
    assert [(run.state, run.computed) for run in (first, second)] == [(RunState.SUCCEEDED, 3), (RunState.SUCCEEDED, 0)]
    keys = set(Example.objects.filter(classifier=classifier).values_list("text_key", flat=True))
    assert set(Embedding.objects.values_list("text_key", flat=True)) == keys
    assert list(settings.WORK_DIR.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_each_batch_is_kept_before_the_next_is_read(tmp_path: Path) -> None:
    classifier = ClassifierFactory()
    ExampleFactory.create_batch(5, classifier=classifier)
    run = EmbeddingRun.objects.create(classifier=classifier)
    held = runs.claim(EmbeddingRun, run.pk)
    assert held is not None

    computed = example_vectors.ensure(
        classifier.pk, encoder_id=encoders.get_manifest().id, claim=held, folder=tmp_path, batch=2
    )

    run.refresh_from_db()
    assert (computed, Embedding.objects.count()) == (5, 5)
    assert run.step == "Reading the examples: 5 of 5"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_a_reading_whose_worker_is_gone_keeps_what_it_has_read(tmp_path: Path) -> None:
    classifier = ClassifierFactory()
    ExampleFactory.create_batch(4, classifier=classifier)
    run = EmbeddingRun.objects.create(classifier=classifier)
    held = runs.claim(EmbeddingRun, run.pk)
    assert held is not None
    example_vectors.ensure(classifier.pk, encoder_id=encoders.get_manifest().id, claim=held, folder=tmp_path)
    Embedding.objects.filter(text_key=Example.objects.last().text_key).delete()
    EmbeddingRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED, token=uuid.uuid4())

    tasks.read_examples(run.pk)

    run.refresh_from_db()
    assert (run.state, run.attempts, run.computed) == (RunState.SUCCEEDED, 2, 1)


@pytest.mark.slow
def test_a_reading_without_an_encoder_says_so(settings: Any, tmp_path: Path) -> None:
    settings.ENCODERS_DIR = tmp_path / "none"
    shutil.rmtree(settings.ENCODERS_DIR, ignore_errors=True)
    run = EmbeddingRun.objects.create(classifier=ClassifierFactory())

    tasks.read_examples(run.pk)

    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "prepare_encoder" in run.error
