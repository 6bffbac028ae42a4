"""A whole training: honest scores first, then the head that will serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classifiers.ml.evaluation import Scores, evaluate
from classifiers.ml.fitting import Problem, choose_c, fit_head, predict_held_out
from classifiers.ml.folds import assign_folds
from classifiers.ml.head import Head

FOLDS = 5
# C is chosen on so many examples at most: more don't change the choice, but the time.
_CHOOSE_ON = 5_000

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    `head` was fitted to all examples. `held_out` (n, k) are the probabilities of each example under a model that
    never saw it, and that was tuned without it, too; `scores` are those of `held_out`'s highest. `C` is the head's.
    """

    head: Head
    held_out: NDArray[np.float32]
    scores: Scores
    C: float


def train(
    X: NDArray[np.float32], y: NDArray[np.int64], *, label_count: int, seed: int, on_progress: Progress
) -> Trained:
    """Train a head and measure it by nested cross-validation.

    For each of five folds C is chosen by cross-validation among the other four, a model with it is fitted to those,
    and predicts the fold: what is scored was neither fitted to nor tuned on.

    Shapes: X float32 (n, d); y int (n,), values 0 to label_count - 1, at least two of each.
    Raises ValueError where a label has no example. The same arguments give the same bytes.
    """
    if len(np.unique(y)) < label_count:
        raise ValueError("A label has no example.")
    # Sums that are split among cores come out a little different for each number of them. Cores share the folds.
    with threadpool_limits(limits=1):
        return _train(X, y, label_count=label_count, seed=seed, on_progress=on_progress)


def _train(
    X: NDArray[np.float32], y: NDArray[np.int64], *, label_count: int, seed: int, on_progress: Progress
) -> Trained:
    rng = np.random.default_rng(seed)
    problem = Problem(X=X, y=y, label_count=label_count)
    folds = assign_folds(y, fold_count=FOLDS, rng=rng)
    C_of_fold: dict[int, float] = {}
    for fold in range(FOLDS):
        on_progress(fold / (FOLDS + 2), f"Choosing how to train: {fold + 1} of {FOLDS + 1}")
        C_of_fold[fold] = _choose_c(problem, folds=folds, without=fold, rng=rng)
    on_progress(FOLDS / (FOLDS + 2), "Measuring on examples that were held out")
    held_out = predict_held_out(problem, folds=folds, C_of_fold=C_of_fold)
    on_progress((FOLDS + 1) / (FOLDS + 2), f"Choosing how to train: {FOLDS + 1} of {FOLDS + 1}")
    C = _choose_c(problem, folds=folds, without=None, rng=rng)
    head = fit_head(problem, C=C)
    return Trained(
        head=head,
        held_out=held_out,
        scores=evaluate(y, held_out.argmax(axis=1), label_count=label_count),
        C=C,
    )


def _choose_c(problem: Problem, *, folds: NDArray[np.int64], without: int | None, rng: np.random.Generator) -> float:
    chosen = np.flatnonzero(folds != without) if without is not None else np.arange(len(folds))
    if len(chosen) > _CHOOSE_ON:
        chosen = np.sort(rng.permutation(chosen)[:_CHOOSE_ON])
    return choose_c(problem.take(chosen), folds=folds[chosen])
