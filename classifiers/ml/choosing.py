"""Choose, by cross-validation among the examples of a training, what its model is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.ml import blocks, calibration
from classifiers.ml.evaluation import confusion_matrix, f1_of_confusion
from classifiers.ml.fitting import balanced_log_loss, fit_head
from classifiers.ml.head import logits, softmax
from classifiers.ml.lessons import Lessons, compress_sparse, count_ngrams

# Inverse strengths of the L2 penalty, as scikit-learn counts them.
C_GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_START = C_GRID.index(10.0)
SPELLING_C = 10.0
# Below so many examples all C are as good: with 8 a label macro-F1 moved by .01 between 1 and 30.
_FEW = 60
# How much a worse log-loss takes from a set of layers' part, for each example (exponential weights). Picking the best
# alone was worse with few examples, weighing all alike with many.
_SHARPNESS = 0.3
_LEAST_PART = 0.02
# Spelling needs examples: with 16 product reviews it cost .02 to .07 of F1.
_SPELLING_FROM = 100
_SPELLING_PARTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)
# Of few examples the temperature that looks best can be far off.
LOWEST_T, HIGHEST_T = 1 / 3, 3.0
# Below so many examples, what looks best for the labels' shares is chance, and C is found with the temperature.
_MANY = 200
_SHIFTS = (0.0, 0.25, 0.5, 0.75)
_USUAL_SHIFT = 0.5
# So much macro-F1 more must another strength give: less is chance.
_CLEARLY = 0.005
# Mean recall, on a scale from guessing (0) to perfect (1), below and above which shares are not and fully trusted.
_BLIND, _CLEAR = 0.5, 0.65


@dataclass(frozen=True)
class Scope:
    """How much is tried. `most_members` sets of layers are averaged; `has_spelling`: whether n-grams are tried."""

    most_members: int
    has_spelling: bool


@dataclass(frozen=True)
class Member:
    """One set of layers: its logistic regression's C, and the factor of its logits in the sum."""

    layers: tuple[int, ...]
    C: float
    factor: float


