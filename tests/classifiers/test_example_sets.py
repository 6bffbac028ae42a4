"""Many examples at once: another label, or out."""

from __future__ import annotations

import pytest

from classifiers.models import Decision, DecisionSource, Example, ExampleState
from classifiers.services import example_sets
from classifiers.services.decisions import ForeignLabel
from tests.factories import (
    ClassifierFactory,
    DecisionFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def _ids(*examples: Example) -> list[int]:
    return [example.pk for example in examples]


def test_all_get_the_label_by_one_decision_each() -> None:
    label, person = LabelFactory(), UserFactory()
    examples = ExampleFactory.create_batch(3, classifier=label.classifier)

    assert example_sets.relabel(_ids(*examples), label_id=label.pk, by=person) == 3

    assert set(Example.objects.values_list("label", "state")) == {(label.pk, ExampleState.CONFIRMED)}
    assert list(Decision.objects.values_list("source", "user")) == [(DecisionSource.PERSON, person.pk)] * 3


def test_those_that_have_the_label_are_left_as_they_are() -> None:
    has_it = LabelledExampleFactory()
    suggested = LabelledExampleFactory(classifier=has_it.classifier, label=has_it.label, state=ExampleState.SUGGESTED)

    assert example_sets.relabel(_ids(has_it, suggested), label_id=has_it.label_id) == 1

    assert Decision.objects.get().example == suggested


def test_no_label_takes_it_away() -> None:
    decision = DecisionFactory()
    Example.objects.update(label=decision.label, state=ExampleState.CONFIRMED)

    assert example_sets.relabel([decision.example_id], label_id=None) == 1

    assert Example.objects.get().label is None


def test_an_example_that_is_gone_does_not_stop_the_others() -> None:
    label = LabelFactory()
    here, gone = ExampleFactory.create_batch(2, classifier=label.classifier)
    ids = _ids(here, gone)
    gone.delete()

    assert example_sets.relabel(ids, label_id=label.pk) == 1


def test_another_classifier_s_label_changes_nothing() -> None:
    with pytest.raises(ForeignLabel):
        example_sets.relabel([ExampleFactory().pk], label_id=LabelFactory().pk)

    assert not Decision.objects.exists()


@pytest.mark.slow
def test_more_than_a_chunk_is_done_completely() -> None:
    label = LabelFactory()
    examples = ExampleFactory.create_batch(501, classifier=label.classifier)

    assert example_sets.relabel(_ids(*examples), label_id=label.pk) == 501
    assert example_sets.delete(_ids(*examples)) == 501


def test_deleted_examples_go_with_their_decisions() -> None:
    decision, other = DecisionFactory(), ExampleFactory(classifier=ClassifierFactory())

    assert example_sets.delete([decision.example_id, decision.example_id + 1_000]) == 1

    assert Example.objects.get() == other
    assert not Decision.objects.exists()
