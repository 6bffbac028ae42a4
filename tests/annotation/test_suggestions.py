"""A suggestion becomes a person's word, and only what that person saw."""

from __future__ import annotations

from typing import Any

import pytest

from annotation.services import suggestions
from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleState
from classifiers.services import decisions
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def classifier() -> Classifier:
    found: Classifier = ClassifierFactory()
    LabelFactory(classifier=found, number=0, name="Fine")
    LabelFactory(classifier=found, number=1, name="Spam")
    return found


def _suggested(classifier: Classifier, *, confidence: float = 0.9, name: str = "Spam") -> Example:
    example = ExampleFactory(classifier=classifier)
    label = classifier.labels.get(name=name)
    return decisions.decide(example.pk, label_id=label.pk, source=DecisionSource.LLM, confidence=confidence)


def test_a_confirmed_suggestion_is_the_person_s_decision(classifier: Classifier) -> None:
    example, person = _suggested(classifier), UserFactory()

    assert suggestions.confirm(classifier.pk, [example.pk], person) == 1

    example.refresh_from_db()
    last = Decision.objects.latest("pk")
    assert (example.state, example.label.name, example.confidence) == (ExampleState.CONFIRMED, "Spam", None)
    assert (last.source, last.user, last.label) == (DecisionSource.PERSON, person, example.label)


def test_what_has_no_suggestion_is_left_alone(classifier: Classifier) -> None:
    person = UserFactory()
    unlabelled = ExampleFactory(classifier=classifier)
    label = classifier.labels.get(name="Fine")
    confirmed = ExampleFactory(classifier=classifier)
    decisions.decide(confirmed.pk, label_id=label.pk, source=DecisionSource.PERSON, by=person)
    foreign = ClassifierFactory()
    LabelFactory(classifier=foreign, number=0, name="Spam")
    other = _suggested(foreign)

    assert suggestions.confirm(classifier.pk, [unlabelled.pk, confirmed.pk, other.pk, 0], person) == 0

    assert Decision.objects.count() == 2


def test_confirming_twice_confirms_once(classifier: Classifier) -> None:
    example, person = _suggested(classifier), UserFactory()

    assert suggestions.confirm(classifier.pk, [example.pk, example.pk], person) == 1
    assert suggestions.confirm(classifier.pk, [example.pk], person) == 0


def test_what_is_suggested_otherwise_by_now_isn_t_confirmed(classifier: Classifier) -> None:
    seen, changed = _suggested(classifier), _suggested(classifier)
    fine, spam = classifier.labels.order_by("number")
    decisions.decide(changed.pk, label_id=fine.pk, source=DecisionSource.LLM, confidence=0.9)

    done = suggestions.confirm(
        classifier.pk, [seen.pk, changed.pk], UserFactory(), seen={seen.pk: spam.pk, changed.pk: spam.pk}
    )

    changed.refresh_from_db()
    assert (done, changed.state) == (1, ExampleState.SUGGESTED)


def test_the_surest_are_confirmed_from_the_floor_on(classifier: Classifier) -> None:
    examples = [_suggested(classifier, confidence=confidence) for confidence in (0.5, 0.8, 0.95)]
    unsure = ExampleFactory(classifier=classifier)
    decisions.decide(unsure.pk, label_id=classifier.labels.get(number=0).pk, source=DecisionSource.MODEL)

    assert suggestions.confirm_surest(classifier.pk, 0.8, UserFactory()) == 2

    states = list(Example.objects.filter(pk__in=[each.pk for each in examples]).order_by("pk").values_list("state"))
    assert states == [("SUGGESTED",), ("CONFIRMED",), ("CONFIRMED",)]


def test_one_call_takes_on_a_limited_number_and_the_next_goes_on(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "MOST_AT_ONCE", 3)
    for _ in range(5):
        _suggested(classifier)

    counts = [suggestions.confirm_surest(classifier.pk, 0.5, UserFactory()) for _ in range(3)]

    assert counts == [3, 2, 0]


@pytest.mark.slow
def test_thousands_are_confirmed_with_few_questions(classifier: Classifier, django_assert_max_num_queries: Any) -> None:
    spam = classifier.labels.get(name="Spam")
    examples = Example.objects.bulk_create(ExampleFactory.build_batch(1_000, classifier=classifier))
    decisions.add([Decision(example=each, label=spam, source=DecisionSource.LLM, confidence=0.9) for each in examples])

    with django_assert_max_num_queries(40):
        assert suggestions.confirm_surest(classifier.pk, 0.5, UserFactory()) == 1_000
