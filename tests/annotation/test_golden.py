"""No machine that helps to label learns from the golden set: else its answers on it would be known beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotation.asking import LabelRule
from annotation.models import QueueMap
from annotation.services import maps, offline_models, pools
from classifiers.models import Label
from classifiers.services import golden
from tests import encoders
from tests.factories import EmbeddingFactory, LabelFactory, LabelledExampleFactory, QueueRunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def label() -> Label:
    """Return a label with one example to learn from and one that is set aside."""
    made: Label = LabelFactory(number=0)
    LabelledExampleFactory(classifier=made.classifier, label=made, text="learnt from")
    aside = LabelledExampleFactory(classifier=made.classifier, label=made, text="set aside")
    golden.set_aside(made.classifier_id, ids=[aside.pk])
    return made


def test_the_queue_does_not_learn_from_it(label: Label) -> None:
    assert [text.content for text in pools.known(label.classifier_id, most=10)] == ["learnt from"]


def test_the_offline_annotator_does_not_learn_from_it(label: Label) -> None:
    rules = [LabelRule(0, label.name)]

    learnt = offline_models.confirmed(label.classifier_id, labels=rules, most=10)

    assert [example.text for example in learnt] == ["learnt from"]


def test_where_a_label_lies_is_not_told_by_it(label: Label, settings: Any, tmp_path: Any) -> None:
    encoders.use(settings, tmp_path)
    for example, vector in zip(label.examples.order_by("pk"), ([1, 0], [0, 1]), strict=True):
        EmbeddingFactory(example=example, vector=np.array(vector, dtype="<f2").tobytes())

    # Two texts, the first where the golden one lies: between equals the first would be the nearest.
    QueueMap.objects.create(
        run=QueueRunFactory(classifier=label.classifier),
        encoder_id=encoders.NEW,
        example_ids=np.array([7, 8], dtype="<i8").tobytes(),
        points=np.array([[0, 127], [127, 0]], dtype=np.int8).tobytes(),
        directions=np.eye(2, dtype="<f4").tobytes(),
    )

    assert maps.nearest(label.classifier_id, near_id=None, label_number=0) == [8, 7]
