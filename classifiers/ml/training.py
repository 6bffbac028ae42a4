"""A whole training: honest scores first, then the model that will serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classifiers.ml import calibration
from classifiers.ml.choosing import HIGHEST_T, LOWEST_T, Choice, Scope, choose
from classifiers.ml.composing import LEAST_POOL, compose
from classifiers.ml.evaluation import Scores, choose_measured, evaluate
from classifiers.ml.fitting import run_parallel
from classifiers.ml.folds import assign_folds
from classifiers.ml.learning_curves import CurvePoint, LabelGain, label_gains, learning_curve
from classifiers.ml.lessons import Lessons, Pool
from classifiers.ml.model import Model, predict_proba, scale
from classifiers.ml.ngrams import MOST_CHARACTERS

FOLDS = 5
# Up to so many examples, each fold's model is chosen without it alone: six choices in all. Beyond, two folds share a
# choice that was made on the other three, and these one that was made on the two.
_CHOSEN_BY_FOLD = 1_000
# What is chosen, is chosen on so many examples at most, and fewer where labels are many: more change the time only.
_CHOOSE_ON, _CHOOSE_ON_TIMES_LABELS = 1_500, 120_000
# Examples times labels from which on a part of the recipe would take too long.
_MOST_MIXED, _MOST_GAINS, _MOST_CURVE, _MOST_COMPOSED = 1_000_000, 30_000, 400_000, 2_000
# The same for the characters of all texts times labels.
_MOST_SPELLED = 2_000_000
_ALL_MEMBERS = 5
# Of the training part, for the learning curve.
_SHARES = (0.25, 0.5, 1.0)
# A temperature of fewer held-out examples would be chance.
_LEAST_CALIBRATED = 60

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    `model` was fitted to all examples. `held_out` (n, k) are the probabilities of each example under a model that
    never saw it, and that was chosen without it, too; `scores` are those of `held_out`'s highest, over the examples
    that `is_measured` (n,) names. `dropped` says in sentences what was left out for being too long.
    """

    model: Model
    choice: Choice
    held_out: NDArray[np.float32]
    folds: NDArray[np.int64]
    is_measured: NDArray[np.bool_]
    scores: Scores
    is_taught: bool
    dropped: tuple[str, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    gains: tuple[LabelGain, ...] = ()


@dataclass(frozen=True)
class _Course:
    """All that the steps of one training share."""

    lessons: Lessons
    pool: Pool | None
    folds: NDArray[np.int64]
    is_measured: NDArray[np.bool_]
    scope: Scope
    rng: np.random.Generator


def train(
    lessons: Lessons,
    *,
    seed: int,
    on_progress: Progress,
    is_confirmed: NDArray[np.bool_] | None = None,
    groups: NDArray[np.int64] | None = None,
    pool: Pool | None = None,
) -> Trained:
    """Train a model and measure it by nested cross-validation.

    For each of five folds the model's parts are chosen by cross-validation among the other four, fitted to those, and
    predict the fold: what is scored was neither fitted to nor chosen on. Examples of one group (near-duplicates) are
    in one fold. `pool` are texts without a label, from which the model may learn what is usual.

    Labels that aren't confirmed are learnt from like the others. They count in the scores and in the choice only
    where too few are confirmed (`evaluation.choose_measured`): a machine's label may be wrong, and a model that has
    learnt the machine's ways would be praised for repeating them.

    Shapes: is_confirmed bool (n,), all where it's None; groups int (n,). At least two examples of each label.
    Raises ValueError where a label has no example. The same arguments give the same bytes.
    """
    y, label_count = lessons.y, lessons.label_count
    if len(np.unique(y)) < label_count:
        raise ValueError("A label has no example.")
    if is_confirmed is None:
        is_confirmed = np.ones(len(y), dtype=np.bool_)
    rng = np.random.default_rng(seed)
    course = _Course(
        lessons=lessons,
        pool=pool,
        # Confirmed and other examples of a label are dealt out one after the other: each fold has its share of both.
        folds=assign_folds(2 * y + is_confirmed, fold_count=FOLDS, rng=rng, groups=groups),
        is_measured=choose_measured(y, is_confirmed, label_count=label_count),
        scope=_scope(lessons),
        rng=rng,
    )
    # Sums that are split among cores come out a little different for each number of them. Cores share the folds.
    with threadpool_limits(limits=1):
        return _train(course, on_progress=on_progress)


def fit_only(lessons: Lessons, *, seed: int, pool: Pool | None = None) -> Model:
    """Return the model that `train` would make, but for its last temperature, without measuring what it is worth."""
    folds = assign_folds(2 * lessons.y + 1, fold_count=FOLDS, rng=np.random.default_rng(seed))
    course = _Course(
        lessons=lessons,
        pool=pool,
        folds=folds,
        is_measured=np.ones(len(folds), dtype=np.bool_),
        scope=_scope(lessons),
        rng=np.random.default_rng(seed),
    )
    with threadpool_limits(limits=1):
        return compose(lessons, choice=_choose(course, without=()), pool=pool)


def _train(course: _Course, *, on_progress: Progress) -> Trained:
    lessons, is_measured = course.lessons, course.is_measured
    held_out = _measure(course, on_progress=on_progress)
    on_progress(0.7, "Choosing how to train on all examples")
    choice = _choose(course, without=())
    on_progress(0.8, "Training on all examples")
    model = compose(lessons, choice=choice, pool=course.pool)
    temperatures = _temperatures(course, held_out)
    on_progress(0.85, "Looking at what more examples would give")
    curve, gains = _look_ahead(course, choice=choice)
    scores = evaluate(lessons.y[is_measured], held_out.argmax(axis=1)[is_measured], label_count=lessons.label_count)
    return Trained(
        model=scale(model, factor=1 / temperatures[-1]),
        choice=choice,
        held_out=_at(held_out, temperatures[course.folds]),
        folds=course.folds,
        is_measured=is_measured,
        scores=scores,
        is_taught=course.pool is not None and len(course.pool.texts) >= LEAST_POOL,
        dropped=_dropped(course),
        curve=tuple(curve),
        gains=tuple(gains),
    )


def _scope(lessons: Lessons) -> Scope:
    size = len(lessons.y) * lessons.label_count
    return Scope(
        most_members=_ALL_MEMBERS if size <= _MOST_MIXED else 1, has_spelling=_spelled(lessons) <= _MOST_SPELLED
    )


def _spelled(lessons: Lessons) -> int:
    """Return how many characters are looked at, times the labels."""
    return sum(min(len(text), MOST_CHARACTERS) for text in lessons.texts) * lessons.label_count


def _dropped(course: _Course) -> tuple[str, ...]:
    size = len(course.lessons.y) * course.lessons.label_count
    limits = {
        _MOST_MIXED: "Only the best set of the encoder's layers is used: averaging several would take too long.",
        _MOST_GAINS: "What more examples of a single label would give wasn't estimated: it takes too long.",
        _MOST_CURVE: "There is no learning curve: with so many examples and labels it takes too long.",
    }
    dropped = [sentence for limit, sentence in limits.items() if size > limit]
    if not course.scope.has_spelling:
        dropped.insert(
            0, "How words are spelled wasn't looked at: with so much text and so many labels it takes too long."
        )
    return tuple(dropped)


def _measure(course: _Course, *, on_progress: Progress) -> NDArray[np.float32]:
    """Return each example's probabilities by a model that was chosen and fitted without it. Shapes: (n, k)."""
    held_out = np.empty((len(course.lessons.y), course.lessons.label_count), dtype=np.float32)
    choices: dict[int, Choice] = {}
    together = _chosen_together(len(course.lessons.y))
    # One after the other: their draws come from one generator.
    draws = [_rows_to_choose_on(course, without=each) for each in together]
    on_progress(0.0, "Choosing how to train, without the examples that are measured")

    def choose_for(number: int) -> Choice:
        return _choose_on(course, draws[number])

    size_bytes = course.lessons.X.nbytes
    for number, choice in enumerate(run_parallel(choose_for, range(len(together)), size_bytes=size_bytes)):
        choices |= dict.fromkeys(together[number], choice)
    on_progress(0.4, "Measuring on examples that were held out")

    def hold_out(fold: int) -> None:
        rows = np.flatnonzero(course.folds == fold)
        others = np.flatnonzero(course.folds != fold)
        model = compose(course.lessons.take(others), choice=choices[fold], pool=course.pool)
        tested = course.lessons.take(rows)
        held_out[rows] = predict_proba(model, tested.X, texts=tested.texts)

    run_parallel(hold_out, np.unique(course.folds).tolist(), size_bytes=size_bytes)
    return held_out


def _chosen_together(count: int) -> list[tuple[int, ...]]:
    return [(fold,) for fold in range(FOLDS)] if count <= _CHOSEN_BY_FOLD else [(0, 1), (2, 3, 4)]


def _choose(course: _Course, *, without: tuple[int, ...]) -> Choice:
    return _choose_on(course, _rows_to_choose_on(course, without=without))


def _choose_on(course: _Course, rows: NDArray[np.int64]) -> Choice:
    return choose(
        course.lessons.take(rows),
        folds=course.folds[rows],
        is_measured=course.is_measured[rows],
        scope=course.scope,
    )


def _rows_to_choose_on(course: _Course, *, without: tuple[int, ...]) -> NDArray[np.int64]:
    chosen = np.flatnonzero(~np.isin(course.folds, without))
    most = min(_CHOOSE_ON, max(_CHOOSE_ON_TIMES_LABELS // course.lessons.label_count, FOLDS))
    if len(chosen) <= most:
        return chosen
    return _draw(chosen, is_measured=course.is_measured, most=most, rng=course.rng)


def _draw(
    chosen: NDArray[np.int64], *, is_measured: NDArray[np.bool_], most: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return `most` of the chosen rows, in order; a half at least of those that count, where there are so many.

    Of 200,000 suggestions and 100 confirmed labels, a plain draw would leave two or three to choose by.
    """
    shuffled = rng.permutation(chosen)
    counting, others = shuffled[is_measured[shuffled]], shuffled[~is_measured[shuffled]]
    counting = counting[: max(most // 2, most - len(others))]
    return np.sort(np.concatenate([counting, others[: most - len(counting)]]))


def _temperatures(course: _Course, held_out: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the temperature that makes each fold's probabilities honest, found on the other folds; at last of all."""
    log_proba = np.log(np.maximum(held_out, np.finfo(np.float32).tiny))
    y, counted = course.lessons.y, course.is_measured

    def fit(rows: NDArray[np.bool_]) -> float:
        if np.count_nonzero(rows) < _LEAST_CALIBRATED:
            return 1.0
        return float(np.clip(calibration.fit_temperature(log_proba, y, is_counted=rows), LOWEST_T, HIGHEST_T))

    found = [fit(counted & (course.folds != fold)) for fold in range(FOLDS)]
    return np.array([*found, fit(counted)], dtype=np.float32)


def _at(proba: NDArray[np.float32], temperatures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probabilities at each row's temperature; which label is the highest doesn't change."""
    scores = np.log(np.maximum(proba, np.finfo(np.float32).tiny)) / temperatures[:, None]
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: NDArray[np.float32] = scores / scores.sum(axis=1, keepdims=True)
    return result


def _look_ahead(course: _Course, *, choice: Choice) -> tuple[list[CurvePoint], list[LabelGain]]:
    """Return the learning curve and what more of single labels would give, by models without unlabelled texts."""
    lessons = course.lessons
    size = len(lessons.y) * lessons.label_count
    if size > _MOST_COMPOSED:
        best = max(choice.members, key=lambda member: member.factor)
        choice = replace(choice, members=(best,), spelling=0.0)

    def fit_predict(learnt: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.float32]:
        model = compose(lessons.take(learnt), choice=choice, pool=None)
        tested = lessons.take(asked)
        return predict_proba(model, tested.X, texts=tested.texts)

    rngs = course.rng.spawn(2)
    same: dict[str, Any] = {
        "folds": course.folds,
        "fit_predict": fit_predict,
        "label_count": lessons.label_count,
        "is_measured": course.is_measured,
    }
    curve = partial(learning_curve, lessons.y, rng=rngs[0], shares=_SHARES, **same)
    gains = partial(label_gains, lessons.y, rng=rngs[1], **same)
    return _both(
        curve if size <= _MOST_CURVE else list, gains if size <= _MOST_GAINS else list, size_bytes=lessons.X.nbytes
    )


def _both(
    curve: Callable[[], list[CurvePoint]], gains: Callable[[], list[LabelGain]], *, size_bytes: int
) -> tuple[list[CurvePoint], list[LabelGain]]:
    """Return what both give, worked out side by side."""
    points: list[CurvePoint] = []
    found: list[LabelGain] = []
    works: list[Callable[[], None]] = [lambda: points.extend(curve()), lambda: found.extend(gains())]
    run_parallel(lambda work: work(), works, size_bytes=size_bytes)
    return points, found
