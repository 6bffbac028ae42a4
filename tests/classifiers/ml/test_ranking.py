"""Ordered labels: positions by hand, agreement and rank correlation against scikit-learn and SciPy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from classifiers.ml.evaluation import confusion_matrix
from classifiers.ml.ranking import expected_positions, quadratic_weighted_kappa, spearman


def test_a_position_is_the_mean_of_the_labels_places_weighted_by_their_probabilities() -> None:
    proba = np.array([[1, 0, 0, 0], [0, 0, 0, 1], [0.25, 0.25, 0.25, 0.25], [0, 0.5, 0.5, 0]], dtype=np.float32)

    positions = expected_positions(proba)

    assert positions.dtype == np.float32
    assert positions.tolist() == pytest.approx([0.0, 1.0, 0.5, 0.5])


def test_with_two_labels_the_position_is_the_probability_of_the_higher_one() -> None:
    assert expected_positions(np.array([[0.3, 0.7]])).tolist() == pytest.approx([0.7])


def test_a_single_label_lies_at_the_lower_end() -> None:
    assert expected_positions(np.ones((2, 1))).tolist() == [0.0, 0.0]


def test_no_position_lies_outside_of_0_and_1() -> None:
    assert expected_positions(np.array([[0.0, 1.0001]])).tolist() == [1.0]


def test_kappa_of_a_hand_made_case() -> None:
    # Steps weigh 0, 1 and 4: 4 + 1 + 1 is seen. By chance, with sums 3, 1, 1 both ways, it were (3 + 12 + 1) * 2 / 5.
    confusion = np.array([[2, 0, 1], [1, 0, 0], [0, 1, 0]])

    assert quadratic_weighted_kappa(confusion) == pytest.approx(1 - 6 / 6.4)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_agrees_with_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 5, 60)
    predicted = np.clip(y + rng.integers(-1, 2, 60), 0, 4)

    kappa = quadratic_weighted_kappa(confusion_matrix(y, predicted, label_count=5))

    assert kappa == pytest.approx(cohen_kappa_score(y, predicted, weights="quadratic", labels=range(5)))


def test_a_mistake_of_two_steps_costs_more_than_two_of_one_step() -> None:
    near = np.array([[4, 1, 0], [1, 4, 0], [0, 0, 5]])
    far = np.array([[4, 0, 1], [0, 5, 0], [0, 0, 5]])

    assert quadratic_weighted_kappa(far) < quadratic_weighted_kappa(near)


@pytest.mark.parametrize("confusion", [[[5, 0], [0, 0]], [[0, 0], [0, 0]]], ids=["one label", "nothing"])
def test_where_nothing_can_be_told_kappa_is_0(confusion: list[list[int]]) -> None:
    assert quadratic_weighted_kappa(np.array(confusion)) == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_the_rank_correlation_agrees_with_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, 40)
    positions = np.round(y / 3 + rng.normal(0, 0.3, 40), 1)

    assert spearman(y, positions) == pytest.approx(spearmanr(y, positions).statistic)


@pytest.mark.parametrize(
    ("y", "positions"),
    [([1, 1, 1], [0.1, 0.2, 0.3]), ([0, 1, 2], [0.5, 0.5, 0.5]), ([], []), ([0], [0.5])],
    ids=["one label", "one position", "nothing", "one text"],
)
def test_without_an_order_the_rank_correlation_is_0(y: list[int], positions: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert spearman(np.array(y, dtype=np.int64), np.array(positions)) == 0.0
