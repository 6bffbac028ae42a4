"""What a training learns from: every confirmed label, and suggestions that are sure enough; what is set aside isn't."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count

from classifiers.models import Classifier, Example, ExampleState, Label
from classifiers.services import training_sets
from classifiers.services.training_sets import Snapshot
from moderation.runs import RunError
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, LabelledExampleFactory

pytestmark = pytest.mark.django_db


def _suggest(label: Label, confidence: float | None, **values: Any) -> Example:
    return LabelledExampleFactory(
        classifier=label.classifier, label=label, state=ExampleState.SUGGESTED, confidence=confidence, **values
    )


def _set_aside(label: Label, **values: Any) -> Example:
    return LabelledExampleFactory(classifier=label.classifier, label=label, is_golden=True, **values)


def _taken(classifier: Classifier) -> set[int]:
    return set(training_sets.take(classifier.pk)[0].example_ids)


@pytest.mark.parametrize(
    ("chosen", "confidence", "is_taken"),
    [
        ({}, 0.7, True),
        ({}, 1.0, True),
        ({}, 0.69, False),
        ({}, None, False),
        ({"suggestion_floor": 0.0}, 0.0, True),
        ({"suggestion_floor": 0.0}, None, False),
        ({"suggestion_floor": 1.0}, 0.999, False),
        ({"trains_on_suggestions": False}, 1.0, False),
    ],
)
def test_a_suggestion_is_learnt_from_if_it_is_sure_enough(
    chosen: dict[str, Any], confidence: float | None, is_taken: bool
) -> None:
    label = LabelFactory(classifier=ClassifierFactory(**chosen))
    confirmed, suggestion = (
        LabelledExampleFactory(classifier=label.classifier, label=label),
        _suggest(label, confidence),
    )

    counts = training_sets.count(label.classifier)

    assert _taken(label.classifier) == ({confirmed.pk, suggestion.pk} if is_taken else {confirmed.pk})
    assert (counts.suggested, counts.sure) == ({label.pk: 1}, {label.pk: 1} if is_taken else {})
    assert counts.learnt_from(label.pk) == 1 + is_taken


def test_every_kind_is_counted_for_its_label() -> None:
    label = LabelFactory()
    other = LabelFactory(classifier=label.classifier)
    LabelledExampleFactory.create_batch(3, classifier=label.classifier, label=label)
    LabelledExampleFactory(classifier=label.classifier, label=other)
    _suggest(other, 0.9)
    _suggest(other, 0.1)
    ExampleFactory.create_batch(2, classifier=label.classifier)
    LabelledExampleFactory()

    counts = training_sets.count(label.classifier)

    assert (counts.confirmed, counts.suggested) == ({label.pk: 3, other.pk: 1}, {other.pk: 2})
    assert (counts.sure, counts.unlabelled, counts.labelled(other.pk)) == ({other.pk: 1}, 2, 3)


def test_counting_takes_three_queries_however_many_labels_there_are(django_assert_num_queries: Any) -> None:
    classifier = ClassifierFactory()
    for _ in range(5):
        label = LabelFactory(classifier=classifier)
        _suggest(label, 0.9)
        _set_aside(label)

    with django_assert_num_queries(3):
        training_sets.count(classifier)


def test_what_is_set_aside_is_never_learnt_from() -> None:
    label = LabelFactory()
    learnt = LabelledExampleFactory(classifier=label.classifier, label=label)
    golden = _set_aside(label)
    # Marked while they were confirmed; then their labels were taken away, and a machine suggested others.
    _suggest(label, 0.9, is_golden=True)
    _suggest(label, 0.1, is_golden=True)
    ExampleFactory(classifier=label.classifier, is_golden=True)

    counts = training_sets.count(label.classifier)

    assert _taken(label.classifier) == {learnt.pk}
    assert (counts.confirmed, counts.golden, counts.sure) == ({label.pk: 2}, {label.pk: 1}, {})
    assert (counts.suggested, counts.unlabelled) == ({label.pk: 2}, 1)
    assert (counts.learnt_from(label.pk), counts.labelled(label.pk)) == (1, 4)
    assert golden.pk not in _taken(label.classifier)


def test_suggestions_that_are_sure_count_beside_those_that_are_set_aside() -> None:
    label = LabelFactory()
    _suggest(label, 0.9)
    _suggest(label, 0.9, is_golden=True)

    counts = training_sets.count(label.classifier)

    assert (counts.sure, counts.learnt_from(label.pk)) == ({label.pk: 1}, 1)


def test_the_golden_set_is_what_is_set_aside_and_confirmed() -> None:
    label = LabelFactory(number=3)
    LabelledExampleFactory(classifier=label.classifier, label=label)
    _suggest(label, 1.0, is_golden=True)
    ExampleFactory(classifier=label.classifier, is_golden=True)
    _set_aside(LabelFactory())
    second, first = _set_aside(label, text_key="b" * 64), _set_aside(label, text_key="a" * 64)

    taken = training_sets.take_golden(label.classifier_id)

    assert taken is not None
    snapshot, texts = taken
    assert (snapshot.example_ids, snapshot.label_numbers) == ((first.pk, second.pk), (3, 3))
    assert (snapshot.suggested_count, texts) == (0, {"a" * 64: first.text, "b" * 64: second.text})


def test_without_a_golden_set_there_is_none_to_take() -> None:
    assert training_sets.take_golden(LabelledExampleFactory().classifier_id) is None


def test_where_all_labelled_examples_are_set_aside_there_is_nothing_to_learn_from() -> None:
    label = LabelFactory()
    _set_aside(label)

    with pytest.raises(RunError, match="no labelled examples any more"):
        training_sets.take(label.classifier_id)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="A plan of SQLite's.")
def test_golden_examples_are_found_by_their_own_index() -> None:
    golden = Example.objects.filter(classifier_id=1, is_golden=True).order_by()
    counted = golden.values_list("state", "label").annotate(Count("pk"))

    assert "USING INDEX example_golden_idx" in counted.explain()


def test_a_snapshot_says_which_labels_are_confirmed_in_the_order_of_the_keys() -> None:
    label = LabelFactory(number=4)
    suggested = _suggest(label, 0.9, text_key="b" * 64)
    confirmed = LabelledExampleFactory(classifier=label.classifier, label=label, text_key="a" * 64)

    snapshot, texts = training_sets.take(label.classifier_id)

    assert snapshot.example_ids == (confirmed.pk, suggested.pk)
    assert (snapshot.is_confirmed, snapshot.suggested_count, snapshot.label_numbers) == ((True, False), 1, (4, 4))
    assert texts == {"a" * 64: confirmed.text, "b" * 64: suggested.text}


def test_without_a_label_there_is_nothing_to_learn_from() -> None:
    with pytest.raises(RunError, match="no labelled examples any more"):
        training_sets.take(ExampleFactory().classifier_id)


def test_the_hash_changes_when_a_suggestion_is_confirmed_and_only_then() -> None:
    snapshot = Snapshot(example_ids=(1, 2), keys=("a", "b"), label_numbers=(0, 1), is_confirmed=(True, False))
    confirmed = replace(snapshot, is_confirmed=(True, True))

    assert snapshot.sha256 == replace(snapshot, example_ids=(7, 8)).sha256
    assert snapshot.sha256 != confirmed.sha256
    # As it was before there were suggestions: the same data keep their hash.
    assert confirmed.sha256 == sha256(b"a:0\nb:1\n").hexdigest()
