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


def _train(X: np.ndarray, y: np.ndarray, *, label_count: int = 3, is_confirmed: np.ndarray | None = None) -> Trained:
    return training.train(
        X, y, label_count=label_count, seed=0, on_progress=lambda share, step: None, is_confirmed=is_confirmed
    )


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


def test_scores_count_the_confirmed_examples_only() -> None:
    # Every suggestion is wrong, and a quarter are: a score that counted them could hardly be above .75.
    X, y = _data(noise=0.2)
    is_confirmed = np.tile([True, True, True, False], 15)
    suggested = np.where(is_confirmed, y, (y + 1) % 3)

    trained = _train(X, suggested, is_confirmed=is_confirmed)

    assert np.array_equal(trained.is_measured, is_confirmed)
    assert [label.support for label in trained.scores.labels] == [15, 15, 15]
    right = trained.held_out.argmax(axis=1)[is_confirmed] == y[is_confirmed]
    assert trained.scores.accuracy == pytest.approx(right.mean())
    assert trained.scores.accuracy > 0.8


def test_suggestions_are_learnt_from_in_every_fold() -> None:
    # Label 2's examples lie in two places; only suggestions tell of the second, where five confirmed ones lie too.
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2, 2, 2], [20, 20, 10, 5, 40])
    place = np.repeat([0, 1, 2, 3, 3], [20, 20, 10, 5, 40])
    X = np.eye(4, 8, dtype=np.float32)[place] + 0.2 * rng.standard_normal((95, 8)).astype(np.float32)
    is_confirmed = np.repeat([True, False], [55, 40])

    trained = _train(X, y, is_confirmed=is_confirmed)

    assert (trained.held_out[50:55].argmax(axis=1) == 2).all()
    assert trained.scores.labels[2].support == 15


def test_with_few_confirmed_examples_all_count() -> None:
    X, y = _data()
    is_confirmed = np.arange(60) % 20 < 4

    trained = _train(X, y, is_confirmed=is_confirmed)

    assert trained.is_measured.all()
    assert sum(label.support for label in trained.scores.labels) == 60


def test_all_confirmed_is_the_same_as_not_saying_so() -> None:
    X, y = _data()

    told, untold = _train(X, y, is_confirmed=np.ones(60, dtype=bool)), _train(X, y)

    assert told.held_out.tobytes() == untold.held_out.tobytes()
    assert (told.C, told.scores) == (untold.C, untold.scores)


def test_a_few_confirmed_examples_among_many_all_help_to_choose_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_CHOOSE_ON", 40)
    is_measured = np.zeros(1_000, dtype=bool)
    is_measured[::50] = True

    drawn = training._draw(np.arange(1_000), is_measured=is_measured, rng=np.random.default_rng(0))

    assert len(drawn) == 40
    assert is_measured[drawn].sum() == 20
    assert drawn.tolist() == sorted(drawn.tolist())
