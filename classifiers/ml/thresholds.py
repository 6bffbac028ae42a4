"""Thresholds over probabilities: which label a text gets, and what that is worth on held-out examples.

The rule is serving's own: the surest of the labels whose probability is at least their threshold, the first of equals;
where none is, the text stays undecided. All is measured on probabilities of a model that never saw the example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

UNDECIDED: Final = -1
# The cut-offs that curves go through: 0, 0.01, ... 1, each as serving compares it, in single precision.
CUTS: Final = (np.arange(101) / 100).astype(np.float32)
# Of fewer answers, one alone moves the precision by more than ten points.
FEWEST_ANSWERS: Final = 10


@dataclass(frozen=True)
class LabelFigures:
    """One label under the thresholds. Units: shares in [0, 1]; `per_1000` counts texts that get it.

    `precision` is None where no text gets the label. `support` counts the examples that have it.
    """

    precision: float | None
    recall: float
    f1: float
    per_1000: float
    support: int


@dataclass(frozen=True)
class Figures:
    """What thresholds let through. Units: shares in [0, 1].

    `precision` is the share of the answers that are right, None where there is none; `recall` the share of all texts
    that are answered rightly. In the macro figures, plain means over the labels, an undecided text counts as missed,
    and a label that no text gets has a precision of 0.
    """

    precision: float | None
    recall: float
    undecided: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    labels: tuple[LabelFigures, ...]


@dataclass(frozen=True)
class Curve:
    """Figures at each of `CUTS`. Shapes: float64 (101,). Units: shares; `precision` is NaN where nothing is answered.

    `answers` counts the answers on which the precision rests.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    undecided: NDArray[np.float64]
    answers: NDArray[np.int64]


