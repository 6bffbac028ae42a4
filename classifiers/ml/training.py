"""A whole training: honest scores first, then the head that will serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classifiers.ml.evaluation import Scores, choose_measured, evaluate
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
    never saw it, and that was tuned without it, too; `scores` are those of `held_out`'s highest, over the examples that
    `is_measured` (n,) names. `C` is the head's.
    """

    head: Head
    held_out: NDArray[np.float32]
    is_measured: NDArray[np.bool_]
    scores: Scores
    C: float


def train(
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    *,
    label_count: int,
    seed: int,
    on_progress: Progress,
    is_confirmed: NDArray[np.bool_] | None = None,
) -> Trained:
    """Train a head and measure it by nested cross-validation.

    For each of five folds C is chosen by cross-validation among the other four, a model with it is fitted to those,
    and predicts the fold: what is scored was neither fitted to nor tuned on.

    Labels that aren't confirmed are learnt from like the others. They count in the scores and in the choice of C only
    where too few are confirmed (`evaluation.choose_measured`): a machine's label may be wrong, and a model that has
    learnt the machine's ways would be praised for repeating them.

    Shapes: X float32 (n, d); y int (n,), values 0 to label_count - 1, at least two of each; is_confirmed bool (n,), all
    where it's None.
    Raises ValueError where a label has no example. The same arguments give the same bytes.
    """
    if len(np.unique(y)) < label_count:
        raise ValueError("A label has no example.")
    if is_confirmed is None:
        is_confirmed = np.ones(len(y), dtype=np.bool_)
    # Sums that are split among cores come out a little different for each number of them. Cores share the folds.
    with threadpool_limits(limits=1):
        return _train(
            Problem(X=X, y=y, label_count=label_count), is_confirmed=is_confirmed, seed=seed, on_progress=on_progress
        )


def _train(problem: Problem, *, is_confirmed: NDArray[np.bool_], seed: int, on_progress: Progress) -> Trained:
    rng = np.random.default_rng(seed)
    y, label_count = problem.y, problem.label_count
    is_measured = choose_measured(y, is_confirmed, label_count=label_count)
    # Confirmed and other examples of a label are dealt out one after the other: each fold has its share of both.
    folds = assign_folds(2 * y + is_confirmed, fold_count=FOLDS, rng=rng)
    choose = partial(_choose_c, problem, folds=folds, is_measured=is_measured, rng=rng)
    C_of_fold: dict[int, float] = {}
    for fold in range(FOLDS):
        on_progress(fold / (FOLDS + 2), f"Choosing how to train: {fold + 1} of {FOLDS + 1}")
        C_of_fold[fold] = choose(without=fold)
    on_progress(FOLDS / (FOLDS + 2), "Measuring on examples that were held out")
    held_out = predict_held_out(problem, folds=folds, C_of_fold=C_of_fold)
    on_progress((FOLDS + 1) / (FOLDS + 2), f"Choosing how to train: {FOLDS + 1} of {FOLDS + 1}")
    C = choose(without=None)
    predicted = held_out.argmax(axis=1)
    return Trained(
        head=fit_head(problem, C=C),
        held_out=held_out,
        is_measured=is_measured,
        scores=evaluate(y[is_measured], predicted[is_measured], label_count=label_count),
        C=C,
    )


def _choose_c(
    problem: Problem,
    *,
    folds: NDArray[np.int64],
    is_measured: NDArray[np.bool_],
    without: int | None,
    rng: np.random.Generator,
) -> float:
    chosen = np.flatnonzero(folds != without) if without is not None else np.arange(len(folds))
    if len(chosen) > _CHOOSE_ON:
        chosen = _draw(chosen, is_measured=is_measured, rng=rng)
    return choose_c(problem.take(chosen), folds=folds[chosen], is_measured=is_measured[chosen])


def _draw(chosen: NDArray[np.int64], *, is_measured: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return `_CHOOSE_ON` of the chosen rows, in order; a half at least of those that count, where there are so many.

    Of 200,000 suggestions and 100 confirmed labels, a plain draw would leave two or three to choose by.
    """
    shuffled = rng.permutation(chosen)
    counting, others = shuffled[is_measured[shuffled]], shuffled[~is_measured[shuffled]]
    counting = counting[: max(_CHOOSE_ON // 2, _CHOOSE_ON - len(others))]
    return np.sort(np.concatenate([counting, others[: _CHOOSE_ON - len(counting)]]))
