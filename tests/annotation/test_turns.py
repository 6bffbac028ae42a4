"""The next text: never one that another has, with the reason why it is this one, or why there is none."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from typing import Any

import pytest

from annotation.models import AnnotationSetting, Answer, Lease, QueueCode
from annotation.services import answers, leases, turns
from annotation.services.leases import HOLDS_FOR
from annotation.services.turns import Turn
from classifiers.models import Classifier, DecisionSource, Example
from classifiers.services import decisions
from moderation.runs import RunState
from moderation.services import workers
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
from tests.server import Server

_NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db


def _take(classifier: Classifier, user: Any, *, queue: QueueCode = QueueCode.USEFUL, **more: Any) -> Turn | None:
    return turns.take(classifier.pk, user_id=user.pk, queue=queue, **{"now": _NOW, **more})


def _taken(classifier: Classifier, user: Any, **more: Any) -> Example:
    turn = _take(classifier, user, **more)
    assert turn is not None
    return turn.example


def _end(classifier: Classifier, user: Any, *, queue: QueueCode = QueueCode.USEFUL) -> str:
    return turns.end_of(classifier.pk, user_id=user.pk, queue=queue, now=_NOW)


def _overlap() -> Answer:
    example = LabelledExampleFactory()
    AnnotationSetting.objects.create(classifier=example.classifier, overlap_percent=100)
    return AnswerFactory(example=example, label=example.label)


def test_two_people_are_never_given_the_same_text() -> None:
    first, second = ExampleFactory.create_batch(2, classifier=ClassifierFactory())
    me, other = UserFactory(), UserFactory()

    assert _taken(first.classifier, me) == first
    assert _taken(first.classifier, other) == second
    assert _take(first.classifier, UserFactory()) is None


def test_whoever_loads_the_page_again_has_the_same_text() -> None:
    example, _ = ExampleFactory.create_batch(2, classifier=ClassifierFactory())
    me = UserFactory()

    assert _taken(example.classifier, me) == _taken(example.classifier, me) == example
    assert Lease.objects.count() == 1


def test_a_page_that_holds_a_text_gets_the_one_behind_it_and_holds_on() -> None:
    first, second = ExampleFactory.create_batch(2, classifier=ClassifierFactory())
    me = UserFactory()
    _taken(first.classifier, me)
    later = _NOW + dt.timedelta(minutes=4)

    assert _taken(first.classifier, me, holding=[first.pk], now=later) == second
    assert Lease.objects.get(example=first).until_at == later + HOLDS_FOR


def test_a_text_that_was_left_lying_is_given_on() -> None:
    example = ExampleFactory()
    _taken(example.classifier, UserFactory())

    assert _taken(example.classifier, UserFactory(), now=_NOW + HOLDS_FOR) == example


def test_what_is_not_wanted_now_is_passed_over() -> None:
    first, second = ExampleFactory.create_batch(2, classifier=ClassifierFactory())

    assert _taken(first.classifier, UserFactory(), exclude=[first.pk]) == second


def test_a_skipped_text_comes_back_to_others_at_once_and_to_oneself_after_a_day() -> None:
    example = ExampleFactory()
    me = UserFactory()
    answers.skip(example.pk, by=me, queue=QueueCode.USEFUL, now=_NOW)

    assert _take(example.classifier, me) is None
    assert _taken(example.classifier, me, queue=QueueCode.NEWEST) == example
    leases.give_back([example.pk], user_id=me.pk)
    assert _taken(example.classifier, UserFactory()) == example
    assert _taken(example.classifier, me, now=_NOW + dt.timedelta(days=1)) == example


def test_a_text_that_is_labelled_is_not_given() -> None:
    classifier = ClassifierFactory()
    LabelledExampleFactory(classifier=classifier)

    assert _take(classifier, UserFactory()) is None


def test_another_classifiers_texts_are_not_given() -> None:
    ExampleFactory()

    assert _take(ClassifierFactory(), UserFactory()) is None


@pytest.mark.slow
@pytest.mark.server
def test_eight_people_at_once_never_share_a_text_and_label_all(house: Server) -> None:
    told = json.loads(house.shell("from tests.annotation import eight_people; eight_people.main()"))

    given = Counter(pk for texts in told["given"] for pk in texts)
    assert len(given) == told["labelled"] == 80
    assert set(given.values()) == {1}


def test_without_an_order_the_oldest_comes_first_and_says_so() -> None:
    first, _ = ExampleFactory.create_batch(2, classifier=ClassifierFactory())

    turn = _take(first.classifier, UserFactory())

    assert turn is not None
    assert turn.example == first
    assert "no worker is running" in turn.why


def test_while_the_order_is_worked_out_the_reason_says_so() -> None:
    workers.beat("host:1")
    example = ExampleFactory()

    turn = _take(example.classifier, UserFactory())

    assert turn is not None
    assert turn.why.endswith("while the most useful ones are being worked out.")


def test_the_order_of_the_last_finished_run_is_followed() -> None:
    old, run = QueueRunFactory.create_batch(2, classifier=ClassifierFactory())
    QueueRunFactory(classifier=run.classifier, state=RunState.RUNNING)
    waiting = ExampleFactory(classifier=run.classifier)
    QueueEntryFactory(run=old, example=waiting, place=1)
    second, first = (QueueEntryFactory(run=run, place=place).example for place in (2, 1))
    me = UserFactory()

    found = [_taken(run.classifier, me, holding=held) for held in ([], [first.pk], [first.pk, second.pk])]

    assert found == [first, second, waiting]


def test_what_was_answered_since_is_passed_over() -> None:
    run = QueueRunFactory()
    QueueEntryFactory(run=run, place=1, example=LabelledExampleFactory(classifier=run.classifier))
    entry = QueueEntryFactory(run=run, place=2)

    assert _taken(run.classifier, UserFactory()) == entry.example


@pytest.mark.parametrize(
    ("margin", "why"),
    [
        (0.05, "Close call between Fine and Spam."),
        (0.4, "Probably Fine, perhaps Spam."),
        (0.9, "Most likely Fine; closer calls aren't left."),
    ],
)
def test_a_close_call_says_between_which_labels(margin: float, why: str) -> None:
    run = QueueRunFactory()
    for number, name in enumerate(("Fine", "Spam")):
        LabelFactory(classifier=run.classifier, number=number, name=name)
    QueueEntryFactory(run=run, margin=margin, first_number=0, second_number=1)

    turn = _take(run.classifier, UserFactory())

    assert turn is not None
    assert turn.why == why


def test_the_first_of_a_kind_says_which_of_how_many() -> None:
    run = QueueRunFactory(method="CLUSTERS")
    for place, cluster in ((1, 1), (2, 2), (3, 1)):
        QueueEntryFactory(run=run, place=place, cluster=cluster)
    me = UserFactory()

    whys = []
    holding: list[int] = []
    while (turn := _take(run.classifier, me, holding=holding)) is not None:
        whys.append(turn.why)
        holding.append(turn.example.pk)

    assert whys[:2] == ["The first of its kind: 1 of 2.", "The first of its kind: 2 of 2."]
    assert whys[2].startswith("One more of its kind")


def test_suggestions_come_least_sure_first_and_say_whose_they_are() -> None:
    label = LabelFactory(name="Spam")
    for confidence in (0.9, 0.62, 0.7):
        example = ExampleFactory(classifier=label.classifier)
        decisions.decide(example.pk, label_id=label.pk, source=DecisionSource.LLM, confidence=confidence)

    turn = _take(label.classifier, UserFactory(), queue=QueueCode.CONFIRM)

    assert turn is not None
    assert turn.why == "Suggested by the language model: Spam, 62 % sure."


def test_a_likely_mistake_says_who_says_what() -> None:
    version = DoneVersionFactory()
    version.classifier.live_version = version
    version.classifier.save()
    fine, _ = (
        LabelFactory(classifier=version.classifier, number=n, name=name) for n, name in enumerate(("Fine", "Spam"))
    )
    example = LabelledExampleFactory(classifier=version.classifier, label=fine)
    HeldOutFactory(version=version, example=example, label_number=0, predicted_number=1)

    turn = _take(version.classifier, UserFactory(), queue=QueueCode.MISTAKES)

    assert turn is not None
    assert turn.why == "Labelled Fine; the classifier, which hadn't seen it, says Spam."


def test_a_second_opinion_does_not_show_the_first() -> None:
    answer = _overlap()

    turn = _take(answer.classifier, UserFactory(), queue=QueueCode.OVERLAP)

    assert turn is not None
    assert turn.example == answer.example
    assert turn.is_blind
    assert turn.example.label is None


def test_nobody_is_asked_for_a_second_opinion_of_their_own() -> None:
    answer = _overlap()

    assert _take(answer.classifier, answer.user, queue=QueueCode.OVERLAP) is None


def test_coming_back_to_a_text_holds_it_again() -> None:
    example, me = ExampleFactory(), UserFactory()

    turn = turns.again(example.pk, user_id=me.pk, queue=QueueCode.USEFUL, now=_NOW, why="Undone.")

    assert turn is not None
    assert (turn.example, turn.why) == (example, "Undone.")
    assert turns.again(example.pk, user_id=UserFactory().pk, queue=QueueCode.USEFUL, now=_NOW, why="") is None


def test_a_classifier_without_texts_says_to_add_data() -> None:
    assert _end(ClassifierFactory(), UserFactory()) == "There are no texts yet. Add data first."


def test_a_queue_whose_texts_lie_before_others_says_so() -> None:
    example = ExampleFactory()
    _taken(example.classifier, UserFactory())

    assert _end(example.classifier, UserFactory()).startswith("What is left (1 text) lies before other people")


def test_a_queue_whose_texts_were_skipped_says_so() -> None:
    example, me = ExampleFactory(), UserFactory()
    answers.skip(example.pk, by=me, queue=QueueCode.USEFUL, now=_NOW)

    assert _end(example.classifier, me).startswith("You have skipped 1 text here")


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        (QueueCode.USEFUL, "Every text has a label."),
        (QueueCode.CONFIRM, "No suggestions wait"),
        (QueueCode.MISTAKES, "Likely mistakes are found by a training."),
        (QueueCode.DISAGREE, "Nobody disagrees"),
        (QueueCode.OVERLAP, "No share of texts is set"),
        (QueueCode.NEAR, "Every text has a label."),
    ],
)
def test_each_queue_says_why_it_ends(queue: QueueCode, words: str) -> None:
    example = LabelledExampleFactory()

    assert _end(example.classifier, UserFactory(), queue=queue).startswith(words)
