"""Labels that are probably wrong: who says so, in which order, and what is left out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from annotation.models import Annotation, AnnotationRun, Annotator
from annotation.services import suspects
from classifiers.models import Classifier, Example, ExampleState, HeldOut, Label, Version
from classifiers.services import guidelines
from moderation.runs import RunState
from tests.factories import (
    AnswerFactory,
    ClassifierFactory,
    DoneVersionFactory,
    ExampleFactory,
    HeldOutFactory,
    LabelFactory,
    LabelledExampleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
_HOUR = dt.timedelta(hours=1)


@pytest.fixture
def version() -> Version:
    classifier = ClassifierFactory()
    for number, name in enumerate(("Fine", "Spam", "Rude")):
        LabelFactory(classifier=classifier, number=number, name=name)
    version = DoneVersionFactory(classifier=classifier, number=3, started_at=NOON)
    Classifier.objects.filter(pk=classifier.pk).update(live_version=version)
    version.classifier.refresh_from_db()
    return version


def _label(version: Version, number: int) -> Label:
    return version.classifier.labels.get(number=number)


def _contradict(version: Version, *, own: int = 0, **values: Any) -> Example:
    """Return an example that the version takes for another label: for Spam, unless told otherwise."""
    example = LabelledExampleFactory(classifier=version.classifier, label=_label(version, own))
    row = {"predicted_number": 1, "score": 0.8, "near_predicted": 10, "near_own": 5} | values
    HeldOutFactory(version=version, example=example, label_number=own, **row)
    return example


def _annotate(example: Example, label: Label, **values: Any) -> Annotation:
    """Let a language model say what the example is."""
    run = AnnotationRun.objects.create(
        classifier=example.classifier,
        guidelines=guidelines.record(example.classifier_id),
        annotator=values.pop("annotator", Annotator.LLM),
        pick="ALL",
        state=RunState.SUCCEEDED,
    )
    said = {"state": "LABELLED", "confidence": 0.9, "answered_at": NOON, "text_key": example.text_key}
    return Annotation.objects.create(run=run, example=example, label=label, **said | values)


def _found(version: Version) -> list[int]:
    return suspects.ids(version.classifier)


def test_what_more_voices_contradict_comes_first(version: Version) -> None:
    model_alone = _contradict(version, score=0.99, near_predicted=10, near_own=10)
    with_neighbors = _contradict(version, score=0.8, near_predicted=18, near_own=2)
    with_all = _contradict(version, score=0.6, near_predicted=15, near_own=5)
    _annotate(with_all, _label(version, 1))

    assert _found(version) == [with_all.pk, with_neighbors.pk, model_alone.pk]


def test_of_equals_the_older_example_comes_first(version: Version) -> None:
    examples = [_contradict(version) for _ in range(3)]

    assert _found(version) == [example.pk for example in examples]


def test_an_example_that_nobody_contradicts_is_none(version: Version) -> None:
    agreed = LabelledExampleFactory(classifier=version.classifier, label=_label(version, 1))
    HeldOutFactory(version=version, example=agreed, label_number=1, predicted_number=1, score=0.9)
    _annotate(agreed, _label(version, 1))
    ExampleFactory(classifier=version.classifier)

    assert _found(version) == []


def test_where_as_much_speaks_for_the_label_it_is_none(version: Version) -> None:
    _contradict(version, score=0.6, near_predicted=4, near_own=16)
    backed = _contradict(version, score=0.8, near_predicted=10, near_own=10)
    _annotate(backed, _label(version, 0), confidence=0.9)

    assert _found(version) == []


def test_the_likely_label_is_the_one_that_most_speaks_for(version: Version) -> None:
    example = _contradict(version, score=0.5, near_predicted=6, near_own=6)
    _annotate(example, _label(version, 2), confidence=0.95)

    (suspect,) = suspects.ranked(version.classifier, limit=9)

    assert suspect.likely == _label(version, 2)
    assert suspect.score == pytest.approx((0.95 - 0.3) / 3)


def test_the_reasons_say_who_says_what(version: Version) -> None:
    example = _contradict(version, score=0.97, near_predicted=14, near_own=3)
    _annotate(example, _label(version, 1), confidence=0.88, reason="It asks to pay elsewhere.")

    (suspect,) = suspects.ranked(version.classifier, limit=9)

    assert (suspect.example, suspect.likely) == (example, _label(version, 1))
    assert suspect.reasons == (
        "Version 3, not having seen it, says “Spam”, 97 % sure.",
        "Of the examples nearest to it, 14 are “Spam” and 3 “Fine”.",
        "The language model says “Spam”, 88 % sure: It asks to pay elsewhere.",
    )


def test_a_language_model_alone_is_heard_even_without_a_version() -> None:
    label = LabelFactory(name="Fine")
    other = LabelFactory(classifier=label.classifier, name="Spam")
    sure, unsure, unsaid = (LabelledExampleFactory(classifier=label.classifier, label=label) for _ in range(3))
    _annotate(unsure, other, confidence=0.2)
    _annotate(sure, other, confidence=0.9)
    _annotate(unsaid, other, confidence=None)

    found = suspects.ranked(label.classifier, limit=9)

    assert [suspect.example for suspect in found] == [sure, unsaid, unsure]
    assert found[1].reasons == ("The language model says “Spam”.",)


def test_only_a_language_model_s_last_word_counts(version: Version) -> None:
    taken_back = LabelledExampleFactory(classifier=version.classifier, label=_label(version, 0))
    _annotate(taken_back, _label(version, 1))
    _annotate(taken_back, _label(version, 0))
    changed_mind = LabelledExampleFactory(classifier=version.classifier, label=_label(version, 0))
    _annotate(changed_mind, _label(version, 0))
    _annotate(changed_mind, _label(version, 2))

    (suspect,) = suspects.ranked(version.classifier, limit=9)

    assert (suspect.example, suspect.likely) == (changed_mind, _label(version, 2))


def test_what_was_said_of_another_text_or_by_the_offline_annotator_does_not_count(version: Version) -> None:
    for values in ({"text_key": "0" * 64}, {"annotator": Annotator.OFFLINE}):
        example = LabelledExampleFactory(classifier=version.classifier, label=_label(version, 0))
        _annotate(example, _label(version, 1), **values)

    assert _found(version) == []


def test_a_label_that_was_changed_since_the_training_is_not_suspected(version: Version) -> None:
    changed, cleared = _contradict(version), _contradict(version)
    Example.objects.filter(pk=changed.pk).update(label=_label(version, 2))
    Example.objects.filter(pk=cleared.pk).update(label=None, state=ExampleState.UNLABELLED)

    assert _found(version) == []


@pytest.mark.parametrize(
    ("answer", "is_left"),
    [
        ({"queue": "MISTAKES", "created_at": NOON + _HOUR}, False),
        ({"queue": "DISAGREE", "created_at": NOON + _HOUR}, False),
        ({"queue": "MISTAKES", "created_at": NOON - _HOUR}, True),
        ({"queue": "MISTAKES", "created_at": NOON + _HOUR, "undone_at": NOON + 2 * _HOUR}, True),
        ({"queue": "MISTAKES", "created_at": NOON + _HOUR, "label": None}, True),
        ({"queue": "USEFUL", "created_at": NOON + _HOUR}, True),
    ],
    ids=["kept", "kept elsewhere", "before the training", "undone", "skipped", "not knowing"],
)
def test_what_a_person_has_kept_stays_away_until_the_next_training(
    version: Version, answer: dict[str, Any], is_left: bool
) -> None:
    example = _contradict(version)
    values = {"label": _label(version, 0)} | answer
    AnswerFactory(example=example, user=UserFactory(), **values)

    assert _found(version) == ([example.pk] if is_left else [])


@pytest.mark.parametrize(("answered_at", "is_left"), [(NOON, False), (NOON + 2 * _HOUR, True)])
def test_a_label_kept_after_a_language_model_spoke_comes_back_when_it_speaks_again(
    version: Version, answered_at: dt.datetime, is_left: bool
) -> None:
    example = LabelledExampleFactory(classifier=version.classifier, label=_label(version, 0))
    _annotate(example, _label(version, 1), answered_at=answered_at)
    AnswerFactory(example=example, label=_label(version, 0), queue="MISTAKES", created_at=NOON + _HOUR)

    assert _found(version) == ([example.pk] if is_left else [])


def test_a_version_without_neighbors_has_its_surest_mistakes(version: Version) -> None:
    unsure, sure = (_contradict(version, score=score, near_predicted=None, near_own=None) for score in (0.6, 0.9))

    found = suspects.ranked(version.classifier, limit=9)

    assert [suspect.example for suspect in found] == [sure, unsure]
    assert found[0].reasons == ("Version 3, not having seen it, says “Spam”, 90 % sure.",)


def test_suggestions_can_be_suspected_too(version: Version) -> None:
    example = _contradict(version, is_measured=False)
    Example.objects.filter(pk=example.pk).update(state=ExampleState.SUGGESTED, confidence=0.9)

    assert _found(version) == [example.pk]


def test_only_the_live_version_of_the_classifier_is_asked(version: Version) -> None:
    other = DoneVersionFactory(classifier=version.classifier, number=9, started_at=timezone.now())
    _contradict(other)
    _contradict(DoneVersionFactory(classifier=_two_labels(), number=1))

    assert _found(version) == []


def _two_labels() -> Classifier:
    classifier = ClassifierFactory()
    for number in range(2):
        LabelFactory(classifier=classifier, number=number)
    return classifier


def test_no_more_are_given_than_asked_for(version: Version) -> None:
    for _ in range(3):
        _contradict(version)

    assert len(suspects.ranked(version.classifier, limit=2)) == 2


def test_many_suspects_take_no_more_queries_than_few(version: Version, django_assert_max_num_queries: Any) -> None:
    _annotate(_contradict(version), _label(version, 1))
    with django_assert_max_num_queries(20) as for_one:
        suspects.ranked(version.classifier, limit=20)
    for _ in range(5):
        _annotate(_contradict(version), _label(version, 2))

    with django_assert_max_num_queries(len(for_one)):
        found = suspects.ranked(version.classifier, limit=20)

    assert len(found) == 6
    assert HeldOut.objects.count() == 6
