"""Suspects set right: once, undone, and what it brought."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from annotation.models import Answer
from annotation.services import corrections, suspects
from annotation.services.answers import BadAnswer
from annotation.services.corrections import Corrections, LabelChanged, NothingToUndo
from classifiers.models import Classifier, DecisionSource, Example, ExampleState, Version
from classifiers.services import decisions
from tests.factories import (
    AnswerFactory,
    ClassifierFactory,
    DoneVersionFactory,
    ExampleFactory,
    HeldOutFactory,
    LabelFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
_HOUR = dt.timedelta(hours=1)


@pytest.fixture
def example() -> Example:
    """Return an example that is Fine, and that the live version takes for Spam."""
    classifier = ClassifierFactory()
    fine = LabelFactory(classifier=classifier, number=0, name="Fine")
    LabelFactory(classifier=classifier, number=1, name="Spam")
    _go_live(classifier, number=1, started_at=NOON)
    example = ExampleFactory(classifier=classifier)
    decisions.decide(example.pk, label_id=fine.pk, source=DecisionSource.PERSON)
    HeldOutFactory(version=classifier.live_version, example=example)
    example.refresh_from_db()
    return example


def _go_live(classifier: Classifier, **values: Any) -> Version:
    version = DoneVersionFactory(classifier=classifier, **values)
    Classifier.objects.filter(pk=classifier.pk).update(live_version=version)
    classifier.live_version = version
    return version


def _settle(example: Example, number: int, *, by: Any, now: dt.datetime = NOON + _HOUR, shown: Any = None) -> Answer:
    labels = {label.number: label.pk for label in example.classifier.labels.all()}
    return corrections.settle(
        example.pk, label_id=labels[number], shown_id=labels[0] if shown is None else shown, likely_id=labels[1],
        by=by, now=now,
    )  # fmt: skip


def test_taking_the_likely_label_gives_it_and_remembers_how(example: Example) -> None:
    person = UserFactory()

    answer = _settle(example, 1, by=person)

    example.refresh_from_db()
    assert (example.label.name, example.state) == ("Spam", ExampleState.CONFIRMED)
    assert (answer.queue, answer.preselected.name, answer.former_label.name) == ("MISTAKES", "Spam", "Fine")
    assert (answer.decision.user, answer.decision.source) == (person, DecisionSource.PERSON)
    assert suspects.ids(example.classifier) == []
    assert corrections.count(example.classifier) == Corrections(fixed=1, kept=0)


def test_keeping_the_label_is_remembered_until_the_next_training(example: Example) -> None:
    _settle(example, 0, by=UserFactory())

    before = suspects.ids(example.classifier)
    version = _go_live(example.classifier, number=2, started_at=NOON + 2 * _HOUR)
    HeldOutFactory(version=version, example=example)

    assert (before, suspects.ids(example.classifier)) == ([], [example.pk])
    assert corrections.count(example.classifier) == Corrections(fixed=0, kept=0)


def test_keeping_it_again_after_the_next_training_is_remembered_again(example: Example) -> None:
    person = UserFactory()
    _settle(example, 0, by=person)
    version = _go_live(example.classifier, number=2, started_at=NOON + 2 * _HOUR)
    HeldOutFactory(version=version, example=example)

    _settle(example, 0, by=person, now=NOON + 3 * _HOUR)

    assert suspects.ids(example.classifier) == []
    assert corrections.count(example.classifier) == Corrections(fixed=0, kept=1)


def test_keeping_a_suggestion_confirms_it(example: Example) -> None:
    Example.objects.filter(pk=example.pk).update(state=ExampleState.SUGGESTED, confidence=0.9)

    _settle(example, 0, by=UserFactory())

    example.refresh_from_db()
    assert (example.label.name, example.state) == ("Fine", ExampleState.CONFIRMED)


def test_a_form_that_is_sent_twice_counts_once(example: Example) -> None:
    person = UserFactory()

    _settle(example, 0, by=person)
    _settle(example, 0, by=person, now=NOON + _HOUR + dt.timedelta(seconds=1))

    assert Answer.objects.count() == 1


def test_a_label_that_somebody_changed_meanwhile_is_not_overwritten(example: Example) -> None:
    _settle(example, 1, by=UserFactory())

    with pytest.raises(LabelChanged, match="changed this label meanwhile"):
        _settle(example, 0, by=UserFactory())
    example.refresh_from_db()
    assert example.label.name == "Spam"


def test_another_classifier_s_label_and_a_deleted_example_are_refused(example: Example) -> None:
    shown, foreign = example.label_id, LabelFactory().pk
    with pytest.raises(BadAnswer):
        corrections.settle(example.pk, label_id=foreign, shown_id=shown, likely_id=None, by=UserFactory(), now=NOON)
    Example.objects.all().delete()

    with pytest.raises(BadAnswer, match="deleted"):
        corrections.settle(example.pk, label_id=shown, shown_id=shown, likely_id=None, by=UserFactory(), now=NOON)


def test_undoing_brings_label_and_suspicion_back(example: Example) -> None:
    person = UserFactory()
    _settle(example, 1, by=person)

    undone = corrections.undo(example.classifier_id, by=person, now=NOON + 2 * _HOUR)

    assert (undone, undone.label.name) == (example, "Fine")
    assert suspects.ids(example.classifier) == [example.pk]
    assert corrections.count(example.classifier) == Corrections(fixed=0, kept=0)
    with pytest.raises(NothingToUndo):
        corrections.undo(example.classifier_id, by=person, now=NOON + 3 * _HOUR)


def test_what_was_answered_elsewhere_or_by_others_is_not_undone_here(example: Example) -> None:
    person = UserFactory()
    _settle(example, 1, by=UserFactory())
    AnswerFactory(example=example, user=person, label=example.label, queue="USEFUL")

    with pytest.raises(NothingToUndo, match="wasn't given here"):
        corrections.undo(example.classifier_id, by=person, now=NOON + 2 * _HOUR)
    assert not Answer.objects.filter(undone_at__isnull=False).exists()


def test_what_fixing_brought_is_told_after_the_next_training(example: Example) -> None:
    Version.objects.update(macro_f1=0.8)
    _settle(example, 1, by=UserFactory())
    before = corrections.find_gain(example.classifier)
    _go_live(example.classifier, number=2, started_at=NOON + 2 * _HOUR, macro_f1=0.85)

    gain = corrections.find_gain(example.classifier)

    assert before is None
    assert gain is not None
    assert (gain.before.number, gain.after.number, gain.fixed) == (1, 2, 1)
    assert gain.is_comparable


def test_without_a_fix_between_two_versions_nothing_is_claimed(example: Example) -> None:
    _settle(example, 0, by=UserFactory())
    _go_live(example.classifier, number=2, started_at=NOON + 2 * _HOUR)

    assert corrections.find_gain(example.classifier) is None


def test_scores_on_different_kinds_of_examples_are_not_compared(example: Example) -> None:
    _settle(example, 1, by=UserFactory())
    _go_live(example.classifier, number=2, started_at=NOON + 2 * _HOUR, scores={"measured_on": "ALL"})

    gain = corrections.find_gain(example.classifier)

    assert gain is not None
    assert not gain.is_comparable


def test_without_a_live_version_there_is_no_gain() -> None:
    assert corrections.find_gain(ClassifierFactory()) is None