def decide(proba: NDArray[np.float32], *, thresholds: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the column of the label that each row gets, `UNDECIDED` where none passes its threshold.

    Shapes: proba float32 (n, k), thresholds float32 (k,) -> int (n,). Ties go to the first label.

    >>> proba = np.array([[0.6, 0.4], [0.3, 0.7]], dtype="f4")
    >>> decide(proba, thresholds=np.array([0.65, 0.5], dtype="f4")).tolist()
    [-1, 1]
    """
    passing = _passing(proba, thresholds)
    best: NDArray[np.int64] = passing.argmax(axis=1)
    best[np.take_along_axis(passing, best[:, None], axis=1)[:, 0] < 0] = UNDECIDED
    return best


def measure(proba: NDArray[np.float32], y: NDArray[np.int64], *, thresholds: NDArray[np.float32]) -> Figures:
    """Return the figures under the thresholds.

    Shapes: proba float32 (n, k), y int (n,), values 0 to k - 1, thresholds float32 (k,). Raises ValueError for no rows.
    """
    if not len(y):
        raise ValueError("There is nothing to measure.")
    count, label_count = proba.shape
    best = decide(proba, thresholds=thresholds)
    decided = best[best != UNDECIDED]
    given = np.bincount(decided, minlength=label_count)
    hits = np.bincount(y[best == y], minlength=label_count)
    support = np.bincount(y, minlength=label_count)
    precision, recall, f1 = _shares(hits, given, support)
    return Figures(
        precision=float(hits.sum() / len(decided)) if len(decided) else None,
        recall=float(hits.sum() / count),
        undecided=1 - len(decided) / count,
        macro_precision=float(precision.mean()),
        macro_recall=float(recall.mean()),
        macro_f1=float(f1.mean()),
        labels=tuple(
            LabelFigures(
                precision=float(precision[label]) if given[label] else None,
                recall=float(recall[label]),
                f1=float(f1[label]),
                per_1000=float(1000 * given[label] / count),
                support=int(support[label]),
            )
            for label in range(label_count)
        ),
    )


def common_curve(proba: NDArray[np.float32], y: NDArray[np.int64]) -> Curve:
    """Return the figures at each cut-off where all labels have the same; `f1` is the macro-F1.

    Shapes: proba float32 (n, k), y int (n,). Raises ValueError for no rows.
    """
    if not len(y):
        raise ValueError("There is nothing to measure.")
    count, label_count = proba.shape
    # With one threshold for all, the surest label passes or none does.
    best = proba.argmax(axis=1)
    passed = cuts_passed(np.take_along_axis(proba, best[:, None], axis=1)[:, 0])
    given = _above(best, passed, label_count=label_count)
    is_hit = best == y
    hits = _above(best[is_hit], passed[is_hit], label_count=label_count)
    f1 = _shares(hits, given, np.bincount(y, minlength=label_count)[:, None])[2]
    answers = given.sum(axis=0)
    return Curve(
        precision=_precision(hits.sum(axis=0), answers),
        recall=hits.sum(axis=0) / count,
        f1=f1.mean(axis=0),
        undecided=1 - answers / count,
        answers=answers,
    )


def label_curve(
    proba: NDArray[np.float32], y: NDArray[np.int64], *, thresholds: NDArray[np.float32], label: int
) -> Curve:
    """Return one label's figures at each cut-off of its own, the other labels' thresholds staying as they are.

    `undecided` is of all texts. Shapes: proba float32 (n, k), y int (n,), thresholds float32 (k,).
    Raises ValueError for no rows.
    """
    if not len(y):
        raise ValueError("There is nothing to measure.")
    others = _passing(proba, thresholds)
    others[:, label] = -1.0
    wins, best_other = beats(proba[:, label], others, label=label)
    passed = cuts_passed(proba[:, label])
    nothing = np.zeros(len(y), dtype=np.int64)
    is_hit = wins & (y == label)
    given = _above(nothing[wins], passed[wins], label_count=1)[0]
    hits = _above(nothing[is_hit], passed[is_hit], label_count=1)[0]
    is_open = best_other < 0
    answered = len(y) - is_open.sum() + _above(nothing[is_open], passed[is_open], label_count=1)[0]
    _, recall, f1 = _shares(hits, given, np.full_like(given, (y == label).sum()))
    return Curve(
        precision=_precision(hits, given), recall=recall, f1=f1, undecided=1 - answered / len(y), answers=given
    )


def best_cut(curve: Curve) -> int:
    """Return the place in `CUTS` with the highest F1; of equals the lowest, which leaves the fewest undecided."""
    return int(curve.f1.argmax())


def lowest_cut(curve: Curve, *, precision: float) -> int | None:
    """Return the lowest place in `CUTS` with at least that precision; None where none has it.

    A cut-off that leaves fewer than `FEWEST_ANSWERS` answers doesn't count: its precision is luck.
    """
    # NaN compares as false.
    reached = np.flatnonzero((curve.precision >= precision) & (curve.answers >= FEWEST_ANSWERS))
    return int(reached[0]) if len(reached) else None


def cuts_passed(shares: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return how many of `CUTS` each share reaches, 0 to 101: it passes the one at place i where this is above i."""
    return np.searchsorted(CUTS, shares, side="right")


def beats(
    own: NDArray[np.float32], others: NDArray[np.float32], *, label: int
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return where a label's probability wins against the others that pass, and the best of these, -1 for none.

    Shapes: own float32 (n,), others float32 (n, k), -1 where a label doesn't pass -> bool (n,), float32 (n,).
    """
    rival = others.argmax(axis=1)
    best = np.take_along_axis(others, rival[:, None], axis=1)[:, 0]
    return (own > best) | ((own == best) & (label < rival)), best


def _passing(proba: NDArray[np.float32], thresholds: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(proba >= thresholds, proba, np.float32(-1.0))


def _above(labels: NDArray[np.int64], passed: NDArray[np.int64], *, label_count: int) -> NDArray[np.int64]:
    """Count, for each label and cut-off, the rows of that label that reach it. Shapes: (n,), (n,) -> int (k, 101)."""
    width = len(CUTS) + 1
    counts = np.bincount(labels * width + passed, minlength=label_count * width).reshape(label_count, width)
    return np.cumsum(counts[:, ::-1], axis=1)[:, ::-1][:, 1:]


def _shares(
    hits: NDArray[np.int64], given: NDArray[np.int64], support: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return precision, recall and F1, each 0 where there is nothing to divide by."""
    return (
        _divided(hits, given),
        _divided(hits, np.broadcast_to(support, hits.shape)),
        _divided(2 * hits, given + support),
    )


def _divided(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    out = np.zeros(part.shape)
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def _precision(hits: NDArray[np.int64], answers: NDArray[np.int64]) -> NDArray[np.float64]:
    out = np.full(hits.shape, np.nan)
    np.divide(hits, answers, out=out, where=answers > 0)
    return out
