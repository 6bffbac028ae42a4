"""The layers' places among the features, and rows in fewer coordinates."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from classifiers.ml import blocks


def test_every_candidate_is_tried_once_and_the_last_layer_alone_is_first() -> None:
    for layer_count in range(1, 7):
        candidates = blocks.candidates(layer_count)

        assert candidates[0] == (layer_count - 1,)
        assert len(set(candidates)) == len(candidates) == 2 * layer_count - 1
        assert {layer for layers in candidates for layer in layers} == set(range(layer_count))


def test_all_layers_are_all_columns() -> None:
    assert blocks.columns((0, 1, 2), layer_count=3, dimension=12).tolist() == list(range(12))


@pytest.mark.parametrize("shape", [(5, 12), (12, 12), (20, 12)], ids=["few rows", "square", "many rows"])
def test_compressing_keeps_the_products_of_rows(shape: tuple[int, int]) -> None:
    X = np.random.default_rng(0).standard_normal(shape).astype(np.float32)

    compressed = blocks.compress(X)

    assert compressed.shape == (shape[0], min(shape))
    assert compressed.dtype == np.float32
    assert np.allclose(compressed @ compressed.T, X @ X.T, atol=1e-4)


def test_equal_rows_and_rows_of_zeros_can_be_compressed() -> None:
    X = np.zeros((4, 9), dtype=np.float32)
    X[1:3] = 1.0

    compressed = blocks.compress(X)

    assert np.allclose(compressed @ compressed.T, X @ X.T, atol=1e-5)


@pytest.mark.slow
def test_a_logistic_regression_answers_the_same_on_compressed_rows() -> None:
    rng = np.random.default_rng(0)
    y = np.tile([0, 1, 2], 10)
    X = (np.eye(3, 60)[y] + rng.standard_normal((30, 60))).astype(np.float32)
    compressed = blocks.compress(X)
    learnt, asked = slice(0, 24), slice(24, 30)

    answers = [
        LogisticRegression(C=3.0, tol=1e-8, max_iter=2_000).fit(rows[learnt], y[learnt]).predict_proba(rows[asked])
        for rows in (X, compressed)
    ]

    # As far as single precision goes.
    assert np.allclose(answers[0], answers[1], atol=1e-3)
