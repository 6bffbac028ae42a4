"""What a training's child process does: read the folder that the worker filled, train, measure, write the results.

Reads, all in the order of the examples:

    vectors.npy, texts.json     features, float16 (n, d), and texts, normalised (a list)
    y.npy, confirmed.npy        int (n,), the labels' places in the job's list; bool (n,), whether a person gave them
    ids.npy                     int64 (n,), the examples' ids
    job.json                    {"labels": [{"number", "name"}], "encoder_id", "layer_count", "data_sha256", "seed",
                                "is_ranking", "tries_deep", "encoder", "encoder_source", "deep_limit_s"}; the last
                                three are looked at only where it tries the deep tier
    pool.npy, pool.json         features and texts without a label (may be absent)
    golden.npy, golden.json, golden_y.npy    the golden set (may be absent)
    descriptions.npy            float16 (k, d), features of the labels' descriptions, zeros where there is none

and writes

    artifact/                   the version; beside it `held_out.safetensors` and `nearest.safetensors`
    oof.npy, measured.npy       float32 (n, k), calibrated out-of-fold probabilities; bool (n,), which of them count
    near.npy                    int64 (m, 3), for each of the surest mistakes its row, how many of its nearest examples
                                have the predicted label, how many its own
    result.json                 the job, and "scores", "settings", "artifact_sha256"
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from classifiers.ml import (
    calibration,
    deep_work,
    descriptions,
    intervals,
    nearest,
    neighbors,
    ranking,
    similarity,
    training,
)
from classifiers.ml.artifact import ArtifactLabel, Manifest, write_artifact
from classifiers.ml.evaluation import Scores, evaluate
from classifiers.ml.lessons import Lessons, Pool
from classifiers.ml.training import Trained

VECTORS, TEXTS, LABELS, CONFIRMED, IDS, JOB = (
    "vectors.npy", "texts.json", "y.npy", "confirmed.npy", "ids.npy", "job.json",
)  # fmt: skip
POOL, POOL_TEXTS, DESCRIPTIONS = "pool.npy", "pool.json", "descriptions.npy"
GOLDEN, GOLDEN_TEXTS, GOLDEN_LABELS = "golden.npy", "golden.json", "golden_y.npy"
RESULT, HELD_OUT, MEASURED, NEAR, ARTIFACT = "result.json", "oof.npy", "measured.npy", "near.npy", "artifact"
HELD_OUT_KEPT = "held_out.safetensors"

# From this cosine on two texts say the same, as the near-duplicates' page proposes. By all layers: the last one alone
# takes 17 % of the bank intents for copies of one another. Where one group would be a large part of the examples, they
# are only alike.
_NEAR_COSINE = 0.95
_LARGEST_GROUP = 0.05
# Every pair is looked at: 20,000 take about a second.
_MOST_GROUPED = 20_000
# Beyond the sixth decimal, scores are noise; without it, they are the same on every machine.
_DECIMALS = 6

Progress = Callable[[float, str], None]


def carry_out(folder: Path, *, on_progress: Progress) -> None:
    """Train on what the folder holds, and write into it what came of it. Raises OSError, ValueError, MemoryError."""
    job = json.loads((folder / JOB).read_bytes())
    lessons = _read_lessons(folder, job)
    is_confirmed = np.load(folder / CONFIRMED, allow_pickle=False)
    rng = np.random.default_rng(job["seed"])
    trained = training.train(
        lessons,
        seed=job["seed"],
        on_progress=partial(_first_part, on_progress, tries_deep=bool(job.get("tries_deep"))),
        is_confirmed=is_confirmed,
        groups=_group(lessons),
        pool=_read_pool(folder),
    )
    deep: dict[str, Any] = {}
    if job.get("tries_deep"):
        trained, deep = deep_work.try_it(trained, lessons=lessons, job=job, on_progress=on_progress)
    on_progress(0.95, "Writing the version")
    scores = _all_scores(trained, lessons=lessons, folder=folder, job=job, rng=rng)
    scores |= _measured(trained.is_measured, is_confirmed=is_confirmed)
    settings = _settings(trained, folder=folder, job=job) | deep
    artifact_sha256 = write_artifact(
        folder / ARTIFACT,
        manifest=Manifest(
            encoder_id=job["encoder_id"],
            labels=tuple(ArtifactLabel(**label) for label in job["labels"]),
            scores=scores,
            # What tells the time would make the bytes of each training others.
            settings=deep_work.timeless(settings),
            data_sha256=job["data_sha256"],
        ),
        model=trained.model,
    )
    _write_beside(trained, lessons=lessons, folder=folder, rng=rng)
    result = {**job, "scores": scores, "settings": settings, "artifact_sha256": artifact_sha256}
    (folder / RESULT).write_text(json.dumps(result), encoding="utf-8")


def _first_part(on_progress: Progress, share: float, step: str, *, tries_deep: bool) -> None:
    # The deep tier takes longer than all that comes before it.
    on_progress(deep_work.BEGINS * share if tries_deep else share, step)


def _read_lessons(folder: Path, job: dict[str, Any]) -> Lessons:
    y = np.load(folder / LABELS, allow_pickle=False)
    return Lessons(
        X=_read_vectors(folder / VECTORS),
        y=y,
        texts=_read_texts(folder / TEXTS),
        label_count=len(job["labels"]),
        layer_count=job["layer_count"],
    )


def _read_vectors(path: Path) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False).astype(np.float32)
    return vectors


def _read_texts(path: Path) -> list[str]:
    texts: list[str] = json.loads(path.read_bytes()) if path.exists() else []
    return texts


def _read_pool(folder: Path) -> Pool | None:
    if not (folder / POOL).exists():
        return None
    return Pool(X=_read_vectors(folder / POOL), texts=_read_texts(folder / POOL_TEXTS))


def _group(lessons: Lessons) -> NDArray[np.int64] | None:
    """Return the number of each example's group of near-duplicates, or None where it isn't known."""
    if len(lessons.y) > _MOST_GROUPED:
        return None
    groups = similarity.group(lessons.X, threshold=_NEAR_COSINE)
    return groups if np.bincount(groups).max() <= max(_LARGEST_GROUP * len(groups), 3) else None


def _all_scores(
    trained: Trained, *, lessons: Lessons, folder: Path, job: dict[str, Any], rng: np.random.Generator
) -> dict[str, Any]:
    counted = trained.is_measured
    y, proba = lessons.y[counted], trained.held_out[counted]
    scores = _scores(trained.scores, labels=job["labels"], rng=rng) | {
        "ece": round(calibration.expected_calibration_error(y, proba), _DECIMALS),
        "brier": round(calibration.brier(y, proba), _DECIMALS),
        "descriptions_macro_f1": _by_descriptions(lessons, counted=counted, folder=folder),
        "curve": [{**asdict(point), "macro_f1": round(point.macro_f1, _DECIMALS)} for point in trained.curve],
        "gains": [
            {"number": job["labels"][gain.label]["number"], "more": gain.more, "gain": round(gain.gain, _DECIMALS)}
            for gain in trained.gains
        ],
    }
    if job.get("is_ranking"):
        positions = ranking.expected_positions(proba)
        kappa = ranking.quadratic_weighted_kappa(np.array(trained.scores.confusion))
        scores |= {"kappa": round(kappa, _DECIMALS), "spearman": round(ranking.spearman(y, positions), _DECIMALS)}
    if (folder / GOLDEN).exists():
        scores["golden"] = _golden(trained, folder=folder, job=job, rng=rng)
    return scores


def _scores(scores: Scores, *, labels: Sequence[dict[str, Any]], rng: np.random.Generator) -> dict[str, Any]:
    interval = intervals.macro_f1_interval(np.array(scores.confusion, dtype=np.int64), rng=rng)
    return {
        "accuracy": round(scores.accuracy, _DECIMALS),
        "macro_f1": round(scores.macro_f1, _DECIMALS),
        "baseline_macro_f1": round(scores.baseline_macro_f1, _DECIMALS),
        "interval": [round(limit, _DECIMALS) for limit in interval],
        "labels": [
            {**label, **{name: round(value, _DECIMALS) for name, value in asdict(of_label).items()}}
            for label, of_label in zip(labels, scores.labels, strict=True)
        ],
        "confusion": scores.confusion,
    }


def _golden(trained: Trained, *, folder: Path, job: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Return what the model that will serve is worth on examples that were set aside."""
    y = np.load(folder / GOLDEN_LABELS, allow_pickle=False)
    texts = _read_texts(folder / GOLDEN_TEXTS)
    proba = deep_work.predict(trained.model, _read_vectors(folder / GOLDEN), texts=texts, job=job)
    scores = evaluate(y, proba.argmax(axis=1), label_count=len(job["labels"]))
    return {"count": len(y), **_scores(scores, labels=job["labels"], rng=rng)}


