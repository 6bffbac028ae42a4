"""A whole training on made-up features."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.ml import training
from classifiers.ml.training import Trained

pytestmark = pytest.mark.slow


def _data(*, noise: float = 0.6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(3), 20)
    X = np.eye(3, 8, dtype=np.float32)[y] + noise * rng.standard_normal((60, 8)).astype(np.float32)
    return X, y


def _train(X: np.ndarray, y: np.ndarray, *, label_count: int = 3) -> Trained:
    return training.train(X, y, label_count=label_count, seed=0, on_progress=lambda share, step: None)


def test_a_real_signal_beats_the_majority() -> None:
    trained = _train(*_data())

    assert trained.scores.macro_f1 > trained.scores.baseline_macro_f1 + 0.3


def test_scores_on_pure_noise_are_no_better_than_chance() -> None:
    # A score that was measured on what the model saw would be near 1.
    X, y = _data()
    X = np.random.default_rng(5).standard_normal((60, 40)).astype(np.float32)

    trained = _train(X, y)

    assert trained.scores.macro_f1 < 0.55


def test_the_same_data_give_the_same_bytes() -> None:
    first, second = _train(*_data()), _train(*_data())

    assert first.head.weights.tobytes() == second.head.weights.tobytes()
    assert first.held_out.tobytes() == second.held_out.tobytes()


def test_a_label_with_two_examples_can_be_trained() -> None:
    X, y = _data()
    few = np.concatenate([np.arange(40), [40, 41]])

    trained = _train(X[few], y[few])

    assert trained.scores.labels[2].support == 2
    assert np.isfinite(trained.head.weights).all()


def test_a_label_without_an_example_is_refused() -> None:
    X, y = _data()

    with pytest.raises(ValueError, match="A label has no example"):
        _train(X, y, label_count=4)


def test_progress_is_told_in_order() -> None:
    told: list[float] = []
    X, y = _data()

    training.train(X, y, label_count=3, seed=0, on_progress=lambda share, step: told.append(share))

    assert told == sorted(told)
    assert told[0] >= 0.0 and told[-1] < 1.0
