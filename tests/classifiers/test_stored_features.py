"""How many features are stored for which encoder, which examples lack them, and how the others' are deleted."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Q

from classifiers.models import Embedding, ExampleState
from classifiers.services import stored_features
from tests.encoders import NEW, OLD
from tests.factories import ClassifierFactory, EmbeddingFactory, ExampleFactory, LabelledExampleFactory

pytestmark = pytest.mark.django_db


def test_features_are_counted_by_encoder_the_most_first() -> None:
    EmbeddingFactory(encoder_id=NEW)
    EmbeddingFactory.create_batch(2, encoder_id=OLD)

    assert list(stored_features.counts().items()) == [(OLD, 2), (NEW, 1)]


def test_an_example_is_unread_until_this_encoder_has_its_features() -> None:
    classifier = ClassifierFactory()
    read, other, none = ExampleFactory.create_batch(3, classifier=classifier)
    EmbeddingFactory(example=read, encoder_id=NEW)
    EmbeddingFactory(example=other, encoder_id=OLD)

    assert stored_features.unread(NEW) == {classifier.pk: 2}
    assert stored_features.unread(OLD) == {classifier.pk: 2}
    assert none.classifier_id == classifier.pk


def test_a_text_of_two_classifiers_is_read_for_both() -> None:
    first, second = ExampleFactory(text="hello"), ExampleFactory(text="hello")
    assert stored_features.unread(NEW) == {first.classifier_id: 1, second.classifier_id: 1}

    EmbeddingFactory(example=first, encoder_id=NEW)

    assert stored_features.unread(NEW) == {}


def test_unread_can_be_narrowed() -> None:
    example = ExampleFactory()
    LabelledExampleFactory(classifier=example.classifier)

    unread = stored_features.unread(NEW, among=Q(state=ExampleState.CONFIRMED))

    assert unread == {example.classifier_id: 1}


def test_features_of_other_encoders_are_deleted_in_batches() -> None:
    EmbeddingFactory.create_batch(3, encoder_id=OLD)
    EmbeddingFactory.create_batch(2, encoder_id="older-1")
    EmbeddingFactory(encoder_id=NEW)

    deleted = list(stored_features.delete_others(keep=NEW, batch=2))

    assert deleted == [2, 2, 1]
    assert stored_features.counts() == {NEW: 1}


def test_who_stops_early_keeps_the_rest() -> None:
    EmbeddingFactory.create_batch(3, encoder_id=OLD)

    next(stored_features.delete_others(keep=NEW, batch=2))

    assert (Embedding.objects.count(), stored_features.count_others(keep=NEW)) == (1, 1)


def test_counting_takes_one_query_however_many_encoders(django_assert_num_queries: Any) -> None:
    for encoder_id in (NEW, OLD, "older-1"):
        EmbeddingFactory(encoder_id=encoder_id)

    with django_assert_num_queries(1):
        stored_features.counts()
