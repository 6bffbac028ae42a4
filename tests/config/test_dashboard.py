"""The first page: true numbers, and the next thing to do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from classifiers.models import Classifier, ExampleState
from config import dashboard
from config.dashboard import Overview
from moderation.runs import RunState
from moderation.services import workers
from tests import staff
from tests.factories import (
    AnalyzerSettingFactory,
    ClassifierFactory,
    DoneVersionFactory,
    ExampleFactory,
    ImportRunFactory,
    LabelFactory,
    LabelledExampleFactory,
    RequestLogFactory,
    VersionFactory,
)

pytestmark = pytest.mark.django_db


def _overview() -> Overview:
    return dashboard.overview(now=timezone.now())


def _todo() -> list[tuple[str, str]]:
    return [(todo.sentence, todo.action) for todo in _overview().todo]


def _live(**values: Any) -> Classifier:
    classifier = ClassifierFactory(**values)
    staff.trainable(classifier)
    classifier.live_version = DoneVersionFactory(classifier=classifier)
    classifier.save()
    return classifier


def test_an_empty_house_says_how_to_begin() -> None:
    overview = _overview()

    assert (overview.classifier_count, overview.waiting_count, overview.live, overview.under_way) == (0, 0, (), ())
    assert overview.todo[0].url == reverse("admin:classifiers_classifier_add")


def test_a_classifier_without_labels_asks_for_them() -> None:
    LabelFactory(classifier=ClassifierFactory(name="Mood"))

    assert _todo() == [("Mood needs at least two labels.", "Define labels")]


def test_a_classifier_without_examples_asks_for_them() -> None:
    classifier = ClassifierFactory(name="Mood")
    LabelFactory.create_batch(2, classifier=classifier)

    assert _todo() == [("Mood has no examples yet.", "Add data")]


def test_unlabelled_texts_ask_for_a_label() -> None:
    classifier = ClassifierFactory(name="Mood")
    LabelFactory.create_batch(2, classifier=classifier)
    ExampleFactory.create_batch(2, classifier=classifier)

    assert _todo() == [("2 texts of Mood wait for a label.", "Label")]


def test_too_few_examples_ask_for_more() -> None:
    classifier = ClassifierFactory(name="Mood")
    staff.trainable(classifier, each=2)

    assert _todo() == [("Mood has too few examples.", "Add data")]


def test_enough_labelled_examples_ask_for_a_training() -> None:
    staff.trainable(ClassifierFactory(name="Mood"))

    assert _todo() == [("Mood can be trained.", "Train")]


@pytest.mark.parametrize(("confidence", "can_train"), [(0.9, True), (0.5, False)])
def test_suggestions_are_enough_for_a_training_where_they_are_sure(confidence: float, can_train: bool) -> None:
    classifier = ClassifierFactory(name="Mood")
    staff.trainable(classifier)
    classifier.examples.update(state=ExampleState.SUGGESTED, confidence=confidence)

    assert (("Mood can be trained.", "Train") in _todo()) is can_train


def test_a_classifier_that_is_being_trained_asks_for_nothing() -> None:
    classifier = ClassifierFactory(name="Mood")
    staff.trainable(classifier)
    VersionFactory(classifier=classifier, state=RunState.RUNNING)

    assert _todo() == []


def test_a_trained_classifier_asks_for_a_project() -> None:
    _live(name="Mood")

    assert _todo() == [("Mood is trained, but no project runs it.", "Use it")]


def test_a_classifier_in_use_asks_for_nothing() -> None:
    _live(key="mood")
    AnalyzerSettingFactory(analyzer="mood")

    assert _todo() == []


def test_every_thing_to_do_leads_to_a_page() -> None:
    _live(name="Used")
    LabelFactory(classifier=ClassifierFactory())
    staff.filled()
    boss = staff.login()

    statuses = {boss.get(todo.url).status_code for todo in _overview().todo}

    assert statuses == {200}


def test_texts_that_wait_are_counted_over_all_classifiers() -> None:
    for _ in range(2):
        ExampleFactory()
    LabelledExampleFactory()

    assert _overview().waiting_count == 2


def test_a_live_classifier_stands_with_the_requests_of_the_last_week() -> None:
    classifier = _live(key="mood")
    project = AnalyzerSettingFactory(analyzer="mood").project
    now = timezone.now()
    for days in (0, 6, 8):
        RequestLogFactory(project=project, findings={"mood": {"label": "A"}}, created_at=now - dt.timedelta(days=days))
    ClassifierFactory()

    overview = dashboard.overview(now=now)

    assert [(live.classifier, live.requests.count) for live in overview.live] == [(classifier, 2)]
    assert (overview.live_count, overview.classifier_count, overview.requests.count) == (1, 2, 2)


def test_runs_that_wait_or_go_on_are_in_progress() -> None:
    classifier = ClassifierFactory(name="Mood")
    ImportRunFactory(classifier=classifier, state=RunState.RUNNING, progress=0.631, file_name="mood.csv")
    VersionFactory(classifier=classifier, state=RunState.QUEUED, number=3)
    ImportRunFactory(classifier=classifier, state=RunState.SUCCEEDED)
    ImportRunFactory(classifier=classifier, state=RunState.DRAFT)

    under_way = [(run.sentence, run.percent) for run in _overview().under_way]

    assert under_way == [("mood.csv, into Mood", 63), ("Training of Mood, version 3", 0)]


@pytest.mark.slow
@pytest.mark.parametrize("is_alive", [False, True])
def test_the_first_page_says_when_no_worker_runs(is_alive: bool) -> None:
    if is_alive:
        workers.beat("host:1")

    page = staff.said(staff.login().get(reverse("admin:index")))

    assert ("No worker is running." not in page) == is_alive


def test_the_number_of_queries_does_not_grow_with_the_house(django_assert_num_queries: Any) -> None:
    _live(key="first")
    AnalyzerSettingFactory(analyzer="first")
    with django_assert_num_queries(10):
        _overview()
    for index in range(5):
        _live(key=f"more-{index}")

    with django_assert_num_queries(10):
        _overview()
