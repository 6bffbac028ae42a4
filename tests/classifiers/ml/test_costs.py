"""Thresholds from prices: what 1,000 texts come to, and that nothing cheaper is to be had."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from classifiers.ml import costs
from classifiers.ml.costs import Outcome, Prices
from classifiers.ml.thresholds import CUTS

# Columns: fine, spam.
PROBA = np.array([[0.9, 0.1], [0.6, 0.4], [0.4, 0.6], [0.45, 0.55], [0.1, 0.9]], dtype=np.float32)
Y = np.array([0, 0, 0, 1, 1])
SPAM = np.array([False, True])


def _f4(*shares: float) -> NDArray[np.float32]:
    return np.array(shares, dtype=np.float32)


def _made_up(seed: int, *, label_count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, label_count, 400)
    scores = rng.normal(size=(400, label_count))
    scores[np.arange(400), y] += 1.2
    proba = np.exp(scores)
    return (proba / proba.sum(axis=1, keepdims=True)).astype(np.float16).astype(np.float32), y


def test_misses_wrong_flags_and_reviews_are_counted_and_priced() -> None:
    prices = Prices(miss=10, wrong_flag=4, review=1)

    without = costs.expect(PROBA, Y, thresholds=_f4(0, 0), is_caught=SPAM, prices=prices)
    careful = costs.expect(PROBA, Y, thresholds=_f4(0.7, 0.7), is_caught=SPAM, prices=prices)

    assert without == Outcome(cost=800, reviews=0, misses=0, wrong_flags=200, flags=600)
    assert careful == Outcome(cost=600, reviews=600, misses=0, wrong_flags=0, flags=200)


def test_a_text_that_may_not_pass_but_does_is_a_miss() -> None:
    found = costs.expect(
        PROBA, Y, thresholds=_f4(0.42, 0.8), is_caught=SPAM, prices=Prices(miss=10, wrong_flag=4, review=1)
    )

    assert (found.misses, found.reviews, found.cost) == (200, 200, 2_200)


def test_a_text_to_be_caught_that_gets_another_label_to_be_caught_is_caught() -> None:
    proba = np.array([[0.1, 0.2, 0.7]], dtype=np.float32)

    found = costs.expect(
        proba,
        np.array([1]),
        thresholds=_f4(0, 0, 0),
        is_caught=np.array([False, True, True]),
        prices=Prices(miss=10, wrong_flag=4, review=1),
    )

    assert (found.cost, found.flags) == (0, 1_000)


def test_where_a_person_looks_at_each_text_only_reviews_cost() -> None:
    assert costs.review_all(Prices(miss=10, wrong_flag=4, review=0.5)).cost == 500


def test_what_can_be_told_apart_is_told_apart_in_the_middle_without_a_review() -> None:
    proba = np.array([[0.9, 0.1]] * 3 + [[0.2, 0.8]] * 3, dtype=np.float32)

    found = costs.propose(
        proba, np.array([0] * 3 + [1] * 3), is_caught=SPAM, prices=Prices(miss=5, wrong_flag=2, review=0.1)
    )

    assert found.outcome.cost == 0
    assert 0.2 < found.thresholds[1] < 0.8
    assert found.thresholds.sum() == pytest.approx(1)


def test_of_cut_offs_that_cost_the_same_the_middle_one_is_proposed() -> None:
    proba = np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]] * 4, dtype=np.float32)

    found = costs.propose(
        proba,
        np.array([0, 1, 2] * 4),
        is_caught=np.array([False, True, True]),
        prices=Prices(miss=5, wrong_flag=2, review=0.1),
    )

    assert found.outcome.cost == 0
    assert found.thresholds.tolist() == pytest.approx([0.45, 0.4, 0.4])


def test_where_reviews_are_cheap_what_is_unsure_is_reviewed() -> None:
    found = costs.propose(PROBA, Y, is_caught=SPAM, prices=Prices(miss=10, wrong_flag=10, review=0.1))

    # The two between which labels are mixed up, and nothing else.
    assert (found.outcome.misses, found.outcome.wrong_flags) == (0, 0)
    assert found.outcome.reviews == 400
    assert 1 - found.allow_from < 0.55
    assert found.thresholds[1] > 0.6


@pytest.mark.parametrize(("miss", "wrong_flag"), [(100, 1), (1, 100)])
def test_the_dearer_mistake_is_not_made(miss: float, wrong_flag: float) -> None:
    found = costs.propose(PROBA, Y, is_caught=SPAM, prices=Prices(miss=miss, wrong_flag=wrong_flag, review=50))

    assert (found.outcome.misses == 0, found.outcome.wrong_flags == 0) == (miss > 1, wrong_flag > 1)
    assert found.outcome.reviews == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("label_count", [2, 4])
def test_no_pair_of_cut_offs_costs_less(seed: int, label_count: int) -> None:
    proba, y = _made_up(seed, label_count=label_count)
    is_caught = np.arange(label_count) > label_count // 3
    prices = Prices(miss=5, wrong_flag=3, review=0.2 + seed)

    found = costs.propose(proba, y, is_caught=is_caught, prices=prices)

    cheapest = min(
        costs.expect(proba, y, thresholds=np.where(is_caught, flag, allow), is_caught=is_caught, prices=prices).cost
        for flag, allow in product(CUTS[::4], CUTS[::4])
    )
    assert found.outcome.cost <= cheapest + 1e-9
    assert found.outcome == costs.expect(proba, y, thresholds=found.thresholds, is_caught=is_caught, prices=prices)


def test_a_label_that_errs_otherwise_gets_a_cut_off_of_its_own() -> None:
    # Of two labels to be caught, one is right from .3 on, the other one only from .7 on.
    rows = [([0.3, 0.4, 0.3], 1)] * 40 + [([0.3, 0.3, 0.4], 0)] * 40 + [([0.1, 0.1, 0.8], 2)] * 40
    rows += [([0.9, 0.05, 0.05], 0)] * 40
    proba = np.array([row for row, _ in rows], dtype=np.float32)
    y = np.array([label for _, label in rows])

    found = costs.propose(
        proba, y, is_caught=np.array([False, True, True]), prices=Prices(miss=5, wrong_flag=5, review=1)
    )

    assert found.outcome.wrong_flags == found.outcome.misses == 0
    assert found.thresholds[1] <= 0.4 < found.thresholds[2]


@pytest.mark.parametrize("is_caught", [[True, True], [False, False]])
def test_all_labels_or_none_to_be_caught_is_nothing_to_propose_for(is_caught: list[bool]) -> None:
    with pytest.raises(ValueError, match="labels that may pass"):
        costs.propose(PROBA, Y, is_caught=np.array(is_caught), prices=Prices(miss=1, wrong_flag=1, review=1))
