"""Trains in folders as the worker fills them, the deep tier with a tiny encoder; in a process of its own for torch.

    python -m tests.classifiers.ml.deep_course_script FOLDER

Prints one JSON object with what came of each training. Features that are noise leave all to the adapted layers.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from classifiers.ml import course_work, deep_work, export
from classifiers.ml.artifact import load_artifact
from classifiers.ml.deep import recipe
from classifiers.ml.evaluation import evaluate
from classifiers.ml.lessons import Lessons
from tests import training_folders
from tests.classifiers.ml.deep_script import tiny_encoder

_LETTERS = list("abcdefghij")


def main(root: Path) -> None:
    torch.use_deterministic_algorithms(True)
    # A tiny encoder of chance has more to learn than a real one.
    recipe.Recipe = functools.partial(  # type: ignore[misc]
        recipe.Recipe, epochs=20, batch_texts=8, text_tokens=16, rate=3e-3, head_rate=1e-2
    )
    bert, distilbert = (_prepare(root, kind=kind) for kind in ("bert", "distilbert"))
    nothing = str(root / "nothing")
    jobs = {
        "kept": bert,
        "again": bert,
        "dropped": bert,
        "unadaptable": distilbert,
        "gone": bert | {"encoder_source": nothing},
        "no encoder": bert | {"encoder": nothing},
        "no time": bert | {"deep_limit_s": 0.0},
        "not asked": {"tries_deep": False},
    }
    found = {name: _train(root / name, is_noise=name != "dropped", job=job) for name, job in jobs.items()}
    print(json.dumps(found))  # noqa: T201 - what the test reads


def _prepare(root: Path, *, kind: str) -> dict[str, Any]:
    source = tiny_encoder(root / kind, seed=0, kind=kind)
    export.export_encoder(source, folder=root / f"{kind} encoder")
    return {"encoder": str(root / f"{kind} encoder"), "encoder_source": source}


def _lessons(*, is_noise: bool, count: int = 48, seed: int = 0) -> Lessons:
    """Texts in which either of two letters comes first, which says their label; what is near them is chance."""
    rng = np.random.default_rng(seed)
    texts, y = [], np.array([0, 1] * count)
    for label in y.tolist():
        around = rng.permutation(_LETTERS).tolist()
        first, last = ("y", "z") if label else ("z", "y")
        texts.append(" ".join([*around[:2], first, *around[2:6], last, *around[6:8]]))
    X = rng.standard_normal((len(y), 96)).astype(np.float32) if is_noise else np.eye(2, 96, dtype=np.float32)[y]
    return Lessons(X=X, y=y, texts=texts, label_count=2, layer_count=3)


def _train(folder: Path, *, is_noise: bool, job: dict[str, Any]) -> dict[str, Any]:
    """Return what a training told and wrote that was told to do `job`, too."""
    folder.mkdir()
    lessons = _lessons(is_noise=is_noise)
    golden = _lessons(is_noise=is_noise, count=10, seed=1)
    training_folders.write(folder, lessons, numbers=(3, 5), golden=golden)
    told = json.loads((folder / "job.json").read_bytes())
    told |= {"tries_deep": True, "deep_limit_s": 3_600.0} | job
    (folder / "job.json").write_text(json.dumps(told), encoding="utf-8")
    shares: list[float] = []
    course_work.carry_out(folder, on_progress=lambda share, step: shares.append(share))
    result = json.loads((folder / "result.json").read_bytes())
    held_out = np.load(folder / "oof.npy", allow_pickle=False)
    measured = np.load(folder / "measured.npy", allow_pickle=False)
    own = evaluate(lessons.y[measured], held_out[measured].argmax(axis=1), label_count=2)
    manifest = json.loads((folder / "artifact" / "manifest.json").read_bytes())
    return {
        "deep in the manifest": manifest["settings"].get("deep"),
        "deep": result["settings"].get("deep"),
        "dropped": result["settings"]["dropped"],
        "macro_f1": result["scores"]["macro_f1"],
        "golden": result["scores"]["golden"]["macro_f1"],
        "by hand": own.macro_f1,
        "measured": [result["scores"]["measured_count"], int(measured.sum())],
        "files": sorted(path.name for path in (folder / "artifact").iterdir()),
        "sha256": result["artifact_sha256"],
        "is rising": shares == sorted(shares),
        "served": _served(folder, golden, told=told, sha256=result["artifact_sha256"]),
    }


def _served(folder: Path, golden: Lessons, *, told: dict[str, Any], sha256: str) -> float:
    """Return the macro-F1 on the golden set of the version as it lies on the disk."""
    model = load_artifact(folder / "artifact", expected_sha256=sha256).model
    proba = deep_work.predict(model, golden.X.astype("<f2").astype(np.float32), texts=golden.texts, job=told)
    return evaluate(golden.y, proba.argmax(axis=1), label_count=2).macro_f1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
