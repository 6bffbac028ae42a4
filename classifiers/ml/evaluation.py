"""Labels and predictions in, the field's usual scores out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# So many confirmed examples are enough to be measured on alone. Five of each label put one into each of the five folds;
# twenty is what a training needs at least. On fewer, the F1 of a label jumps by a quarter with each single answer.
ENOUGH, ENOUGH_PER_LABEL = 20, 5


@dataclass(frozen=True)
class LabelScores:
    """One label against all others. Units: shares in [0, 1]; `support` counts the examples that have the label."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """What predictions are worth. Units: shares in [0, 1].

    `confusion[i][j]` counts examples of label i that were predicted as j. `baseline_macro_f1` is the macro-F1 of
    always answering the most frequent label: what has to be beaten.
    """

    accuracy: float
    macro_f1: float
    baseline_macro_f1: float
    labels: tuple[LabelScores, ...]
    confusion: tuple[tuple[int, ...], ...]


def choose_measured(y: NDArray[np.int64], is_confirmed: NDArray[np.bool_], *, label_count: int) -> NDArray[np.bool_]:
    """Return which examples scores are measured on: the confirmed ones where these are enough, else all.

    Shapes: y int (n,), values 0 to label_count - 1; is_confirmed bool (n,) -> bool (n,).

    >>> choose_measured(np.array([0, 1]), np.array([True, False]), label_count=2).tolist()
    [True, True]
    """
    counts = np.bincount(y[is_confirmed], minlength=label_count)
    is_enough = counts.sum() >= ENOUGH and counts.min() >= ENOUGH_PER_LABEL
    return is_confirmed.copy() if is_enough else np.ones_like(is_confirmed)


def evaluate(y: NDArray[np.int64], predicted: NDArray[np.int64], *, label_count: int) -> Scores:
    """Return the scores of `predicted` against `y`.

    Macro-F1 is the plain mean of the labels' F1 (as scikit-learn's `f1_score(average="macro")`); where nothing was
    predicted as a label, or nothing has it, its precision or recall and its F1 are 0.

    Shapes: y and predicted int (n,), values 0 to label_count - 1. Raises ValueError for no examples.

    >>> scores = evaluate(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), label_count=2)
    >>> scores.accuracy, scores.labels[0].recall, scores.confusion
    (0.75, 0.5, ((1, 1), (0, 2)))
    """
    if not len(y):
        raise ValueError("There is nothing to evaluate.")
    confusion = confusion_matrix(y, predicted, label_count=label_count)
    precision, recall, f1 = _per_label(confusion)
    support = confusion.sum(axis=1)
    majority = np.full_like(y, int(support.argmax()))
    baseline = _per_label(confusion_matrix(y, majority, label_count=label_count))[2]
    return Scores(
        accuracy=float(np.trace(confusion) / len(y)),
        macro_f1=float(f1.mean()),
        baseline_macro_f1=float(baseline.mean()),
        labels=tuple(
            LabelScores(precision=float(p), recall=float(r), f1=float(f), support=int(s))
            for p, r, f, s in zip(precision, recall, f1, support, strict=True)
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )


def confusion_matrix(y: NDArray[np.int64], predicted: NDArray[np.int64], *, label_count: int) -> NDArray[np.int64]:
    """Return how many examples of label i (row) were predicted as j (column). Shapes: (n,), (n,) -> (k, k)."""
    counts = np.bincount(y * label_count + predicted, minlength=label_count * label_count)
    return counts.reshape(label_count, label_count)


def macro_f1(y: NDArray[np.int64], predicted: NDArray[np.int64], *, label_count: int) -> float:
    """Return the mean of the labels' F1."""
    return float(_per_label(confusion_matrix(y, predicted, label_count=label_count))[2].mean())


def f1_of_confusion(confusion: NDArray[np.int64] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Return each label's F1 from a confusion matrix, whose counts may be weighted. Shapes: (k, k) -> float64 (k,)."""
    return _per_label(confusion)[2]


def _per_label(
    confusion: NDArray[np.int64] | NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    hits = np.diag(confusion).astype(np.float64)
    predicted, actual = confusion.sum(axis=0), confusion.sum(axis=1)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    recall = np.divide(hits, actual, out=np.zeros_like(hits), where=actual > 0)
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(hits), where=total > 0)
    return precision, recall, f1
