"""What a person says of a text holds, is kept once, and can be taken back to any depth."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from annotation.models import Answer, Lease, QueueCode
from annotation.services import answers, leases
from annotation.services.answers import BadAnswer
from classifiers.models import Decision, DecisionSource, Example, ExampleState, Label
from classifiers.services import decisions
from tests.factories import ExampleFactory, LabelFactory, LabelledExampleFactory, UserFactory

pytestmark = pytest.mark.django_db

_NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)


def _label(example: Example, label: Label, by: Any, *, queue: QueueCode = QueueCode.USEFUL, **more: Any) -> Answer:
    values = {"preselected_id": None, "now": _NOW, **more}
    answer = answers.label(example.pk, label_id=label.pk, by=by, queue=queue, **values)
    example.refresh_from_db()
    return answer


def _undo(example: Example, by: Any) -> Example | None:
    undone = answers.undo(example.classifier_id, by=by, now=_NOW)
    example.refresh_from_db()
    return undone


def _labels(example: Example) -> tuple[Label, Label]:
    first, second = (LabelFactory(classifier=example.classifier, number=number) for number in range(2))
    return first, second


def test_an_answer_labels_the_text_and_says_who_and_what_was_selected() -> None:
    example, me = ExampleFactory(), UserFactory()
    first, second = _labels(example)

    answer = _label(example, second, me, preselected_id=first.pk)

    assert (example.label, example.state) == (second, ExampleState.CONFIRMED)
    assert (answer.user, answer.preselected, answer.queue) == (me, first, "USEFUL")
    assert (answer.former_state, answer.former_label) == (ExampleState.UNLABELLED, None)
    assert answer.decision == Decision.objects.get()
    assert (answer.decision.user, answer.decision.source) == (me, DecisionSource.PERSON)


def test_an_answer_lets_go_of_the_text() -> None:
    example, me = ExampleFactory(), UserFactory()
    leases.take(example.pk, user_id=me.pk, now=_NOW)

    _label(example, _labels(example)[0], me)

    assert not Lease.objects.exists()


def test_an_answer_that_is_sent_twice_is_kept_once() -> None:
    example, me = ExampleFactory(), UserFactory()
    label, _ = _labels(example)

    assert _label(example, label, me) == _label(example, label, me)
    assert Answer.objects.count() == Decision.objects.count() == 1


def test_another_word_about_ones_own_answer_holds() -> None:
    example, me = ExampleFactory(), UserFactory()
    first, second = _labels(example)
    _label(example, first, me)

    _label(example, second, me)

    assert example.label == second
    assert Answer.objects.count() == 2


def test_another_classifiers_label_is_refused_with_a_sentence() -> None:
    with pytest.raises(BadAnswer, match="isn't one of this classifier's any more"):
        _label(ExampleFactory(), LabelFactory(), UserFactory())

    assert not Answer.objects.exists()


def test_another_classifiers_label_is_refused_as_a_second_opinion_too() -> None:
    with pytest.raises(BadAnswer, match="isn't one of this classifier's any more"):
        _label(LabelledExampleFactory(), LabelFactory(), UserFactory(), queue=QueueCode.OVERLAP)


def test_a_text_that_was_deleted_is_refused_with_a_sentence() -> None:
    example = ExampleFactory()
    label, _ = _labels(example)
    Example.objects.all().delete()

    with pytest.raises(BadAnswer, match="isn't there any more"):
        answers.label(
            example.pk, label_id=label.pk, by=UserFactory(), queue=QueueCode.USEFUL, preselected_id=None, now=_NOW
        )
    with pytest.raises(BadAnswer, match="isn't there any more"):
        answers.skip(example.pk, by=UserFactory(), queue=QueueCode.USEFUL, now=_NOW)


def test_a_preselected_label_of_another_classifier_is_forgotten() -> None:
    example = ExampleFactory()

    answer = _label(example, _labels(example)[0], UserFactory(), preselected_id=LabelFactory().pk)

    assert answer.preselected is None


def test_a_second_opinion_does_not_override_the_first() -> None:
    example = ExampleFactory()
    first, second = _labels(example)
    _label(example, first, UserFactory())

    answer = _label(example, second, UserFactory(), queue=QueueCode.OVERLAP)

    assert example.label == first
    assert (answer.label, answer.decision) == (second, None)


def test_of_two_who_label_one_text_at_once_the_second_has_an_opinion() -> None:
    example = ExampleFactory()
    first, second = _labels(example)
    _label(example, first, UserFactory())

    answer = _label(example, second, UserFactory())

    assert example.label == first
    assert answer.decision is None


def test_whoever_looks_at_a_mistake_corrects_it() -> None:
    example = ExampleFactory()
    first, second = _labels(example)
    _label(example, first, UserFactory())

    _label(example, second, UserFactory(), queue=QueueCode.MISTAKES)

    assert example.label == second


def test_a_suggestion_is_confirmed_by_an_answer() -> None:
    example = ExampleFactory()
    first, _ = _labels(example)
    decisions.decide(example.pk, label_id=first.pk, source=DecisionSource.LLM, confidence=0.6)

    _label(example, first, UserFactory(), queue=QueueCode.CONFIRM)

    assert (example.label, example.state, example.confidence) == (first, ExampleState.CONFIRMED, None)


def test_an_adjudication_holds() -> None:
    example = ExampleFactory()
    first, second = _labels(example)
    _label(example, first, UserFactory())

    answer = answers.adjudicate(example.pk, label_id=second.pk, by=UserFactory(), now=_NOW)

    example.refresh_from_db()
    assert example.label == second
    assert answer.is_adjudication


def test_a_skip_leaves_the_text_as_it_is_and_counts_once() -> None:
    example, me = ExampleFactory(), UserFactory()

    first = answers.skip(example.pk, by=me, queue=QueueCode.USEFUL, now=_NOW)
    second = answers.skip(example.pk, by=me, queue=QueueCode.USEFUL, now=_NOW)

    example.refresh_from_db()
    assert example.state == ExampleState.UNLABELLED
    assert first == second == Answer.objects.get()


def test_undo_goes_back_answer_by_answer_to_any_depth() -> None:
    me = UserFactory()
    texts = ExampleFactory.create_batch(5, classifier=ExampleFactory().classifier)
    label, other = _labels(texts[0])
    for example in texts[:3]:
        _label(example, label, me)
    answers.skip(texts[3].pk, by=me, queue=QueueCode.USEFUL, now=_NOW)
    _label(texts[4], label, me)
    _label(texts[4], other, me)

    back = [_undo(texts[0], me) for _ in range(7)]

    assert back == [texts[4], texts[4], texts[3], texts[2], texts[1], texts[0], None]
    assert not Example.objects.exclude(state=ExampleState.UNLABELLED).exists()
    assert not Answer.objects.filter(undone_at__isnull=True).exists()


def test_what_was_undone_can_be_answered_again_and_undone_again() -> None:
    example, me = ExampleFactory(), UserFactory()
    first, _ = _labels(example)
    _label(example, first, me)
    _undo(example, me)

    _label(example, first, me)
    assert example.label == first

    _undo(example, me)
    assert example.label is None


def test_undo_brings_the_former_label_back() -> None:
    example, me = ExampleFactory(), UserFactory()
    first, second = _labels(example)
    _label(example, first, UserFactory())
    _label(example, second, me, queue=QueueCode.MISTAKES)

    _undo(example, me)

    assert (example.label, example.state) == (first, ExampleState.CONFIRMED)


def test_undo_brings_the_suggestion_back_as_it_was() -> None:
    example, me = ExampleFactory(), UserFactory()
    first, second = _labels(example)
    decisions.decide(example.pk, label_id=first.pk, source=DecisionSource.LLM, confidence=0.6, reason="It sells.")
    _label(example, second, me, queue=QueueCode.CONFIRM)

    _undo(example, me)

    assert (example.label, example.state, example.confidence) == (first, ExampleState.SUGGESTED, 0.6)
    last = Decision.objects.latest("pk")
    assert (last.source, last.reason) == (DecisionSource.LLM, "It sells.")


def test_a_suggestion_that_came_after_the_answer_shows_once_that_is_undone() -> None:
    example, me = ExampleFactory(), UserFactory()
    first, second = _labels(example)
    _label(example, first, me)
    decisions.decide(example.pk, label_id=second.pk, source=DecisionSource.LLM, confidence=0.9)

    _undo(example, me)

    assert (example.label, example.state) == (second, ExampleState.SUGGESTED)


def test_anothers_later_word_is_not_undone() -> None:
    example, me = ExampleFactory(), UserFactory()
    first, second = _labels(example)
    _label(example, first, me)
    _label(example, second, UserFactory(), queue=QueueCode.DISAGREE)

    assert _undo(example, me) == example
    assert (example.label, example.state) == (second, ExampleState.CONFIRMED)


def test_ones_own_later_word_from_another_screen_is_not_undone() -> None:
    example, me = ExampleFactory(), UserFactory()
    first, second = _labels(example)
    _label(example, first, me)
    decisions.decide(example.pk, label_id=second.pk, source=DecisionSource.PERSON, by=me)

    _undo(example, me)

    assert example.label == second


def test_nobody_undoes_what_another_did() -> None:
    example = ExampleFactory()
    first, _ = _labels(example)
    _label(example, first, UserFactory())

    assert _undo(example, UserFactory()) is None
    assert example.label == first


def test_undo_stays_within_the_classifier() -> None:
    example, me = ExampleFactory(), UserFactory()
    _label(example, _labels(example)[0], me)

    assert answers.undo(ExampleFactory().classifier_id, by=me, now=_NOW) is None


def test_a_second_opinion_is_undone_without_a_trace_on_the_label() -> None:
    example, me = ExampleFactory(), UserFactory()
    first, second = _labels(example)
    _label(example, first, UserFactory())
    _label(example, second, me, queue=QueueCode.OVERLAP)

    assert _undo(example, me) == example
    assert example.label == first
    assert Decision.objects.count() == 1


def test_what_is_undone_lies_before_the_person_again() -> None:
    example, me = ExampleFactory(), UserFactory()
    _label(example, _labels(example)[0], me)

    _undo(example, me)

    assert Lease.objects.get().user == me


@pytest.mark.parametrize("queue", [QueueCode.MISTAKES, QueueCode.DISAGREE])
def test_saying_the_same_of_a_suspect_later_is_kept_as_another_look(queue: QueueCode) -> None:
    example, me = ExampleFactory(), UserFactory()
    label, _ = _labels(example)
    first = _label(example, label, me, queue=queue)

    later = answers.label(
        example.pk, label_id=label.pk, by=me, queue=queue, preselected_id=None, now=_NOW + dt.timedelta(days=1)
    )

    assert later != first
    assert (later.label, later.decision) == (label, None)
    assert Decision.objects.count() == 1
