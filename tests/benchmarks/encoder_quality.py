"""The tuned encoder against its plain base: macro-F1 on sets that neither saw, under attack, and the speed of both.

The same plain logistic regression on both's features, the same drawn examples. The plain base reads raw texts; ours
reads them normalised and undisguised, as the server does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from django.core.management import call_command
from django.test.utils import override_settings
from numpy.typing import NDArray

from classifiers.ml import export
from classifiers.ml.attacks import ATTACKS, attack
from classifiers.ml.encoder import OnnxEncoder, load_encoder
from classifiers.ml.evaluation import macro_f1
from classifiers.ml.fitting import Problem, fit_head
from classifiers.ml.head import predict_proba
from classifiers.ml.tuning.sets import LabelledSet, read_set
from classifiers.services import encoders
from moderation.text import normalize
from tests.benchmarks.pairs import time_by_turns

_SETS = ("cr", "wiki_toxicity", "sms_spam", "banking77", "medical_abstracts")
_ATTACKED_SETS = ("cr", "wiki_toxicity", "sms_spam")
_FEW = (8, 64)
_DRAWS = 5
_C = 10.0
# Features of so many texts at most are computed: 77 intents with 10,000 texts take a minute a fit.
_MOST_TRAINING, _MOST_TEST = 5_000, 1_500
_ATTACKED_TEXTS = 400
_MOST_LOST = 0.005
_LEAST_RATIO = 0.95
_GOALS = {
    ("cr", "8"): 0.75,
    ("cr", "64"): 0.83,
    ("wiki_toxicity", "8"): 0.84,
    ("wiki_toxicity", "64"): 0.855,
    ("wiki_toxicity", "all"): 0.895,
}

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True)
class _Task:
    """A set with its features. Shapes: X float32 (n, d), y int (n,)."""

    data: LabelledSet
    test: LabelledSet
    X: NDArray[np.float32]
    test_X: NDArray[np.float32]


def main() -> bool:
    """Print the tables; return whether the goals are met, or True without the data."""
    folder = Path(os.environ.get("BENCHMARK_DATA", "benchmark-data"))
    if missing := [name for name in _SETS if not (folder / name).is_dir()]:
        print(f"Encoder, base against tuned: skipped, there is no {folder / missing[0]}. Set BENCHMARK_DATA.")
        return True
    plain, ours = _plain(_load(export.PACKAGED)), _as_served(_load(settings.ENCODER))
    print(f"Encoder {settings.ENCODER} against {export.PACKAGED}: macro-F1, plain logistic regression, {_DRAWS} draws")
    kept: list[bool] = []
    attacked: dict[str, dict[str, tuple[float, float]]] = {}
    for name in _SETS:
        pair = [_task(folder / name, encode) for encode in (plain, ours)]
        kept += _compare(name, pair)
        if name in _ATTACKED_SETS:
            attacked[name] = _attack(pair, encodes=(plain, ours))
        del pair
    return all([*kept, _print_attacks(attacked), _compare_speed()])


def _load(source: str) -> OnnxEncoder:
    with override_settings(ENCODER=source):
        call_command("prepare_encoder")
        return load_encoder(encoders.current_folder())


def _plain(encoder: OnnxEncoder) -> Encode:
    # As if nothing undid a disguise.
    encoder._is_word = lambda word: False
    return lambda texts: encoder.encode(list(texts))


def _as_served(encoder: OnnxEncoder) -> Encode:
    return lambda texts: encoder.encode([normalize(text).content for text in texts])


def _task(folder: Path, encode: Encode) -> _Task:
    whole = read_set(folder / "train.csv")
    data = _some(whole, _MOST_TRAINING)
    test = _some(read_set(folder / "test.csv", labels=whole.labels), _MOST_TEST)
    return _Task(data=data, test=test, X=encode(data.texts), test_X=encode(test.texts))


def _some(each: LabelledSet, count: int) -> LabelledSet:
    rows = np.sort(np.random.default_rng(0).permutation(len(each.y))[:count])
    return LabelledSet(each.name, tuple(each.texts[row] for row in rows), each.labels, each.y[rows])


def _compare(name: str, pair: Sequence[_Task]) -> list[bool]:
    kept = []
    for size in (*map(str, _FEW), "all"):
        base, ours = (_score(task, size) for task in pair)
        goal = _GOALS.get((name, size), base - _MOST_LOST)
        kept.append(ours >= goal)
        remark = "" if kept[-1] else f"  MISSED, goal {goal:.3f}"
        print(f"  {name}, {size} a label: {base:.3f} -> {ours:.3f} ({ours - base:+.3f}){remark}")
    return kept


def _score(task: _Task, size: str) -> float:
    if size == "all":
        return _f1(task, rows=np.arange(len(task.data.y)), test_X=task.test_X, test_y=task.test.y)
    return float(
        np.mean(
            [
                _f1(task, rows=_draw(task.data, int(size), seed), test_X=task.test_X, test_y=task.test.y)
                for seed in range(_DRAWS)
            ]
        )
    )


def _draw(data: LabelledSet, count: int, seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [rng.permutation(np.flatnonzero(data.y == label))[:count] for label in range(len(data.labels))]
    )


def _f1(task: _Task, *, rows: NDArray[np.int64], test_X: NDArray[np.float32], test_y: NDArray[np.int64]) -> float:
    count = len(task.data.labels)
    head = fit_head(Problem(X=task.X[rows], y=task.data.y[rows], label_count=count), C=_C)
    return macro_f1(test_y, predict_proba(test_X, head=head).argmax(axis=1), label_count=count)


def _attack(pair: Sequence[_Task], *, encodes: Sequence[Encode]) -> dict[str, tuple[float, float]]:
    """Return, by attack, what both encoders lose of their F1 with 64 examples a label."""
    lost: dict[str, tuple[float, float]] = {}
    test = _some(pair[0].test, _ATTACKED_TEXTS)
    clean = [_attacked_score(task, test, encode(test.texts)) for task, encode in zip(pair, encodes, strict=True)]
    for kind in ATTACKS:
        rng = np.random.default_rng(0)
        texts = [attack(text, kind=kind, rng=rng) for text in test.texts]
        scores = [_attacked_score(task, test, encode(texts)) for task, encode in zip(pair, encodes, strict=True)]
        lost[kind] = (clean[0] - scores[0], clean[1] - scores[1])
    return lost


def _attacked_score(task: _Task, test: LabelledSet, X: NDArray[np.float32]) -> float:
    return float(
        np.mean([_f1(task, rows=_draw(task.data, 64, seed), test_X=X, test_y=test.y) for seed in range(_DRAWS)])
    )


def _print_attacks(attacked: Mapping[str, Mapping[str, tuple[float, float]]]) -> bool:
    print(f"Half of the words disguised: macro-F1 lost, base -> ours, 64 a label, mean of {', '.join(attacked)}")
    total = np.zeros(2)
    for kind in ATTACKS:
        base, ours = np.mean([lost[kind] for lost in attacked.values()], axis=0)
        total += (base, ours)
        print(f"  {kind}: {base:+.3f} -> {ours:+.3f}")
    base, ours = total / len(ATTACKS)
    is_kept = bool(ours <= base / 3)
    print(f"  all: {base:+.3f} -> {ours:+.3f} (at most a third){'' if is_kept else '  MISSED'}")
    return is_kept


def _compare_speed() -> bool:
    texts = [f"Is the {word} still there, and would you send it by post?" for word in ("lamp", "tent", "desk") * 40]
    base, ours = _load(export.PACKAGED), _load(settings.ENCODER)
    pair = time_by_turns(lambda: ours.encode(texts), lambda: base.encode(texts), rounds=5)
    is_kept = pair.ratio >= _LEAST_RATIO
    print(
        f"  speed: {pair.ratio:.2f} times the base's ({pair.lowest:.2f} to {pair.highest:.2f}, at least {_LEAST_RATIO})"
    )
    return is_kept
