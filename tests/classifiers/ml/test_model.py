"""What is served: a head, and what the spelling adds."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.ml.head import Head, softmax
from classifiers.ml.model import Model, predict_proba, scale
from classifiers.ml.ngrams import NGrams

_HEAD = Head(weights=np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32), bias=np.array([0.5, -0.5], dtype=np.float32))
# A "!" speaks for the second label.
_GRAMS = NGrams(grams=("!",), idf=np.ones(1, dtype=np.float32), weights=np.array([[0.0], [3.0]], dtype=np.float32))
_X = np.array([[1.0, 0.0], [1.0, 0.0]], dtype=np.float32)


def test_without_ngrams_texts_do_not_count() -> None:
    proba = predict_proba(Model(head=_HEAD), _X, texts=["Hello", "Hello!"])

    assert np.allclose(proba, softmax(np.array([[1.5, -0.5]] * 2)))


def test_ngrams_add_to_the_heads_logits() -> None:
    proba = predict_proba(Model(head=_HEAD, ngrams=_GRAMS), _X, texts=["Hello", "Hello!"])

    assert np.allclose(proba, softmax(np.array([[1.5, -0.5], [1.5, 2.5]])), atol=1e-6)
    assert np.allclose(proba.sum(axis=1), 1.0)


@pytest.mark.parametrize("model", [Model(head=_HEAD), Model(head=_HEAD, ngrams=_GRAMS)], ids=["head", "n-grams"])
def test_features_without_their_texts_are_refused(model: Model) -> None:
    with pytest.raises(ValueError, match="1 texts, but the features of 2"):
        predict_proba(model, _X, texts=["Hello"])


def test_scaling_makes_surer_and_changes_no_answer() -> None:
    model = Model(head=_HEAD, ngrams=_GRAMS)
    texts = ["Hello", "Hello!"]
    before = predict_proba(model, _X, texts=texts)

    surer = predict_proba(scale(model, factor=2.0), _X, texts=texts)
    less_sure = predict_proba(scale(model, factor=0.5), _X, texts=texts)

    assert surer.argmax(axis=1).tolist() == less_sure.argmax(axis=1).tolist() == before.argmax(axis=1).tolist()
    assert (surer.max(axis=1) > before.max(axis=1)).all()
    assert (less_sure.max(axis=1) < before.max(axis=1)).all()
    # Squared and made to sum to 1 again.
    assert np.allclose(surer, before**2 / (before**2).sum(axis=1, keepdims=True), atol=1e-6)


def test_a_head_alone_can_be_scaled() -> None:
    scaled = scale(Model(head=_HEAD), factor=3.0)

    assert scaled.ngrams is None
    assert np.array_equal(scaled.head.weights, 3 * _HEAD.weights)
    assert np.array_equal(scaled.head.bias, 3 * _HEAD.bias)
