"""Whether probabilities mean what they say, against values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.ml.calibration import HIGHEST, LOWEST, brier, expected_calibration_error, fit_temperature


def _sure(*shares: float) -> np.ndarray:
    """Return probabilities of two labels, those of the first given."""
    first = np.array(shares)
    return np.stack([first, 1 - first], axis=1)


def _tempered(logits: np.ndarray, temperature: float) -> np.ndarray:
    scaled = np.exp(logits / temperature)
    return scaled / scaled.sum(axis=1, keepdims=True)


def test_calibration_error_of_a_hand_made_case() -> None:
    # Bin of .9: two of four are right; bin of .6: one of one. (4 * |.5 - .9| + 1 * |1 - .6|) / 5
    proba = _sure(0.9, 0.9, 0.9, 0.9, 0.6)

    assert expected_calibration_error(np.array([0, 0, 1, 1, 0]), proba, bins=5) == pytest.approx(0.4)


def test_what_is_right_as_often_as_it_says_has_no_error() -> None:
    proba = _sure(0.75, 0.75, 0.75, 0.75, 1.0)

    assert expected_calibration_error(np.array([0, 0, 0, 1, 0]), proba) == pytest.approx(0.0)


def test_too_sure_and_too_unsure_cancel_out_in_one_bin_only() -> None:
    proba = _sure(0.8, 0.6)
    y = np.array([1, 0])

    assert expected_calibration_error(y, proba, bins=1) == pytest.approx(0.2)
    assert expected_calibration_error(y, proba, bins=5) == pytest.approx((0.8 + 0.4) / 2)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_a_probability_on_an_edge_belongs_to_the_lower_bin(dtype: str) -> None:
    # With .8 in the bin of .7, the two gaps cancel out in part: |(0 - .8) + (1 - .7)| / 2.
    proba = _sure(0.8, 0.7).astype(dtype)

    assert expected_calibration_error(np.array([1, 0]), proba, bins=5) == pytest.approx(0.25, abs=1e-3)


def test_brier_of_a_hand_made_case() -> None:
    proba = np.array([[0.5, 0.3, 0.2], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])

    # .25 + .09 + .04, then 0, then the worst there is: 2.
    assert brier(np.array([0, 1, 2]), proba) == pytest.approx((0.38 + 0 + 2) / 3)


def test_brier_leaves_the_probabilities_as_they_are() -> None:
    proba = _sure(0.5, 0.5)

    brier(np.array([0, 1]), proba)

    assert proba.tolist() == [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize("score", [expected_calibration_error, brier])
def test_nothing_cannot_be_scored(score: object) -> None:
    with pytest.raises(ValueError, match="nothing to evaluate"):
        score(np.array([], dtype=np.int64), np.empty((0, 2)))  # type: ignore[operator]


@pytest.mark.parametrize("right", [5, 7, 9])
def test_the_temperature_makes_the_probability_the_share_that_is_right(right: int) -> None:
    logits = np.tile([3.0, 0.0], (10, 1))
    y = np.array([0] * right + [1] * (10 - right))

    temperature = fit_temperature(logits, y)

    expected = min(HIGHEST, 3.0 / np.log(right / (10 - right))) if right > 5 else HIGHEST
    assert temperature == pytest.approx(expected, rel=1e-3)


def test_what_is_always_right_gets_as_sure_as_is_allowed() -> None:
    assert fit_temperature(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1])) < LOWEST + 0.2


def test_only_what_is_counted_decides() -> None:
    logits = np.tile([2.0, 0.0], (8, 1))
    y = np.array([0, 0, 0, 1] + [1] * 4)
    is_counted = np.arange(8) < 4

    assert fit_temperature(logits, y, is_counted=is_counted) == pytest.approx(fit_temperature(logits[:4], y[:4]))


def test_without_anything_to_count_probabilities_stay() -> None:
    assert fit_temperature(np.zeros((2, 2)), np.array([0, 1]), is_counted=np.zeros(2, dtype=np.bool_)) == 1.0


def test_a_label_that_the_model_does_not_know_does_not_decide_all() -> None:
    logits = np.tile([2.0, 0.0, -np.inf], (5, 1))
    y = np.array([0, 0, 0, 1, 2])

    assert fit_temperature(logits, y) == pytest.approx(2 / np.log(3), rel=1e-3)


def test_the_logits_are_left_as_they_are() -> None:
    logits = np.array([[2.0, 1.0], [0.0, 3.0]])

    fit_temperature(logits, np.array([0, 0]))

    assert logits.tolist() == [[2.0, 1.0], [0.0, 3.0]]


@pytest.mark.slow
@given(st.integers(0, 10_000), st.floats(0.3, 5.0))
def test_no_temperature_nearby_is_better(seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(60, 3)) * spread
    y = np.array([rng.choice(3, p=row) for row in _tempered(logits, 1.5)])

    temperature = fit_temperature(logits, y)

    def loss(at: float) -> float:
        return float(-np.log(np.maximum(_tempered(logits, at)[np.arange(60), y], 1e-6)).mean())

    around = np.clip([0.97 * temperature, 1.03 * temperature], LOWEST, HIGHEST)
    assert all(loss(temperature) <= loss(other) + 1e-8 for other in around)