@dataclass(frozen=True)
class Choice:
    """What a model is made of. `spelling` is the factor of the n-grams' logits, 0 where they don't help.

    `held_out` (n, k) are the logits of the counted examples, each from models that hadn't seen it; `y` (n,) theirs.
    """

    members: tuple[Member, ...]
    spelling: float
    held_out: NDArray[np.float32]
    y: NDArray[np.int64]

    def shift(self, shares: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return what to add to the logits where labels occur as `shares` say, instead of all alike.

        Half of what Bayes' rule asks for, as a rule: macro-F1 is best between the two. A model that can't tell the
        labels apart can't count them either: then less, down to nothing. With many examples the held-out ones decide,
        weighed as if their labels had these shares.

        Shapes: float64 (k,) -> float32 (k,).
        """
        steps = np.log(shares * len(shares))
        usual = _USUAL_SHIFT * _trust(self.held_out.argmax(axis=1), self.y, label_count=len(shares))
        if len(self.y) < _MANY or not usual:
            return (usual * steps).astype(np.float32)
        counts = np.bincount(self.y, minlength=len(shares))
        weights = np.divide(shares, counts, out=np.zeros_like(shares), where=counts > 0)

        def score(strength: float) -> float:
            predicted = (self.held_out + strength * steps).argmax(axis=1)
            cells = confusion_matrix(self.y, predicted, label_count=len(shares))
            return float(f1_of_confusion(cells * weights[:, None]).mean())

        best = max(_SHIFTS, key=score)
        strength = best if score(best) > score(usual) + _CLEARLY else usual
        return (strength * steps).astype(np.float32)


@dataclass(frozen=True)
class _Trial:
    """One set of layers with one C. `held_out` are the logits at the temperature at which their loss is the lowest."""

    layers: tuple[int, ...]
    C: float
    temperature: float
    held_out: NDArray[np.float32]
    loss: float
    plain_loss: float


def choose(lessons: Lessons, *, folds: NDArray[np.int64], is_measured: NDArray[np.bool_], scope: Scope) -> Choice:
    """Return what a model of these examples is best made of.

    All examples are fitted to; only those that `is_measured` names count, or all where it names none. Compared is the
    log-loss, every label weighing the same: it doesn't jump as F1 does. Sets of layers are compared at the temperature
    that is best for each, and so is C where examples are few: on 64 a label it chose as well or better (.806 against
    .801 on product reviews, one set of layers), on a thousand talk-page comments worse (.857 against .887).

    Shapes: folds int (n,), the fold in which each example is held out, two at least; is_measured bool (n,).
    """
    counted = is_measured if is_measured.any() else np.ones_like(is_measured)
    trials: list[_Trial] = []
    for layers in blocks.candidates(lessons.layer_count):
        # The best C of one set of layers is near that of the next.
        start = C_GRID.index(trials[-1].C) if trials else _START
        trials.append(_try_layers(lessons, layers, folds=folds, counted=counted, start=start))
    parts = _parts([trial.loss for trial in trials], count=int(counted.sum()), most=scope.most_members)
    mixed: NDArray[np.float32] = np.sum(
        [part * trial.held_out for part, trial in zip(parts, trials, strict=True) if part], axis=0
    )
    spelling = 0.0
    if scope.has_spelling and sum(not text.isspace() for text in lessons.texts if text) >= _SPELLING_FROM:
        spelled, own_temperature = _try_spelling(lessons, folds=folds, counted=counted)
        part = min(_SPELLING_PARTS, key=lambda part: _loss(_mix(mixed, spelled, part=part), lessons.y, counted))
        mixed = _mix(mixed, spelled, part=part)
        parts, spelling = [(1 - part) * each for each in parts], part / own_temperature
    temperature = _temperature(mixed, lessons.y, counted)
    return Choice(
        members=tuple(
            Member(layers=trial.layers, C=trial.C, factor=part / (trial.temperature * temperature))
            for part, trial in zip(parts, trials, strict=True)
            if part
        ),
        spelling=spelling / temperature,
        held_out=mixed[counted] / temperature,
        y=lessons.y[counted],
    )


def _try_layers(
    lessons: Lessons, layers: tuple[int, ...], *, folds: NDArray[np.int64], counted: NDArray[np.bool_], start: int
) -> _Trial:
    """Walk the grid of C downhill from `start`: the loss has one valley."""
    X = blocks.compress(lessons.X[:, lessons.of_layers(layers)])
    tried: dict[int, _Trial] = {}

    def trial(index: int) -> _Trial:
        if index not in tried:
            held_out = _hold_out(lessons, X, folds=folds, C=C_GRID[index])
            temperature = _temperature(held_out, lessons.y, counted)
            plain = _loss(held_out, lessons.y, counted)
            held_out /= temperature
            loss = _loss(held_out, lessons.y, counted)
            tried[index] = _Trial(layers, C_GRID[index], temperature, held_out, loss=loss, plain_loss=plain)
        return tried[index]

    def badness(index: int) -> tuple[float, int]:
        return (trial(index).plain_loss if len(lessons.y) >= _MANY else trial(index).loss), index

    best = start
    while len(lessons.y) >= _FEW:
        around = [index for index in (best - 1, best, best + 1) if 0 <= index < len(C_GRID)]
        lowest = min(around, key=badness)
        if lowest == best:
            break
        best = lowest
    return trial(best)


def _try_spelling(
    lessons: Lessons, *, folds: NDArray[np.int64], counted: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], float]:
    X = compress_sparse(count_ngrams(lessons).transform(lessons.texts))
    held_out = _hold_out(lessons, X, folds=folds, C=SPELLING_C)
    temperature = _temperature(held_out, lessons.y, counted)
    return held_out / temperature, temperature


def _hold_out(lessons: Lessons, X: Any, *, folds: NDArray[np.int64], C: float) -> NDArray[np.float32]:
    """Return each example's logits by a model of the other folds. Shapes: X (n, d) -> float32 (n, k)."""
    held_out = np.empty((len(lessons.y), lessons.label_count), dtype=np.float32)
    problem = lessons.problem(X)
    for fold in np.unique(folds).tolist():
        is_held_out = folds == fold
        head = fit_head(problem.take(~is_held_out), C=C)
        held_out[is_held_out] = logits(X[is_held_out], head=head)
    return held_out


def _parts(losses: Sequence[float], *, count: int, most: int) -> list[float]:
    """Return each set of layers' part in the sum, 0 for those that are left out. They sum to 1."""
    gaps = np.array(losses) - min(losses)
    parts = np.exp(-_SHARPNESS * count * gaps)
    parts[parts < _LEAST_PART * parts.sum()] = 0
    parts[np.argsort(-parts, kind="stable")[most:]] = 0
    return list((parts / parts.sum()).tolist())


def _mix(mixed: NDArray[np.float32], spelled: NDArray[np.float32], *, part: float) -> NDArray[np.float32]:
    # A label that a fold lacks has a logit of minus infinity: nothing of that would be no number.
    return (1 - part) * mixed + part * spelled if part else mixed


def _temperature(held_out: NDArray[np.float32], y: NDArray[np.int64], counted: NDArray[np.bool_]) -> float:
    return float(np.clip(calibration.fit_temperature(held_out, y, is_counted=counted), LOWEST_T, HIGHEST_T))


def _loss(held_out: NDArray[np.float32], y: NDArray[np.int64], counted: NDArray[np.bool_]) -> float:
    return balanced_log_loss(y[counted], softmax(held_out[counted]))


def _trust(predicted: NDArray[np.int64], y: NDArray[np.int64], *, label_count: int) -> float:
    """Return how far shares are to be trusted that are counted by this model: 0 to 1."""
    recall = float(np.mean([(predicted[y == label] == label).mean() for label in np.unique(y)]))
    above_chance = (recall - 1 / label_count) / (1 - 1 / label_count)
    return float(np.clip((above_chance - _BLIND) / (_CLEAR - _BLIND), 0, 1))
