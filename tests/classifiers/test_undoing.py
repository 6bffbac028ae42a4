"""Undoing a decision adds one, after which the example is as it was."""

from __future__ import annotations

import datetime as dt

import pytest

from classifiers.models import Decision, DecisionSource, Example, ExampleState, Label
from classifiers.services import decisions, undoing
from classifiers.services.undoing import NothingToUndo
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, UserFactory

pytestmark = pytest.mark.django_db

_NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def labels() -> list[Label]:
    classifier = ClassifierFactory()
    return [LabelFactory(classifier=classifier, number=number) for number in range(2)]


def _decided(labels: list[Label], *given: tuple[DecisionSource, int | None]) -> Example:
    example = ExampleFactory(classifier=labels[0].classifier)
    for source, number in given:
        decisions.decide(
            example.pk, label_id=None if number is None else labels[number].pk, source=source, confidence=0.5
        )
    return example


def _undo(example: Example, *, minutes: int = 0) -> tuple[Label | None, str]:
    undone = undoing.undo_last(example.pk, now=_NOON + dt.timedelta(minutes=minutes))
    example.refresh_from_db()
    assert (example.label_id, example.state) == (undone.label_id, undone.state)
    return example.label, example.state


_PERSON, _LLM = DecisionSource.PERSON, DecisionSource.LLM


def test_the_label_before_comes_back(labels: list[Label]) -> None:
    example = _decided(labels, (DecisionSource.IMPORT, 0), (_PERSON, 1))

    assert _undo(example) == (labels[0], ExampleState.CONFIRMED)


def test_the_first_label_is_taken_away_again(labels: list[Label]) -> None:
    assert _undo(_decided(labels, (_PERSON, 1))) == (None, ExampleState.UNLABELLED)


def test_a_label_that_was_taken_away_comes_back(labels: list[Label]) -> None:
    assert _undo(_decided(labels, (_PERSON, 1), (_PERSON, None))) == (labels[1], ExampleState.CONFIRMED)


def test_a_suggestion_that_was_confirmed_is_a_suggestion_again(labels: list[Label]) -> None:
    example = _decided(labels, (_LLM, 0), (_PERSON, 1))

    assert _undo(example) == (labels[0], ExampleState.SUGGESTED)
    again = Decision.objects.order_by("-pk").first()
    assert again is not None
    assert (again.source, again.confidence) == (_LLM, 0.5)


@pytest.mark.parametrize(
    "given",
    [[(_PERSON, 0), (_PERSON, 1)], [(_PERSON, 0)], [(_LLM, 0), (_PERSON, 0)], [(_LLM, 0)], [(_PERSON, 0), (_LLM, 1)]],
    ids=["changed", "first", "confirmed", "suggested", "without effect"],
)
def test_undoing_twice_brings_the_decision_back(
    labels: list[Label], given: list[tuple[DecisionSource, int | None]]
) -> None:
    example = _decided(labels, *given)
    example.refresh_from_db()
    before = (example.label, example.state)

    between, after = _undo(example), _undo(example, minutes=1)

    assert between != before
    assert after == before


def test_nothing_is_removed_and_it_is_said_who_undid(labels: list[Label]) -> None:
    example, person = _decided(labels, (_PERSON, 0)), UserFactory()

    undoing.undo_last(example.pk, now=_NOON, by=person)

    first, second = Decision.objects.order_by("pk")
    assert (first.label, second.label) == (labels[0], None)
    assert (second.user, second.reason, second.created_at) == (person, "Undid the last decision.", _NOON)


def test_a_suggestion_without_effect_is_passed_over(labels: list[Label]) -> None:
    example = _decided(labels, (_PERSON, 0), (_LLM, 1))

    assert _undo(example) == (None, ExampleState.UNLABELLED)


def test_without_a_decision_there_is_nothing_to_undo(labels: list[Label]) -> None:
    example = _decided(labels)

    with pytest.raises(NothingToUndo, match="Nothing was decided"):
        undoing.undo_last(example.pk, now=_NOON)

    assert undoing.find_last(example.pk) is None


def test_the_last_decision_is_the_one_that_holds(labels: list[Label]) -> None:
    example = _decided(labels, (_PERSON, 0), (_PERSON, 1), (_LLM, 0))

    last = undoing.find_last(example.pk)

    assert last is not None
    assert (last.source, last.label) == (_PERSON, labels[1])
