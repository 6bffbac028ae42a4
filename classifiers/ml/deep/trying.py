"""The whole way of the deep tier: adapt without each fold, measure against the fast tier, adapt on all where it won."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classifiers.ml import calibration, export, memory
from classifiers.ml.deep.adapting import TookTooLong, adapt, predict
from classifiers.ml.deep.comparing import Comparison, compare
from classifiers.ml.deep.exporting import export_upper
from classifiers.ml.deep.network import Adapted, Start, UpperUnadaptable
from classifiers.ml.deep.recipe import Recipe, by_turns
from classifiers.ml.deep.states import LowerStates, read_states
from classifiers.ml.deep.upper import UpperSession
from classifiers.ml.encoder import OnnxEncoder
from classifiers.ml.fitting import fit_head, run_parallel
from classifiers.ml.head import Head, softmax
from classifiers.ml.lessons import Lessons

ERRORS = (UpperUnadaptable, *export.EXPORT_ERRORS)
# The deep tier's share in what both say together. Macro-F1 with shares of .5, .8 and 1: product reviews, 64 a label,
# .828 .833 .838; bank intents, 8 a label, .826 .827 .827; medical topics, 64 a label, .616 .619 .610.
_SHARE = 0.8
# A temperature of fewer held-out examples would be chance.
_LEAST_CALIBRATED = 60
_TIMED_TEXTS = 20
# Of many examples, three fifths say well enough whether it won.
_FOLDS_OF_MANY = 3
_UNMEASURED = "The deep way of training couldn't be measured: too few examples are confirmed."
_LOST = "The deep way of training was tried and not kept: what it gained was no more than chance explains."

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Base:
    """The shared encoder, prepared and in PyTorch."""

    start: Start
    encoder: OnnxEncoder


@dataclass(frozen=True)
class Fast:
    """What the fast tier got to: what has to be beaten.

    `held_out` (n, k) are its probabilities of each example by models that never saw it; `folds` int (n,) says in which
    fold that was held out; `is_measured` bool (n,), which examples count.
    """

    held_out: NDArray[np.float32]
    folds: NDArray[np.int64]
    is_measured: NDArray[np.bool_]


@dataclass(frozen=True)
class Deep:
    """Adapted layers and what to do with them: logits of a text are `fast_factor` times those of the fast tier's
    model plus those of `head` on the features that `UpperSession(upper)` gives.

    `upper` is the content of an ONNX file. `serving_ms` is what its pass takes for a text of middling length.
    """

    upper: bytes
    head: Head
    fast_factor: float
    serving_ms: float


@dataclass(frozen=True)
class Tried:
    """What came of trying the deep tier; `deep` is None where it isn't kept, and `remark` says why in a sentence.

    `rows` (m,) were asked, all where there are few; `held_out` (m, k) are their probabilities by what is kept, each
    from models that never saw the example. `comparison` is of the tiers' answers to those that are measured; None where
    there was no time to find out.
    """

    rows: NDArray[np.int64]
    held_out: NDArray[np.float32]
    comparison: Comparison | None
    deep: Deep | None
    remark: str = ""


@dataclass(frozen=True)
class _Course:
    """All that the steps share. `y`, `folds`, `is_measured` and `fast` (logits) are those of the texts of `states`."""

    lessons: Lessons
    states: LowerStates
    y: NDArray[np.int64]
    folds: NDArray[np.int64]
    is_measured: NDArray[np.bool_]
    fast: NDArray[np.float32]
    base: Base
    recipe: Recipe
    is_over: Callable[[], bool]


def load_base(source: str, *, encoder: OnnxEncoder) -> Base:
    """Return where adapting starts: the encoder `source`, of which `encoder` was prepared. Raises ERRORS."""
    network, read = export.load_for_adapting(source, weights_sha256=encoder.manifest.weights_sha256)
    layers = list(getattr(getattr(network, "encoder", None), "layer", ()))
    if len(layers) < read[-1] or len(read) < 2:
        raise UpperUnadaptable(
            "This encoder's layers can't be adapted: that takes a BERT-like one. The fast way of training works."
        )
    lowest, config = read[0], network.config
    start = Start(
        layers=layers[lowest:],
        read=tuple(layer - lowest for layer in read[1:]),
        heads=config.num_attention_heads,
        hidden=config.hidden_size,
    )
    del network, layers
    # The rest of the network: half of it are words' vectors.
    memory.give_back()
    return Base(start=start, encoder=encoder)


def try_deep(
    lessons: Lessons,
    *,
    fast: Fast,
    base: Base,
    recipe: Recipe,
    clock: Callable[[], float],
    limit_s: float,
    on_progress: Progress,
) -> Tried:
    """Adapt the upper layers to the lessons and keep them where that beats the fast tier by more than the noise.

    Each fold is answered by layers that were adapted without it; of many examples, only three folds are. If the first
    two show a loss that is more than the noise, the others aren't tried. After `limit_s` seconds of `clock` it gives
    up; how much is learned never depends on the clock, so the same arguments give the same bytes wherever there is
    time enough.

    Raises ExportInaccurate.
    """
    if not fast.is_measured.any():
        return _not_kept(fast, rows=np.arange(len(lessons.y)), remark=_UNMEASURED)
    began = clock()

    def is_over() -> bool:
        return clock() - began > limit_s

    order = by_turns(lessons.y, rng=np.random.default_rng(recipe.seed))
    states = read_states(
        lessons.texts,
        order=order,
        encoder=base.encoder,
        text_tokens=recipe.text_tokens,
        most_tokens=recipe.held_tokens,
        on_progress=lambda share: on_progress(0.1 * share, "Reading texts for the deep way of training"),
    )
    rows = states.rows
    course = _Course(
        lessons=lessons,
        states=states,
        y=lessons.y[rows],
        folds=fast.folds[rows],
        is_measured=fast.is_measured[rows],
        fast=_log(fast.held_out[rows]),
        base=base,
        recipe=recipe,
        is_over=is_over,
    )
    try:
        # Sums that are split among cores come out a little different for each number of them.
        with threadpool_limits(limits=1):
            return _try(course, fast=fast, clock=clock, on_progress=on_progress)
    except TookTooLong:
        remark = f"The deep way of training was given up after {limit_s:,.0f} seconds."
        return _not_kept(fast, rows=rows, remark=remark)


def _try(course: _Course, *, fast: Fast, clock: Callable[[], float], on_progress: Progress) -> Tried:
    deep = np.zeros_like(course.fast)
    is_known = np.zeros(len(course.y), dtype=np.bool_)
    numbers: list[int] = np.unique(course.folds).tolist()
    if _is_large(course):
        numbers = numbers[:_FOLDS_OF_MANY]
    for some in filter(None, (numbers[:2], numbers[2:])):
        share = 0.1 if some == numbers[:2] else 0.1 + 0.8 * 2 / len(numbers)
        on_progress(share, "Adapting the encoder, without what is measured")
        for fold, logits in zip(some, _side_by_side(course, some), strict=True):
            deep[course.folds == fold] = logits
            is_known |= course.folds == fold
        # The networks of these folds.
        memory.give_back()
        mixed, fast_factor, deep_factor = _mix(course, deep, is_known=is_known)
        comparison = _compare(course, mixed, counted=is_known & course.is_measured)
        if comparison is None or comparison.is_lost:
            break
    if comparison is None or not comparison.is_won:
        remark = _UNMEASURED if comparison is None else _LOST
        return _not_kept(fast, rows=course.states.rows, remark=remark, comparison=comparison)
    on_progress(0.9, "Adapting the encoder to all examples")
    network = _adapt(course, places=np.arange(len(course.y)))
    memory.give_back()
    upper = export_upper(network, states=course.states)
    head = network.fitted_head()
    kept = Deep(
        upper=upper,
        head=Head(weights=np.float32(deep_factor) * head.weights, bias=np.float32(deep_factor) * head.bias),
        fast_factor=fast_factor,
        serving_ms=_serving_ms(upper, encoder=course.base.encoder, texts=course.lessons.texts, clock=clock),
    )
    rows = course.states.rows[is_known]
    return Tried(rows=rows, held_out=softmax(mixed[is_known]), comparison=comparison, deep=kept)


def _is_large(course: _Course) -> bool:
    """Tell whether there are more tokens than are read in all the epochs."""
    return int(course.states.lengths.sum()) * course.recipe.epochs > course.recipe.most_tokens


def _not_kept(fast: Fast, *, rows: NDArray[np.int64], remark: str, comparison: Comparison | None = None) -> Tried:
    return Tried(rows=rows, held_out=fast.held_out[rows], comparison=comparison, deep=None, remark=remark)


def _side_by_side(course: _Course, folds: Sequence[int]) -> list[NDArray[np.float32]]:
    def hold_out(fold: int) -> NDArray[np.float32]:
        network = _adapt(course, places=np.flatnonzero(course.folds != fold))
        return _log(predict(network, course.states, places=np.flatnonzero(course.folds == fold)))

    return run_parallel(hold_out, list(folds), size_bytes=course.lessons.X.nbytes)


def _adapt(course: _Course, *, places: NDArray[np.int64]) -> Adapted:
    if course.is_over():
        raise TookTooLong
    lessons = course.lessons.take(course.states.rows[places])
    return adapt(
        course.states,
        course.y,
        places=places,
        start=course.base.start,
        head=fit_head(lessons.problem(lessons.X), C=course.recipe.start_C),
        recipe=course.recipe,
        is_over=course.is_over,
    )


def _mix(
    course: _Course, deep: NDArray[np.float32], *, is_known: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], float, float]:
    """Return what both tiers say together, as logits, and the factors of the fast and the deep tier's in a new text's.

    The deep tier is too sure of itself: its temperature is found first, then that of both. Each fold's is found on the
    other folds, the factors' on all.
    """
    numbers = [*np.unique(course.folds[is_known]).tolist(), None]
    mixed = course.fast.copy()
    for fold in numbers:
        counted = is_known & course.is_measured
        others = counted if fold is None else counted & (course.folds != fold)
        cool = _temperature(deep, course.y, counted=others)
        both = (1 - _SHARE) * course.fast + _SHARE * deep / cool
        warm = _temperature(both, course.y, counted=others)
        if fold is not None:
            mixed[course.folds == fold] = both[course.folds == fold] / np.float32(warm)
    return mixed, (1 - _SHARE) / warm, _SHARE / (cool * warm)


def _temperature(logits: NDArray[np.float32], y: NDArray[np.int64], *, counted: NDArray[np.bool_]) -> float:
    if np.count_nonzero(counted) < _LEAST_CALIBRATED:
        return 1.0
    return calibration.fit_temperature(logits, y, is_counted=counted)


def _compare(course: _Course, mixed: NDArray[np.float32], *, counted: NDArray[np.bool_]) -> Comparison | None:
    if not counted.any():
        return None
    return compare(
        course.y[counted],
        course.fast[counted].argmax(axis=1),
        mixed[counted].argmax(axis=1),
        label_count=course.lessons.label_count,
        rng=np.random.default_rng(course.recipe.seed),
    )


def _serving_ms(upper: bytes, *, encoder: OnnxEncoder, texts: Sequence[str], clock: Callable[[], float]) -> float:
    """Return how many milliseconds the adapted layers take for a text: the median of some."""
    session = UpperSession(upper)
    _, states = encoder.encode_with_states(texts[:_TIMED_TEXTS])
    session.encode(states[:1])
    seconds = []
    for each in states:
        before = clock()
        session.encode([each])
        seconds.append(clock() - before)
    return round(float(np.median(seconds)) * 1000, 2)


def _log(proba: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.log(np.maximum(proba, np.finfo(np.float32).tiny))
