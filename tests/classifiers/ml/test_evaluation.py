"""Scores, against values computed by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from classifiers.ml.evaluation import choose_measured, confusion_matrix, evaluate, macro_f1


def test_scores_of_a_hand_made_case() -> None:
    y, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 2])

    scores = evaluate(y, predicted, label_count=3)

    first = scores.labels[0]
    assert (first.precision, first.recall, first.f1, first.support) == pytest.approx((2 / 3, 2 / 3, 2 / 3, 3))
    assert scores.labels[1].f1 == pytest.approx(0.5)
    assert scores.macro_f1 == pytest.approx((2 / 3 + 0.5 + 1) / 3)
    assert scores.accuracy == pytest.approx(4 / 6)
    assert scores.confusion == ((2, 1, 0), (1, 1, 0), (0, 0, 1))


def test_the_baseline_always_answers_the_most_frequent_label() -> None:
    y = np.array([0, 0, 0, 1])

    scores = evaluate(y, y, label_count=2)

    assert scores.macro_f1 == 1.0
    assert scores.baseline_macro_f1 == pytest.approx((2 * 0.75 * 1 / 1.75 + 0) / 2)


def test_a_label_that_nobody_has_or_predicts_scores_zero() -> None:
    scores = evaluate(np.array([0, 0]), np.array([0, 0]), label_count=2)

    assert (scores.labels[1].precision, scores.labels[1].recall, scores.labels[1].f1) == (0.0, 0.0, 0.0)


def test_macro_f1_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    y, predicted = rng.integers(0, 4, size=200), rng.integers(0, 4, size=200)

    expected = metrics.f1_score(y, predicted, average="macro")

    assert macro_f1(y, predicted, label_count=4) == pytest.approx(expected)
    assert np.array_equal(confusion_matrix(y, predicted, label_count=4), metrics.confusion_matrix(y, predicted))


def test_nothing_cannot_be_evaluated() -> None:
    empty = np.array([], dtype=np.int64)

    with pytest.raises(ValueError, match="nothing to evaluate"):
        evaluate(empty, empty, label_count=2)


@pytest.mark.parametrize(
    ("confirmed", "is_enough"),
    [((10, 10), True), ((15, 5), True), ((16, 4), False), ((9, 10), False), ((20, 0), False), ((0, 0), False)],
)
def test_confirmed_examples_alone_are_measured_on_once_they_are_enough(
    confirmed: tuple[int, int], is_enough: bool
) -> None:
    y = np.repeat([0, 1], 30)
    is_confirmed = np.concatenate([np.arange(30) < count for count in confirmed])

    measured = choose_measured(y, is_confirmed, label_count=2)

    assert measured.tolist() == (is_confirmed.tolist() if is_enough else [True] * 60)
