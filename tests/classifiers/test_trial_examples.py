"""Texts of a test run that become examples, and what takes that back."""

from __future__ import annotations

import datetime as dt

import pytest

from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleOrigin, ExampleState, Label
from classifiers.services import decisions, trial_examples
from classifiers.services.decisions import ForeignLabel
from classifiers.services.trial_examples import NotCorrected
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, UserFactory

pytestmark = pytest.mark.django_db

_NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def _classifier() -> tuple[Classifier, Label, Label]:
    classifier = ClassifierFactory()
    return classifier, *(LabelFactory(classifier=classifier, number=number) for number in range(2))


def _decide(example: Example, label: Label, **values: object) -> None:
    decisions.decide(example.pk, label_id=label.pk, **{"source": DecisionSource.PERSON, **values})


def test_a_new_text_becomes_a_confirmed_example_by_that_person() -> None:
    classifier, _, spam = _classifier()
    person = UserFactory()

    correction = trial_examples.correct(classifier, text="  win a lamp ", label_id=spam.pk, by=person)

    example = Example.objects.get()
    assert (example.text, example.label, example.state) == ("win a lamp", spam, ExampleState.CONFIRMED)
    assert example.origin == ExampleOrigin.TYPED
    assert (correction.example, correction.is_added, correction.is_changed) == (example, True, True)
    decision = Decision.objects.get()
    assert (decision.source, decision.user) == (DecisionSource.PERSON, person)


@pytest.mark.parametrize("state", ["confirmed", "suggested", "unlabelled"])
def test_an_example_that_is_there_gets_the_label(state: str) -> None:
    classifier, fine, spam = _classifier()
    example = ExampleFactory(classifier=classifier, text="Win a lamp", is_golden=True)
    if state != "unlabelled":
        source = DecisionSource.PERSON if state == "confirmed" else DecisionSource.LLM
        _decide(example, fine, source=source)

    correction = trial_examples.correct(classifier, text="win  a LAMP", label_id=spam.pk, by=UserFactory())

    example.refresh_from_db()
    assert (example.label, example.state, example.text) == (spam, ExampleState.CONFIRMED, "Win a lamp")
    assert example.is_golden
    assert (correction.is_added, correction.is_changed) == (False, True)
    assert correction.former == (None if state == "unlabelled" else fine)


def test_a_suggestion_with_the_same_label_is_confirmed() -> None:
    classifier, fine, _ = _classifier()
    example = ExampleFactory(classifier=classifier)
    _decide(example, fine, source=DecisionSource.LLM)

    correction = trial_examples.correct(classifier, text=example.text, label_id=fine.pk, by=UserFactory())

    assert (correction.example.state, correction.is_changed, correction.former) == ("CONFIRMED", True, fine)


def test_an_example_that_has_the_label_stays_as_it_is() -> None:
    classifier, fine, _ = _classifier()
    example = ExampleFactory(classifier=classifier)
    _decide(example, fine)

    correction = trial_examples.correct(classifier, text=example.text, label_id=fine.pk, by=UserFactory())

    assert not correction.is_changed
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("text", ["", "\u200b", "a\x07b", "a\ud800", "x" * 100_001])
def test_a_text_that_cannot_be_an_example_says_why(text: str) -> None:
    classifier, fine, _ = _classifier()

    with pytest.raises(NotCorrected, match=r"\.$"):
        trial_examples.correct(classifier, text=text, label_id=fine.pk, by=UserFactory())
    assert not Example.objects.exists()


def test_a_label_of_another_classifier_is_refused() -> None:
    classifier, *_ = _classifier()

    with pytest.raises(ForeignLabel):
        trial_examples.correct(classifier, text="win", label_id=LabelFactory().pk, by=UserFactory())
    assert not Example.objects.exists()


def test_what_was_added_goes_when_it_is_taken_back() -> None:
    classifier, fine, _ = _classifier()
    person = UserFactory()
    trial_examples.correct(classifier, text="win", label_id=fine.pk, by=person)

    assert trial_examples.take_back(classifier, text="win", by=person, now=_NOW) is None

    assert not Example.objects.exists()


def test_what_was_added_and_then_relabelled_goes_back_one_step() -> None:
    classifier, fine, spam = _classifier()
    person = UserFactory()
    for label in (fine, spam):
        trial_examples.correct(classifier, text="win", label_id=label.pk, by=person)

    undone = trial_examples.take_back(classifier, text="win", by=person, now=_NOW)

    assert undone is not None
    assert undone.label == fine


@pytest.mark.parametrize("is_labelled", [True, False])
def test_an_example_that_was_there_gets_back_what_it_had(is_labelled: bool) -> None:
    classifier, fine, spam = _classifier()
    person = UserFactory()
    example = ExampleFactory(classifier=classifier)
    if is_labelled:
        _decide(example, fine, by=person)
    trial_examples.correct(classifier, text=example.text, label_id=spam.pk, by=person)

    undone = trial_examples.take_back(classifier, text=example.text, by=person, now=_NOW)

    assert undone == example
    assert undone.label == (fine if is_labelled else None)


def test_the_word_of_another_or_of_another_screen_is_not_taken_back() -> None:
    classifier, fine, spam = _classifier()
    person = UserFactory()
    example = trial_examples.correct(classifier, text="win", label_id=fine.pk, by=UserFactory()).example
    with pytest.raises(NotCorrected, match="nothing to undo"):
        trial_examples.take_back(classifier, text="win", by=person, now=_NOW)
    _decide(example, spam, by=person)

    with pytest.raises(NotCorrected, match="nothing to undo"):
        trial_examples.take_back(classifier, text="win", by=person, now=_NOW)
    with pytest.raises(NotCorrected, match="nothing to undo"):
        trial_examples.take_back(classifier, text="never seen", by=person, now=_NOW)
    example.refresh_from_db()
    assert example.label == spam


def test_examples_are_found_by_their_texts_in_this_classifier_only() -> None:
    classifier, *_ = _classifier()
    there = ExampleFactory(classifier=classifier, text="Hello there")
    ExampleFactory(text="elsewhere")

    found = trial_examples.find(classifier, texts=["hello  there", "elsewhere", "a\ud800", "HELLO THERE"])

    assert found == [there, None, None, there]
