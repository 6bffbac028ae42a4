"""Each queue's texts in its order, and how many wait."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from annotation.models import AnnotationRun, AnnotationSetting, QueueCode
from annotation.services import answers, candidates, queues
from annotation.services.candidates import Asker
from classifiers.models import Classifier, DecisionSource, Example, ExampleState, Label, Version
from classifiers.services import decisions, guidelines
from tests.factories import (
    AnswerFactory,
    ClassifierFactory,
    DoneVersionFactory,
    ExampleFactory,
    HeldOutFactory,
    LabelFactory,
    LabelledExampleFactory,
    QueueEntryFactory,
    QueueRunFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

_NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)


def _find(queue: QueueCode, classifier: Classifier, *, user: Any = None, limit: int = 50) -> list[int]:
    asker = Asker(classifier_id=classifier.pk, user_id=user.pk if user else 0, now=_NOW)
    return candidates.find(queue, asker, without=(), limit=limit)


def _live(classifier: Classifier) -> Version:
    version = DoneVersionFactory(classifier=classifier, created_at=_NOW - dt.timedelta(days=1))
    Classifier.objects.filter(pk=classifier.pk).update(live_version=version)
    return version


def _labels(classifier: Classifier) -> tuple[Label, Label]:
    first, second = (LabelFactory(classifier=classifier, number=number) for number in range(2))
    return first, second


def _annotate(example: Example, label: Label) -> None:
    """Have a machine say of the text what its label is, in a run of its own."""
    run = AnnotationRun.objects.create(
        classifier=example.classifier,
        guidelines=guidelines.record(example.classifier_id),
        annotator="LLM",
        pick="FIRST",
        state="SUCCEEDED",
    )
    said_at = _NOW - dt.timedelta(days=1)
    run.annotations.create(
        example=example, text_key=example.text_key, state="LABELLED", label=label, answered_at=said_at
    )


def test_the_newest_come_first() -> None:
    texts = ExampleFactory.create_batch(3, classifier=ClassifierFactory())

    assert _find(QueueCode.NEWEST, texts[0].classifier) == [example.pk for example in reversed(texts)]


def test_suggestions_come_least_sure_first() -> None:
    label = LabelFactory()
    texts = [ExampleFactory(classifier=label.classifier) for _ in range(3)]
    for example, confidence in zip(texts, (0.9, 0.5, 0.7), strict=True):
        decisions.decide(example.pk, label_id=label.pk, source=DecisionSource.OFFLINE, confidence=confidence)

    found = _find(QueueCode.CONFIRM, label.classifier)

    assert found == [texts[1].pk, texts[2].pk, texts[0].pk]


def test_at_random_everything_comes_once_and_another_one_after_each_answer() -> None:
    classifier, me = ClassifierFactory(), UserFactory()
    texts = ExampleFactory.create_batch(40, classifier=classifier)
    first = set()
    for _ in range(12):
        [pk] = _find(QueueCode.RANDOM, classifier, user=me, limit=1)
        first.add(pk)
        assert _find(QueueCode.RANDOM, classifier, user=me, limit=1) == [pk]
        AnswerFactory(example=texts[0], user=me, label=None, queue="RANDOM", created_at=_NOW - dt.timedelta(days=2))

    assert len(first) > 4


def test_at_random_nothing_is_left_out() -> None:
    classifier = ClassifierFactory()
    texts = ExampleFactory.create_batch(3, classifier=classifier)
    for user in UserFactory.create_batch(6):
        found = _find(QueueCode.RANDOM, classifier, user=user)

        assert set(found) <= {example.pk for example in texts}
        assert found


def test_likely_mistakes_are_what_the_live_version_contradicts_surest_first() -> None:
    classifier = ClassifierFactory()
    fine, spam = _labels(classifier)
    version = _live(classifier)
    unsure, sure, right, corrected = (LabelledExampleFactory(classifier=classifier, label=fine) for _ in range(4))
    HeldOutFactory(version=version, example=unsure, predicted_number=1, score=0.6)
    HeldOutFactory(version=version, example=sure, predicted_number=1, score=0.9)
    HeldOutFactory(version=version, example=right, predicted_number=0)
    HeldOutFactory(version=version, example=corrected, predicted_number=1)
    decisions.decide(corrected.pk, label_id=spam.pk, source=DecisionSource.PERSON)
    HeldOutFactory(version=DoneVersionFactory(classifier=classifier), example=right, predicted_number=1)

    assert _find(QueueCode.MISTAKES, classifier) == [sure.pk, unsure.pk]


@pytest.mark.parametrize("queue", [QueueCode.MISTAKES, QueueCode.DISAGREE])
def test_a_mistake_that_somebody_has_looked_at_does_not_come_back(queue: QueueCode) -> None:
    classifier = ClassifierFactory()
    fine, _ = _labels(classifier)
    example = LabelledExampleFactory(classifier=classifier, label=fine)
    HeldOutFactory(version=_live(classifier), example=example, predicted_number=1)

    answers.label(example.pk, label_id=fine.pk, by=UserFactory(), queue=queue, preselected_id=None, now=_NOW)

    assert _find(queue, classifier) == []


def test_what_the_machine_said_otherwise_last_is_a_disagreement() -> None:
    classifier = ClassifierFactory()
    fine, spam = _labels(classifier)
    agreed, changed, otherwise = (LabelledExampleFactory(classifier=classifier, label=fine) for _ in range(3))
    _annotate(agreed, fine)
    _annotate(changed, spam)
    _annotate(changed, fine)
    _annotate(otherwise, fine)
    _annotate(otherwise, spam)

    assert _find(QueueCode.DISAGREE, classifier) == [otherwise.pk]


def test_a_suggestion_that_nobody_has_confirmed_is_no_disagreement() -> None:
    classifier = ClassifierFactory()
    fine, spam = _labels(classifier)
    example = ExampleFactory(classifier=classifier, label=fine, state=ExampleState.SUGGESTED)
    _annotate(example, spam)

    assert _find(QueueCode.DISAGREE, classifier) == []


@pytest.mark.parametrize("percent", [0, 10, 50, 100])
def test_the_share_of_the_overlap_is_kept(percent: int) -> None:
    classifier = ClassifierFactory()
    label, first = LabelFactory(classifier=classifier), UserFactory()
    AnnotationSetting.objects.create(classifier=classifier, overlap_percent=percent)
    for example in LabelledExampleFactory.create_batch(100, classifier=classifier, label=label):
        AnswerFactory(example=example, label=label, user=first)

    found = _find(QueueCode.OVERLAP, classifier, limit=200)

    assert abs(len(found) - percent) <= 12
    assert found == _find(QueueCode.OVERLAP, classifier, limit=200)


def test_a_text_with_two_opinions_waits_for_no_third() -> None:
    classifier = ClassifierFactory()
    AnnotationSetting.objects.create(classifier=classifier, overlap_percent=100)
    one, both = LabelledExampleFactory.create_batch(2, classifier=classifier, label=LabelFactory(classifier=classifier))
    for example, people in ((one, 1), (both, 2)):
        AnswerFactory.create_batch(people, example=example, label=one.label)

    assert _find(QueueCode.OVERLAP, classifier) == [one.pk]


def test_each_queue_has_its_size() -> None:
    classifier = ClassifierFactory()
    label = LabelFactory(classifier=classifier, number=0)
    ExampleFactory.create_batch(3, classifier=classifier)
    ExampleFactory(classifier=classifier, label=label, state=ExampleState.SUGGESTED)
    mistake = LabelledExampleFactory(classifier=classifier, label=label)
    HeldOutFactory(version=_live(classifier), example=mistake, predicted_number=1)

    sizes = queues.sizes(classifier.pk, UserFactory().pk, _NOW)

    assert sizes == {
        QueueCode.USEFUL: 3,
        QueueCode.NEAR: 3,
        QueueCode.LABEL: 3,
        QueueCode.NEWEST: 3,
        QueueCode.RANDOM: 3,
        QueueCode.CONFIRM: 1,
        QueueCode.MISTAKES: 1,
        QueueCode.DISAGREE: 1,
        QueueCode.OVERLAP: 0,
    }


def test_counting_stops_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "SIZE_CAP", 2)
    ExampleFactory.create_batch(3, classifier=(classifier := ClassifierFactory()))

    assert queues.sizes(classifier.pk, UserFactory().pk, _NOW)[QueueCode.NEWEST] == 2


def test_the_most_useful_are_those_of_the_order_and_then_the_oldest() -> None:
    run = QueueRunFactory()
    oldest = ExampleFactory.create_batch(3, classifier=run.classifier)
    second = QueueEntryFactory(run=run, place=2, example=oldest[1])
    first = QueueEntryFactory(run=run, place=1)
    expected = [first.example_id, second.example_id, oldest[0].pk, oldest[2].pk]

    assert queues.useful_ids(run.classifier_id, limit=10) == expected
    assert queues.useful_ids(run.classifier_id, limit=3) == expected[:3]
    assert queues.useful_ids(run.classifier_id, limit=1) == expected[:1]
