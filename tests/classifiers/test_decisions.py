"""The one rule by which an example gets its label and state."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from classifiers.models import Decision, DecisionSource, Example, ExampleState
from classifiers.services import decisions
from classifiers.services.decisions import ForeignLabel
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, UserFactory

PERSON, IMPORT, LLM, MODEL = (
    DecisionSource.PERSON,
    DecisionSource.IMPORT,
    DecisionSource.LLM,
    DecisionSource.MODEL,
)
CONFIRMED, SUGGESTED, UNLABELLED = ExampleState.CONFIRMED, ExampleState.SUGGESTED, ExampleState.UNLABELLED

HISTORIES = {
    "nothing": ([], (None, UNLABELLED)),
    "a person": ([(PERSON, 1)], (1, CONFIRMED)),
    "an import": ([(IMPORT, 1)], (1, CONFIRMED)),
    "a language model": ([(LLM, 1)], (1, SUGGESTED)),
    "the last suggestion": ([(LLM, 1), (MODEL, 2)], (2, SUGGESTED)),
    "the last person": ([(PERSON, 1), (PERSON, 2)], (2, CONFIRMED)),
    "an import after a person": ([(PERSON, 1), (IMPORT, 2)], (2, CONFIRMED)),
    "a person after a suggestion": ([(LLM, 1), (PERSON, 2)], (2, CONFIRMED)),
    "a suggestion after a person": ([(PERSON, 1), (LLM, 2)], (1, CONFIRMED)),
    "a suggestion after an import": ([(IMPORT, 1), (LLM, 2)], (1, CONFIRMED)),
    "taken away": ([(PERSON, 1), (PERSON, None)], (None, UNLABELLED)),
    "a suggestion before it was taken away": ([(LLM, 1), (PERSON, None)], (None, UNLABELLED)),
    "a suggestion after it was taken away": ([(PERSON, 1), (PERSON, None), (LLM, 2)], (2, SUGGESTED)),
}


@pytest.mark.parametrize(("history", "outcome"), HISTORIES.values(), ids=HISTORIES.keys())
def test_label_and_state_follow_from_the_decisions(
    history: list[tuple[DecisionSource, int | None]], outcome: tuple[int | None, ExampleState]
) -> None:
    given = [Decision(source=source, label_id=label_id) for source, label_id in history]

    assert decisions.settle(given) == outcome


@pytest.mark.django_db
def test_a_decision_is_kept_and_gives_the_example_its_label() -> None:
    example, person = ExampleFactory(), UserFactory()
    label = LabelFactory(classifier=example.classifier)

    returned = decisions.decide(example.pk, label_id=label.pk, source=PERSON, by=person, reason="Sure.")

    example.refresh_from_db()
    assert (example.label, example.state) == (label, CONFIRMED)
    assert (returned.label_id, returned.state) == (label.pk, CONFIRMED)
    kept = Decision.objects.get()
    assert (kept.example, kept.label, kept.source, kept.user, kept.reason) == (example, label, PERSON, person, "Sure.")


@pytest.mark.django_db
def test_a_person_takes_a_label_away() -> None:
    example = ExampleFactory()
    label = LabelFactory(classifier=example.classifier)
    decisions.decide(example.pk, label_id=label.pk, source=PERSON)

    decisions.decide(example.pk, label_id=None, source=PERSON)

    example.refresh_from_db()
    assert (example.label, example.state) == (None, UNLABELLED)
    assert example.decisions.count() == 2


@pytest.mark.django_db
def test_a_label_of_another_classifier_is_refused_and_nothing_kept() -> None:
    example, foreign = ExampleFactory(), LabelFactory()

    with pytest.raises(ForeignLabel, match="Choose one of this classifier's own"):
        decisions.decide(example.pk, label_id=foreign.pk, source=PERSON)

    example.refresh_from_db()
    assert (example.state, Decision.objects.count()) == (UNLABELLED, 0)


@pytest.mark.django_db
def test_a_label_that_is_gone_is_refused() -> None:
    with pytest.raises(ForeignLabel):
        decisions.decide(ExampleFactory().pk, label_id=0, source=PERSON)


@pytest.mark.django_db
def test_an_example_that_is_gone_is_refused() -> None:
    with pytest.raises(Example.DoesNotExist):
        decisions.decide(0, label_id=None, source=PERSON)


@pytest.mark.django_db
def test_many_decisions_are_kept_at_once_in_their_order() -> None:
    classifier = ClassifierFactory()
    first, second = LabelFactory.create_batch(2, classifier=classifier)
    examples = ExampleFactory.create_batch(3, classifier=classifier)
    given = [(examples[0], first, LLM), (examples[1], second, IMPORT), (examples[0], second, PERSON)]

    decisions.add([Decision(example=example, label=label, source=source) for example, label, source in given])

    for example in examples:
        example.refresh_from_db()
    assert [(example.label, example.state) for example in examples] == [
        (second, CONFIRMED),
        (second, CONFIRMED),
        (None, UNLABELLED),
    ]


@pytest.mark.django_db
def test_many_decisions_take_as_many_queries_as_a_few() -> None:
    classifier = ClassifierFactory()
    label = LabelFactory(classifier=classifier)
    counts = []

    for size in (2, 60):
        examples = ExampleFactory.create_batch(size, classifier=classifier)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            decisions.add([Decision(example=example, label=label, source=IMPORT) for example in examples])
        counts.append(len(queries))

    assert counts[0] == counts[1]
