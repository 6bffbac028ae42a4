"""Thresholds: the rule, exact figures on a few rows, curves as many single measurements."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from classifiers import analyzer
from classifiers.ml import evaluation
from classifiers.ml import thresholds as rule
from classifiers.ml.thresholds import CUTS, UNDECIDED

# Six texts, three of each label; the fourth and the sixth are taken for the other one.
PROBA = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.7, 0.3], [0.1, 0.9], [0.55, 0.45]], dtype=np.float32)
Y = np.array([0, 0, 0, 1, 1, 1])


def _thresholds(*shares: float) -> NDArray[np.float32]:
    return np.array(shares, dtype=np.float32)


def _made_up(seed: int, *, count: int = 300, label_count: int = 4) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, label_count, count)
    scores = rng.normal(size=(count, label_count))
    scores[np.arange(count), y] += 1.0
    proba = np.exp(scores)
    # Rounded to tenths, so that there are ties among labels and with cut-offs.
    return (proba / proba.sum(axis=1, keepdims=True)).round(1).astype(np.float32), y


def test_a_label_needs_at_least_its_threshold() -> None:
    decided = rule.decide(PROBA, thresholds=_thresholds(0.7, 0.9))

    assert decided.tolist() == [0, 0, UNDECIDED, 0, 1, UNDECIDED]


def test_a_less_sure_label_that_passes_is_given_before_a_surer_one_that_does_not() -> None:
    assert rule.decide(PROBA[:1], thresholds=_thresholds(0.95, 0.1)).tolist() == [1]


def test_of_two_labels_that_are_equally_sure_the_first_is_given() -> None:
    assert rule.decide(np.array([[0.2, 0.4, 0.4]], dtype="f4"), thresholds=_thresholds(0, 0, 0)).tolist() == [1]


def test_without_thresholds_the_figures_are_those_of_the_evaluation() -> None:
    proba, y = _made_up(0)

    figures = rule.measure(proba, y, thresholds=_thresholds(0, 0, 0, 0))

    scores = evaluation.evaluate(y, proba.argmax(axis=1), label_count=4)
    assert (figures.undecided, figures.recall, figures.precision) == (0, scores.accuracy, scores.accuracy)
    assert figures.macro_f1 == pytest.approx(scores.macro_f1)
    assert [label.f1 for label in figures.labels] == pytest.approx([label.f1 for label in scores.labels])


def test_an_undecided_text_counts_as_missed() -> None:
    figures = rule.measure(PROBA, Y, thresholds=_thresholds(0.7, 0.9))

    first, second = figures.labels
    assert (figures.precision, figures.recall, figures.undecided) == pytest.approx((3 / 4, 3 / 6, 2 / 6))
    assert (first.precision, first.recall, first.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (second.precision, second.recall, second.f1) == pytest.approx((1, 1 / 3, 1 / 2))
    assert (first.per_1000, second.per_1000) == pytest.approx((500, 1000 / 6))
    assert (figures.macro_precision, figures.macro_recall, figures.macro_f1) == pytest.approx((5 / 6, 1 / 2, 7 / 12))


def test_where_nothing_is_answered_there_is_no_precision() -> None:
    figures = rule.measure(PROBA, Y, thresholds=_thresholds(1, 1))

    assert (figures.precision, figures.recall, figures.undecided, figures.macro_f1) == (None, 0, 1, 0)
    assert [label.precision for label in figures.labels] == [None, None]


def test_of_nothing_there_are_no_figures() -> None:
    empty, none = np.empty((0, 2), dtype=np.float32), np.empty(0, dtype=np.int64)

    for measure in (rule.measure, rule.common_curve, rule.label_curve):
        values = {} if measure is rule.common_curve else {"thresholds": _thresholds(0, 0)}
        values |= {"label": 0} if measure is rule.label_curve else {}
        with pytest.raises(ValueError, match="nothing to measure"):
            measure(empty, none, **values)  # type: ignore[operator]


@pytest.mark.parametrize("seed", range(5))
def test_the_rule_is_the_one_that_serving_has(seed: int) -> None:
    proba, _ = _made_up(seed)
    shares = np.random.default_rng(seed).random(4).round(1)
    labels = [SimpleNamespace(name=str(number)) for number in range(4)]

    decided = rule.decide(proba, thresholds=shares.astype(np.float32))

    served = [analyzer._finding(labels, row, thresholds=shares.tolist()).label for row in proba]  # type: ignore[arg-type]
    assert [None if best == UNDECIDED else str(best) for best in decided.tolist()] == served


@pytest.mark.parametrize("seed", range(3))
def test_the_common_curve_is_many_measurements_with_one_threshold(seed: int) -> None:
    proba, y = _made_up(seed)

    curve = rule.common_curve(proba, y)

    for place in range(0, len(CUTS), 5):
        figures = rule.measure(proba, y, thresholds=np.full(4, CUTS[place]))
        expected = (figures.recall, figures.macro_f1, figures.undecided)
        assert (curve.recall[place], curve.f1[place], curve.undecided[place]) == pytest.approx(expected)
        precision = np.nan if figures.precision is None else figures.precision
        assert curve.precision[place] == pytest.approx(precision, nan_ok=True)
        assert curve.answers[place] == round(len(y) * (1 - figures.undecided))


@pytest.mark.parametrize("label", range(4))
def test_a_label_s_curve_is_many_measurements_with_the_others_as_they_are(label: int) -> None:
    proba, y = _made_up(label)
    others = _thresholds(0.3, 0.5, 0.0, 0.4) if label % 2 else _thresholds(0.6, 0.5, 0.7, 0.4)

    curve = rule.label_curve(proba, y, thresholds=others, label=label)

    for place in range(0, len(CUTS), 5):
        moved = others.copy()
        moved[label] = CUTS[place]
        figures = rule.measure(proba, y, thresholds=moved)
        own = figures.labels[label]
        assert (curve.recall[place], curve.f1[place]) == pytest.approx((own.recall, own.f1))
        assert curve.undecided[place] == pytest.approx(figures.undecided)
        assert curve.precision[place] == pytest.approx(np.nan if own.precision is None else own.precision, nan_ok=True)


def test_figures_do_not_depend_on_the_order_of_the_examples() -> None:
    proba, y = _made_up(1)
    mixed = np.random.default_rng(2).permutation(len(y))

    assert rule.measure(proba, y, thresholds=_thresholds(0.4, 0.3, 0.5, 0.2)) == rule.measure(
        proba[mixed], y[mixed], thresholds=_thresholds(0.4, 0.3, 0.5, 0.2)
    )


def test_a_cut_off_is_reached_as_serving_compares_it() -> None:
    shares = np.array([0.0, 0.7, 0.69999, 1.0], dtype=np.float32)

    assert rule.cuts_passed(shares).tolist() == [1, 71, 70, 101]


def test_the_balanced_cut_off_has_the_highest_f1_and_leaves_the_fewest_undecided() -> None:
    # Only the answers below .6 are wrong.
    proba = np.array([[0.9, 0.1], [0.55, 0.45], [0.2, 0.8], [0.1, 0.9]], dtype=np.float32)

    curve = rule.common_curve(proba, np.array([0, 1, 1, 1]))

    assert CUTS[rule.best_cut(curve)] == pytest.approx(0.56)


def test_the_careful_cut_off_is_the_lowest_that_is_precise_enough() -> None:
    proba = np.array([[0.9, 0.1]] * 12 + [[0.6, 0.4]] * 12, dtype=np.float32)

    curve = rule.common_curve(proba, np.array([0] * 12 + [1] * 12))

    place = rule.lowest_cut(curve, precision=0.9)
    assert place is not None
    assert CUTS[place] == pytest.approx(0.61)
    assert rule.lowest_cut(curve, precision=0.5) == 0


def test_a_precision_that_rests_on_a_few_answers_is_not_reached() -> None:
    proba = np.array([[0.9, 0.1]] * 9 + [[0.6, 0.4]] * 12, dtype=np.float32)

    curve = rule.common_curve(proba, np.array([0] * 9 + [1] * 12))

    assert rule.lowest_cut(curve, precision=0.9) is None
