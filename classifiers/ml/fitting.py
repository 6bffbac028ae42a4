"""Fit a logistic regression, and choose how much to regularize it. Imports scikit-learn: not for serving."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from classifiers.ml.head import Head, predict_proba

# Inverse strengths of the L2 penalty, as scikit-learn counts them. The best was 0.3 for 20 product reviews, 10 for
# 3,000, and 10 to 100 for 4,458 SMS (features of all-MiniLM-L6-v2).
C_GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_START = C_GRID.index(3.0)
_MAX_ITERATIONS = 300
# A probability of zero for the right label, where a fold of a tiny set lacks the label, must not decide all.
_LEAST_PROBABILITY = 1e-6
# Copies of larger matrices than this are made one at a time.
_LARGE_BYTES = 300_000_000

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Problem:
    """What is to be learned. Shapes: X float32 (n, d), y int (n,) with values 0 to label_count - 1."""

    X: NDArray[np.float32]
    y: NDArray[np.int64]
    label_count: int

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Problem:
        """Return the problem of the chosen rows only."""
        return Problem(X=self.X[chosen], y=self.y[chosen], label_count=self.label_count)


def fit_head(problem: Problem, *, C: float) -> Head:
    """Return the logistic regression with L2 penalty 1/C, every label weighing the same however rare it is.

    A label without an example gets probability 0.

    Source: scikit-learn's LogisticRegression (L-BFGS), class weights n / (k * count). Balanced weights gave macro-F1
    .852 instead of .836 on product reviews and .895 instead of .874 on talk-page comments.
    """
    present = np.unique(problem.y)
    weights = np.zeros((problem.label_count, problem.X.shape[1]), dtype=np.float32)
    bias = np.full(problem.label_count, -np.inf, dtype=np.float32)
    if len(present) < 2:
        bias[present] = 0.0
        return Head(weights=weights, bias=bias)
    model = LogisticRegression(C=C, max_iter=_MAX_ITERATIONS, class_weight="balanced")
    model.fit(problem.X, problem.y)
    if len(present) == 2:
        # Of two labels scikit-learn keeps one row, for the second.
        weights[present[1]], bias[present] = model.coef_[0], (0.0, model.intercept_[0])
    else:
        weights[present], bias[present] = model.coef_, model.intercept_
    return Head(weights=weights, bias=bias)


def choose_c(problem: Problem, *, folds: NDArray[np.int64], is_measured: NDArray[np.bool_] | None = None) -> float:
    """Return the C of C_GRID whose cross-validated log-loss is lowest; of equal ones the smallest.

    All examples are fitted to; only those that `is_measured` names count in the loss, or all where it's None.

    Every label weighs the same in the loss. It's the log-loss that decides, not the F1 which is reported: on 20 to
    800 examples of three public sets it chose as well or better (macro-F1 of SMS .965 against .961, of talk-page
    comments .835 against .825, both with 64 examples), because it doesn't jump.

    The grid is walked downhill from the middle: the loss has one valley in C.

    Shapes: folds int (n,), the fold in which each example is held out; is_measured bool (n,), at least one of them.
    """
    losses: dict[int, float] = {}
    counted = slice(None) if is_measured is None else is_measured

    def loss(index: int) -> float:
        if index not in losses:
            proba = predict_held_out(problem, folds=folds, C_of_fold=dict.fromkeys(_numbers(folds), C_GRID[index]))
            losses[index] = balanced_log_loss(problem.y[counted], proba[counted])
        return losses[index]

    best = _START
    while True:
        around = [index for index in (best - 1, best, best + 1) if 0 <= index < len(C_GRID)]
        lowest = min(around, key=lambda index: (loss(index), index))
        if lowest == best:
            return C_GRID[best]
        best = lowest


def predict_held_out(problem: Problem, *, folds: NDArray[np.int64], C_of_fold: dict[int, float]) -> NDArray[np.float32]:
    """Return each example's probabilities under the model of the other folds.

    Shapes: folds int (n,) -> float32 (n, k), rows sum to 1.
    """
    proba = np.empty((len(problem.y), problem.label_count), dtype=np.float32)

    def hold_out(fold: int) -> None:
        is_held_out = folds == fold
        head = fit_head(problem.take(~is_held_out), C=C_of_fold[fold])
        proba[is_held_out] = predict_proba(problem.X[is_held_out], head=head)

    run_parallel(hold_out, list(C_of_fold), problem=problem)
    return proba


def balanced_log_loss(y: NDArray[np.int64], proba: NDArray[np.float32]) -> float:
    """Return the mean over labels of the mean log-loss of their examples; lower is better.

    >>> round(balanced_log_loss(np.array([0, 0, 1]), np.array([[.5, .5], [.5, .5], [.0, 1.]], dtype="f4")), 4)
    0.3466
    """
    given = np.clip(proba[np.arange(len(y)), y].astype(np.float64), _LEAST_PROBABILITY, 1.0)
    return float(np.mean([-np.log(given[y == label]).mean() for label in np.unique(y)]))


def run_parallel(work: Callable[[T], R], items: Sequence[T], *, problem: Problem) -> list[R]:
    """Return `work` of each item, in order; one thread a core where memory allows it."""
    workers = 1 if problem.X.nbytes > _LARGE_BYTES else min(os.cpu_count() or 1, len(items))
    if workers == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, items))


def _numbers(folds: NDArray[np.int64]) -> Iterable[int]:
    return (int(fold) for fold in np.unique(folds))
