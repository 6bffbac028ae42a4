"""What more examples would give: scores with a part of the examples, and with half of one label's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifiers.ml.evaluation import evaluate, macro_f1

SHARES = (0.25, 0.5, 0.75, 1.0)
# Labels that are looked at each by itself: each costs as much as one point of the curve.
MOST_LABELS = 5
# Half of fewer examples is too little to tell anything.
LEAST_EXAMPLES = 8
# Curves flatten: on a logarithmic one the next doubling would give as much as the last, in practice it gives less.
FLATTENING = 0.7

# From the rows to learn from and the rows to answer for, to the latter's probabilities (m, k).
FitPredict = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.floating]]


@dataclass(frozen=True)
class CurvePoint:
    """The macro-F1, out of fold, of models that learnt from `count` examples on average."""

    count: int
    macro_f1: float


@dataclass(frozen=True)
class LabelGain:
    """About how much macro-F1 `more` examples of a label would add. `label` is its place."""

    label: int
    more: int
    gain: float


def learning_curve(
    y: NDArray[np.int64],
    *,
    folds: NDArray[np.int64],
    fit_predict: FitPredict,
    label_count: int,
    is_measured: NDArray[np.bool_],
    rng: np.random.Generator,
    shares: Sequence[float] = SHARES,
) -> list[CurvePoint]:
    """Return the out-of-fold macro-F1 of models that learn from a share of each fold's training part, fewest first.

    Each share has its part of each label, one example at least, and holds the smaller shares' examples, so that a
    point differs from the one before by what was added, not by a luckier draw.

    Shapes: y, folds int (n,); is_measured bool (n,): the examples that the scores count; shares in ]0, 1].
    Cost: `fit_predict` for each share and fold. Raises ValueError where nothing is measured.
    """
    if not is_measured.any():
        raise ValueError("There is nothing to evaluate.")
    ranks = _ranks(y, folds=folds, rng=rng)
    points = []
    for share in sorted(shares):
        learnt: list[int] = []

        def choose(fold: int, *, share: float = share, learnt: list[int] = learnt) -> NDArray[np.int64]:
            chosen = np.flatnonzero((folds != fold) & (ranks[fold] < share))
            learnt.append(len(chosen))
            return chosen

        predicted = _hold_out(y, folds=folds, fit_predict=fit_predict, choose=choose)
        score = macro_f1(y[is_measured], predicted[is_measured], label_count=label_count)
        points.append(CurvePoint(count=round(float(np.mean(learnt))), macro_f1=score))
    return points


def label_gains(
    y: NDArray[np.int64],
    *,
    folds: NDArray[np.int64],
    fit_predict: FitPredict,
    label_count: int,
    is_measured: NDArray[np.bool_],
    rng: np.random.Generator,
    most_labels: int = MOST_LABELS,
) -> list[LabelGain]:
    """Return what doubling the examples of a label would add, for those that need it most; the biggest gain first.

    Looked at are the labels that score worst and those that are rarest, in turn, of those with LEAST_EXAMPLES or more.
    What half of a label's examples cost, when they are taken from the training parts, is what they were worth; as
    many again are worth FLATTENING of it. Labels that cost nothing are left out.

    Shapes and cost: as `learning_curve`, `fit_predict` for each label and once more, and each fold.
    Source: doubling one label, logistic regression, said against came on the test part, in points, means of 5 to 12
    draws: 20 of product reviews 5.4 and 6.0; 15 and 30 of medical abstracts 1.6 and 1.5, 1.1 and 0.9; 20 of talk-page
    comments 1.8 and 0.3; 20 of SMS 0.5 and 0.2. A single one is off by 1 to 3 points either way.
    """
    counts = np.bincount(y, minlength=label_count)
    if not is_measured.any() or counts.max() < LEAST_EXAMPLES:
        return []
    ranks = _ranks(y, folds=folds, rng=rng)

    def answers_without(halved: int | None) -> NDArray[np.int64]:
        is_left = np.ones_like(ranks, dtype=np.bool_) if halved is None else (y != halved) | (ranks < 0.5)
        return _hold_out(
            y,
            folds=folds,
            fit_predict=fit_predict,
            choose=lambda fold: np.flatnonzero((folds != fold) & is_left[fold]),
        )

    scores = evaluate(y[is_measured], answers_without(None)[is_measured], label_count=label_count)
    gains = []
    for label in _neediest(np.array([each.f1 for each in scores.labels]), counts=counts)[:most_labels]:
        halved = macro_f1(y[is_measured], answers_without(label)[is_measured], label_count=label_count)
        gain = FLATTENING * (scores.macro_f1 - halved)
        if gain > 0:
            gains.append(LabelGain(label=label, more=friendly_count(int(counts[label])), gain=gain))
    return sorted(gains, key=lambda each: (-each.gain, each.label))


def friendly_count(count: int) -> int:
    """Return a number that people would say: 10 at least, above 20 of two digits and zeros.

    >>> [friendly_count(count) for count in (8, 17, 24, 25, 138, 1274)]
    [10, 17, 20, 30, 140, 1300]
    """
    if count <= 20:
        return max(10, count)
    step = int(10 ** max(1, len(str(count)) - 2))
    return (count + step // 2) // step * step


def _hold_out(
    y: NDArray[np.int64],
    *,
    folds: NDArray[np.int64],
    fit_predict: FitPredict,
    choose: Callable[[int], NDArray[np.int64]],
) -> NDArray[np.int64]:
    """Return each example's answer by a model that learnt from what `choose` gives for its fold."""
    predicted = np.empty(len(y), dtype=np.int64)
    for fold in np.unique(folds).tolist():
        held_out = np.flatnonzero(folds == fold)
        predicted[held_out] = fit_predict(choose(fold), held_out).argmax(axis=1)
    return predicted


def _ranks(y: NDArray[np.int64], *, folds: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return where each example stands in a random order of its label's training examples, for each held-out fold.

    Shapes: -> (fold_count, n), values in [0, 1[, the first of each label at 0; at 2 where it is held out.
    """
    ranks = np.full((int(folds.max()) + 1, len(y)), 2.0)
    for label in np.unique(y).tolist():
        shuffled = rng.permutation(np.flatnonzero(y == label))
        for fold in np.unique(folds).tolist():
            members = shuffled[folds[shuffled] != fold]
            ranks[fold, members] = np.arange(len(members)) / max(1, len(members))
    return ranks


def _neediest(f1: NDArray[np.float64], *, counts: NDArray[np.int64]) -> list[int]:
    """Return the labels with enough examples: the worst, the rarest, the second worst, the second rarest, ..."""
    enough = np.flatnonzero(counts >= LEAST_EXAMPLES)
    worst = enough[np.lexsort((enough, f1[enough]))].tolist()
    rarest = enough[np.lexsort((enough, counts[enough]))].tolist()
    in_turn = [label for pair in zip(worst, rarest, strict=True) for label in pair]
    return list(dict.fromkeys(in_turn))
