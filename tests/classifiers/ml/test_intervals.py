"""How far a score may be off by chance."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifiers.ml.evaluation import macro_f1
from classifiers.ml.intervals import macro_f1_interval


def _interval(confusion: list[list[int]] | np.ndarray, *, seed: int = 0, resamples: int = 1_000) -> tuple[float, float]:
    return macro_f1_interval(np.array(confusion), rng=np.random.default_rng(seed), resamples=resamples)


def _score(confusion: np.ndarray) -> float:
    y, predicted = np.nonzero(confusion)
    counts = confusion[y, predicted]
    return macro_f1(np.repeat(y, counts), np.repeat(predicted, counts), label_count=len(confusion))


def test_faultless_answers_have_no_interval() -> None:
    assert _interval([[3, 0, 0], [0, 4, 0], [0, 0, 5]]) == (1.0, 1.0)


@pytest.mark.slow
def test_drawing_cells_is_drawing_examples() -> None:
    confusion = np.array([[40, 10, 0], [5, 20, 5], [0, 8, 12]])
    y, predicted = (np.repeat(axis, confusion.ravel()) for axis in np.indices((3, 3)).reshape(2, -1))
    rng = np.random.default_rng(5)
    drawn = [rng.integers(0, len(y), size=len(y)) for _ in range(4_000)]
    scores = [macro_f1(y[rows], predicted[rows], label_count=3) for rows in drawn]

    assert _interval(confusion, resamples=4_000) == pytest.approx(np.percentile(scores, [2.5, 97.5]), abs=0.006)


def test_ten_times_the_examples_are_known_about_three_times_as_well() -> None:
    few = np.array([[16, 4], [6, 14]])

    (low, high), (low_many, high_many) = _interval(few), _interval(10 * few)

    assert low < low_many < high_many < high
    assert (high - low) / (high_many - low_many) == pytest.approx(10**0.5, rel=0.15)


def test_labels_of_few_examples_do_not_drag_the_interval_below_the_score() -> None:
    # Each of the 30 labels is missing in one of twenty resamples.
    low, high = _interval(3 * np.eye(30, dtype=np.int64))

    assert (low, high) == (1.0, 1.0)


def test_a_label_that_the_matrix_lacks_counts_as_nothing_as_in_the_score() -> None:
    assert _interval([[9, 0, 0], [0, 9, 0], [0, 0, 0]]) == pytest.approx((2 / 3, 2 / 3))


def test_the_same_seed_gives_the_same_interval() -> None:
    confusion = [[160, 41, 7], [63, 140, 9], [5, 8, 97]]

    assert _interval(confusion, seed=3) == _interval(confusion, seed=3)
    assert _interval(confusion, seed=3) != _interval(confusion, seed=4)


def test_blocks_of_resamples_are_of_one_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _interval([[16, 4], [6, 14]])

    monkeypatch.setattr("classifiers.ml.intervals._CELLS", 20)

    assert _interval([[16, 4], [6, 14]]) == pytest.approx(whole, abs=0.02)


def test_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="nothing to evaluate"):
        _interval([[0, 0], [0, 0]])


@pytest.mark.slow
@given(arrays(np.int64, (3, 3), elements=st.integers(0, 30)).filter(np.any))
def test_an_interval_of_shares_has_its_ends_in_order(confusion: np.ndarray) -> None:
    low, high = _interval(confusion, resamples=50)

    assert 0 <= low <= high <= 1


@pytest.mark.slow
def test_77_labels_and_10_000_examples_take_less_than_a_second() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 77, size=10_000)
    predicted = np.where(rng.random(10_000) < 0.9, y, rng.integers(0, 77, size=10_000))
    confusion = np.bincount(y * 77 + predicted, minlength=77 * 77).reshape(77, 77)

    started = time.process_time()
    low, high = _interval(confusion)

    assert time.process_time() - started < 1
    assert low < _score(confusion) < high