def _by_descriptions(lessons: Lessons, *, counted: NDArray[np.bool_], folder: Path) -> float | None:
    """Return the macro-F1 of going by the labels' descriptions alone; None where none has one."""
    if not (folder / DESCRIPTIONS).exists():
        return None
    last = lessons.of_layers((lessons.layer_count - 1,))
    guides = _read_vectors(folder / DESCRIPTIONS)[:, last]
    if not guides.any():
        return None
    predicted = descriptions.predict_by_descriptions(lessons.X[counted][:, last], guides)
    scores = evaluate(lessons.y[counted], predicted, label_count=lessons.label_count)
    return round(scores.macro_f1, _DECIMALS)


def _measured(is_measured: NDArray[np.bool_], *, is_confirmed: NDArray[np.bool_]) -> dict[str, Any]:
    """Return what the scores were measured on, and how much of it there is."""
    confirmed = int(is_confirmed.sum())
    return {
        "measured_on": "ALL" if (is_measured & ~is_confirmed).any() else "CONFIRMED",
        "measured_count": int(is_measured.sum()),
        "confirmed_count": confirmed,
        "suggested_count": len(is_confirmed) - confirmed,
    }


def _settings(trained: Trained, *, folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Return what the training chose, for people and for the record. Layers count from 1 among the features'."""
    members = trained.choice.members
    pool_count = len(_read_texts(folder / POOL_TEXTS))
    strongest = max(members, key=lambda member: member.factor)
    parts = ["a logistic regression on the encoder's features"]
    if len(members) > 1:
        parts[0] = f"{len(members)} logistic regressions, averaged, each on other layers of the encoder"
    if trained.choice.spelling:
        parts.append("how words are spelled (character n-grams)")
    if trained.is_taught:
        parts.append(f"what {pool_count:,} texts without a label look like")
    return {
        "parts": parts,
        "layers": [layer + 1 for layer in strongest.layers],
        "C": strongest.C,
        "members": [
            {"layers": [layer + 1 for layer in member.layers], "C": member.C, "factor": round(member.factor, _DECIMALS)}
            for member in members
        ],
        "spelling": round(trained.choice.spelling, _DECIMALS),
        "pool_count": pool_count if trained.is_taught else 0,
        "dropped": list(trained.dropped),
        "folds": training.FOLDS,
        "seed": job["seed"],
    }


def _write_beside(trained: Trained, *, lessons: Lessons, folder: Path, rng: np.random.Generator) -> None:
    ids = np.load(folder / IDS, allow_pickle=False)
    tensors = {
        "proba": trained.held_out.astype(np.float16),
        "y": lessons.y.astype(np.int16),
        "is_measured": trained.is_measured.astype(np.uint8),
        "example_id": ids,
    }
    (folder / ARTIFACT / HELD_OUT_KEPT).write_bytes(safetensors.numpy.save(tensors))
    index = nearest.build(lessons.X, lessons.y, ids, layer_count=lessons.layer_count, rng=rng)
    nearest.write(folder / ARTIFACT, index)
    np.save(folder / HELD_OUT, trained.held_out)
    np.save(folder / MEASURED, trained.is_measured)
    np.save(
        folder / NEAR,
        neighbors.look_around(lessons.X, lessons.y, held_out=trained.held_out, may_vote=trained.is_measured),
    )
