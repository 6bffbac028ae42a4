"""How far the labelling is: right at once, and without counting everything at each answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import QueueCode
from annotation.services import answers, headway
from classifiers.models import Classifier, DecisionSource, Example, ExampleState
from classifiers.services import decisions
from tests.factories import AnswerFactory, ClassifierFactory, ExampleFactory, LabelFactory, UserFactory

pytestmark = pytest.mark.django_db

_NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Iterator[Classifier]:
    """Give a classifier that counts as one too large to count at each answer."""
    monkeypatch.setattr(headway, "_COUNTED_ANEW", 2)
    classifier = ClassifierFactory()
    ExampleFactory.create_batch(4, classifier=classifier)
    yield classifier
    # The next test's classifier may have the same id.
    cache.clear()


def _measure(classifier: Classifier, user: Any = None, *, now: dt.datetime = _NOW) -> headway.Headway:
    return headway.measure(classifier.pk, user_id=user.pk if user else 0, now=now)


def _label(example: Example, label: Any, by: Any, *, now: dt.datetime = _NOW) -> None:
    answers.label(example.pk, label_id=label.pk, by=by, queue=QueueCode.USEFUL, preselected_id=None, now=now)


def test_confirmed_suggested_and_unlabelled_are_told_apart() -> None:
    spam, fine = (LabelFactory(classifier=ClassifierFactory(), number=1), None)
    fine = LabelFactory(classifier=spam.classifier, number=0)
    texts = ExampleFactory.create_batch(4, classifier=spam.classifier)
    ExampleFactory()
    _label(texts[0], spam, UserFactory())
    decisions.decide(texts[1].pk, label_id=fine.pk, source=DecisionSource.LLM)

    found = _measure(spam.classifier)

    assert (found.labelled, found.suggested, found.unlabelled, found.total) == (1, 1, 2, 4)
    assert found.per_label == ((fine, 0), (spam, 1))
    assert found.labelled_percent == 25


def test_today_counts_answers_since_midnight_mine_and_all(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    label, me = LabelFactory(), UserFactory()
    texts = ExampleFactory.create_batch(4, classifier=label.classifier)
    midnight = dt.datetime(2026, 4, 30, 22, 0, tzinfo=dt.UTC)
    AnswerFactory(example=texts[0], label=label, user=me, created_at=midnight - dt.timedelta(seconds=1))
    AnswerFactory(example=texts[1], label=label, user=me, created_at=midnight)
    AnswerFactory(example=texts[2], label=label, created_at=_NOW)
    AnswerFactory(example=texts[3], label=label, user=me, created_at=_NOW, undone_at=_NOW)
    AnswerFactory(example=texts[3], label=None, user=me, created_at=_NOW)

    found = _measure(label.classifier, me)

    assert (found.today, found.mine_today) == (2, 1)


def test_an_empty_classifier_has_made_no_headway() -> None:
    found = _measure(ClassifierFactory())

    assert (found.total, found.labelled_percent, found.per_label) == (0, 0, ())


def test_a_large_classifier_is_not_counted_again_within_seconds(large: Classifier) -> None:
    _measure(large)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        _measure(large)

    assert not any('FROM "classifiers_example"' in query["sql"] for query in queries)


def test_what_was_answered_since_the_count_shows_at_once(large: Classifier) -> None:
    spam, fine = (LabelFactory(classifier=large, number=number) for number in range(2))
    one, other, third, _ = large.examples.order_by("pk")
    me = UserFactory()
    decisions.decide(other.pk, label_id=fine.pk, source=DecisionSource.LLM)
    _measure(large)

    _label(one, spam, me)
    _label(one, fine, me)
    _label(other, fine, me)
    _label(third, spam, me)
    answers.undo(large.pk, by=me, now=_NOW)

    found = _measure(large)
    assert (found.labelled, found.suggested, found.unlabelled) == (2, 0, 2)
    assert found.per_label == ((spam, 0), (fine, 2))


def test_an_answer_from_before_the_count_that_is_undone_since_is_taken_off(large: Classifier) -> None:
    spam, me = LabelFactory(classifier=large), UserFactory()
    _label(large.examples.get(pk=large.examples.latest("pk").pk), spam, me, now=_NOW - dt.timedelta(hours=1))
    _measure(large)

    answers.undo(large.pk, by=me, now=_NOW + dt.timedelta(seconds=1))

    assert _measure(large, now=_NOW + dt.timedelta(seconds=2)).labelled == 0


def test_a_second_opinion_adds_nothing_to_the_counts(large: Classifier) -> None:
    spam, fine = (LabelFactory(classifier=large, number=number) for number in range(2))
    example = large.examples.latest("pk")
    _label(example, spam, UserFactory())
    _measure(large)

    _label(example, fine, UserFactory())

    assert _measure(large).per_label == ((spam, 1), (fine, 0))


def test_after_some_seconds_what_others_changed_shows_too(large: Classifier) -> None:
    _measure(large)
    label = LabelFactory(classifier=large)
    large.examples.update(state=ExampleState.CONFIRMED, label=label)

    assert _measure(large).labelled == 0
    assert _measure(large, now=_NOW + dt.timedelta(seconds=60)).labelled == 4
