"""Our trainings against their peers, side by side in one run: macro-F1 on test parts, and seconds.

`make bench-quality` takes the sets in BENCHMARK_DATA; `make bench-quality DATA=FOLDER` any folder that has a train.csv
and a test.csv of text,label, or folders that have. SetFit runs where SETFIT_PYTHON names a Python that has it: it wants
older libraries than ours.

The rest of the training texts is there without labels, as it would be in the product. Every method's seconds are those
from features or texts to a fitted model, choosing included and measuring left out: so do peers count.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from django.conf import settings
from django.core.management import call_command
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from classifiers.ml import training
from classifiers.ml.deep import trying
from classifiers.ml.deep.recipe import Recipe
from classifiers.ml.deep.upper import UpperSession
from classifiers.ml.encoder import OnnxEncoder, load_encoder
from classifiers.ml.evaluation import macro_f1
from classifiers.ml.lessons import Lessons, Pool
from classifiers.ml.model import Upper, predict_proba, with_upper
from classifiers.ml.tuning.sets import LabelledSet, read_set
from classifiers.services import encoders
from classifiers.services.training_material import MOST_UNLABELLED
from moderation.text import normalize

_SIZES = (8, 64, 0)
_SETFIT_MOST = 200
_GOAL_STORED, _GOAL_READ, _GOAL_DEEP = 500, 50, 10
_TARGETS = {
    ("sms_spam", 8): 0.97, ("sms_spam", 64): 0.98, ("sms_spam", 0): 0.993,
    ("wiki_toxicity", 8): 0.84, ("wiki_toxicity", 64): 0.86, ("wiki_toxicity", 0): 0.90,
    ("cr", 8): 0.76, ("cr", 64): 0.84, ("cr", 0): 0.865,
    ("banking77", 8): 0.83, ("banking77", 64): 0.93, ("banking77", 0): 0.93,
    ("medical_abstracts", 0): 0.61,
}  # fmt: skip


@dataclass(frozen=True)
class _Set:
    """A set with its features. Shapes: X float32 (n, d), test_X float32 (m, d)."""

    name: str
    train: LabelledSet
    test: LabelledSet
    X: NDArray[np.float32]
    test_X: NDArray[np.float32]
    seconds_a_text: float

    def lessons(self, rows: NDArray[np.int64]) -> Lessons:
        return Lessons(
            X=self.X[rows],
            y=self.train.y[rows],
            texts=[self.train.texts[row] for row in rows.tolist()],
            label_count=len(self.train.labels),
            layer_count=3,
        )

    def f1(self, predicted: NDArray[np.int64]) -> float:
        return macro_f1(self.test.y, predicted, label_count=len(self.train.labels))


@dataclass
class _Result:
    """What a method reached in each draw."""

    scores: list[float]
    seconds: list[float]

    def __str__(self) -> str:
        spread = f" +-{np.std(self.scores):.3f}" if len(self.scores) > 1 else ""
        return f"{np.mean(self.scores):.3f}{spread} in {np.mean(self.seconds):.2f} s"


Method = Callable[[_Set, NDArray[np.int64]], tuple[NDArray[np.int64], float]]


def main() -> bool:
    """Print the tables; return whether the goals are met, or True without the data."""
    root = Path(os.environ.get("BENCHMARK_DATA", "benchmark-data"))
    folders = [root] if (root / "train.csv").exists() else sorted(path.parent for path in root.glob("*/train.csv"))
    if not folders:
        print(f"Quality: skipped, there is no {root}/train.csv and no folder with one. Set BENCHMARK_DATA.")
        return True
    call_command("prepare_encoder")
    encoder = load_encoder(encoders.current_folder())
    draws = int(os.environ.get("DRAWS", "5"))
    methods = _methods(encoder)
    print(f"Encoder {encoder.id}; {draws} draws; macro-F1 on the test part, seconds to a fitted model, features stored")
    kept: list[bool] = []
    for folder in folders:
        kept += _run(_read(folder, encoder), methods=methods, draws=draws)
    return all(kept)


def _methods(encoder: OnnxEncoder) -> dict[str, Method]:
    methods: dict[str, Method] = {"ours, fast": _fast, "last layer": _linear_probe, "TF-IDF": _tfidf}
    if os.environ.get("DEEP"):
        methods["ours, deep"] = _deep_with(encoder)
    if python := os.environ.get("SETFIT_PYTHON"):
        methods["SetFit"] = _setfit_with(python)
    return methods


def _read(folder: Path, encoder: OnnxEncoder) -> _Set:
    train = read_set(folder / "train.csv")
    test = read_set(folder / "test.csv", labels=train.labels)
    begin = time.perf_counter()
    X = _encode(encoder, train.texts)
    seconds = (time.perf_counter() - begin) / len(train.texts)
    return _Set(folder.name, train, test, X=X, test_X=_encode(encoder, test.texts), seconds_a_text=seconds)


def _encode(encoder: OnnxEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
    vectors = encoder.encode([normalize(text).content for text in texts])
    return vectors.astype(np.float16).astype(np.float32)


def _run(data: _Set, *, methods: dict[str, Method], draws: int) -> list[bool]:
    kept: list[bool] = []
    for size in _SIZES:
        counts = np.bincount(data.train.y)
        if size and counts.max() < size:
            continue
        results: dict[str, _Result] = {}
        for seed in range(draws if size else 1):
            rows = _draw(data.train, size, seed)
            for name, method in methods.items():
                if name == "SetFit" and len(rows) > int(os.environ.get("SETFIT_MOST", _SETFIT_MOST)):
                    continue
                predicted, seconds = method(data, rows)
                result = results.setdefault(name, _Result([], []))
                result.scores.append(data.f1(predicted))
                result.seconds.append(seconds)
        kept += _print(data, size, results)
    return kept


def _print(data: _Set, size: int, results: dict[str, _Result]) -> list[bool]:
    title = f"{data.name}, {f'{size} a label' if size else f'all {len(data.train.y):,}'}"
    print(f"{title:32}" + "; ".join(f"{name} {result}" for name, result in results.items()))
    best = max(np.mean(result.scores) for name, result in results.items() if name.startswith("ours"))
    kept = []
    if (target := _TARGETS.get((data.name, size))) is not None:
        kept.append(bool(round(float(best), 3) >= target))
        if not kept[-1]:
            print(f"{'':32}MISSED: {best:.3f}, goal {target:.3f}")
    if (peer := results.get("SetFit")) is not None:
        kept += _against_setfit(data, results, peer, best=float(best), size=size)
    return kept


def _against_setfit(data: _Set, results: dict[str, _Result], peer: _Result, *, best: float, size: int) -> list[bool]:
    slow, fast = float(np.mean(peer.seconds)), float(np.mean(results["ours, fast"].seconds))
    read = fast + data.seconds_a_text * (size * len(data.train.labels) + MOST_UNLABELLED)
    ratios = {"features stored": (slow / fast, _GOAL_STORED), "features read": (slow / read, _GOAL_READ)}
    if (deep := results.get("ours, deep")) is not None:
        ratios["deep"] = (slow / float(np.mean(deep.seconds)), _GOAL_DEEP)
    said = ", ".join(f"{name} {ratio:,.0f} times (goal {goal})" for name, (ratio, goal) in ratios.items())
    print(f"{'':32}against SetFit: F1 {best - float(np.mean(peer.scores)):+.3f}; faster: {said}")
    return [best >= float(np.mean(peer.scores)), *(ratio >= goal for ratio, goal in ratios.values())]


def _draw(data: LabelledSet, size: int, seed: int) -> NDArray[np.int64]:
    if not size:
        return np.arange(len(data.y))
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [rng.permutation(np.flatnonzero(data.y == label))[:size] for label in range(len(data.labels))]
    )


def _pool(data: _Set, rows: NDArray[np.int64]) -> Pool | None:
    others = np.setdiff1d(np.arange(len(data.train.y)), rows)
    if not len(others):
        return None
    chosen = np.random.default_rng(0).permutation(others)[:MOST_UNLABELLED]
    return Pool(X=data.X[chosen], texts=[data.train.texts[row] for row in chosen.tolist()])


def _fast(data: _Set, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
    lessons, pool = data.lessons(rows), _pool(data, rows)
    begin = time.perf_counter()
    model = training.fit_only(lessons, seed=0, pool=pool)
    seconds = time.perf_counter() - begin
    return predict_proba(model, data.test_X, texts=data.test.texts).argmax(axis=1), seconds


def _deep_with(encoder: OnnxEncoder) -> Method:
    base = trying.load_base(settings.ENCODER, encoder=encoder)

    def deep(data: _Set, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
        """As the product does it, measuring included: it decides whether the layers are kept."""
        lessons, pool = data.lessons(rows), _pool(data, rows)
        begin = time.perf_counter()
        trained = training.train(lessons, seed=0, on_progress=lambda share, step: None, pool=pool)
        fast = trying.Fast(held_out=trained.held_out, folds=trained.folds, is_measured=trained.is_measured)
        tried = trying.try_deep(
            lessons,
            fast=fast,
            base=base,
            recipe=Recipe(),
            clock=time.monotonic,
            limit_s=1_200.0,
            on_progress=lambda share, step: None,
        )
        seconds = time.perf_counter() - begin
        if tried.deep is None:
            return predict_proba(trained.model, data.test_X, texts=data.test.texts).argmax(axis=1), seconds
        upper = Upper(content=tried.deep.upper, head=tried.deep.head)
        model = with_upper(trained.model, upper=upper, factor=tried.deep.fast_factor)
        _, states = encoder.encode_with_states([normalize(text).content for text in data.test.texts])
        features = UpperSession(tried.deep.upper).encode(states)
        proba = predict_proba(model, data.test_X, texts=data.test.texts, upper_features=features)
        return proba.argmax(axis=1), seconds

    return deep


def _linear_probe(data: _Set, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
    last = slice(2 * data.X.shape[1] // 3, None)
    begin = time.perf_counter()
    with threadpool_limits(limits=1):
        model = LogisticRegression(max_iter=300).fit(data.X[rows, last], data.train.y[rows])
    seconds = time.perf_counter() - begin
    return model.predict(data.test_X[:, last]), seconds


def _tfidf(data: _Set, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
    texts = [data.train.texts[row] for row in rows.tolist()]
    begin = time.perf_counter()
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=300)
    )
    model.fit(texts, data.train.y[rows])
    seconds = time.perf_counter() - begin
    return model.predict(data.test.texts), seconds


def _setfit_with(python: str) -> Method:
    def setfit(data: _Set, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
        with TemporaryDirectory() as name:
            job = {
                "texts": [data.train.texts[row] for row in rows.tolist()],
                "labels": data.train.y[rows].tolist(),
                "asked": list(data.test.texts),
            }
            (Path(name) / "job.json").write_text(json.dumps(job), encoding="utf-8")
            script = Path(__file__).with_name("setfit_peer.py")
            subprocess.run(
                [python, str(script), name], check=True, capture_output=True, env=os.environ | {"HF_HUB_OFFLINE": "1"}
            )
            result = json.loads((Path(name) / "result.json").read_text(encoding="utf-8"))
        return np.array(result["predicted"]), result["seconds"]

    return setfit
