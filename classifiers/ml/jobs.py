"""The child processes of a training: `python -m classifiers.ml.jobs embed|train --folder F ...`.

    embed --folder F --encoder E    reads texts.json (a list), writes vectors.npy, float16 (n, d)
    train --folder F                reads vectors.npy, y.npy, confirmed.npy, job.json;
                                    writes result.json, oof.npy, measured.npy, near.npy and artifact/

both with [--memory-limit-mb 4000]. `job.json`: {"labels": [{"number", "name"}], "encoder_id", "data_sha256", "seed"};
`y.npy` holds the places of the examples' labels in that list, `confirmed.npy`, bool (n,), whether each is more than a
machine's suggestion. `oof.npy` is float32 (n, k): the probabilities of each example under a model that never saw it.
`measured.npy`, bool (n,), says which examples the scores count. `near.npy`, int64 (m, 3), has a line for each of the
surest mistakes: its row, how many of its nearest examples have the predicted label, how many its own.

Prints JSON lines: {"progress": 0.4, "step": "..."}, or {"error": "<sentence>"} and ends with exit code 2.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifiers.ml.artifact import ArtifactLabel, Manifest, write_artifact
from classifiers.ml.encoder import EncoderDamaged, EncoderMissing, load_encoder
from classifiers.ml.evaluation import Scores
from moderation import child_process

EXIT_REFUSED: Final = 2
VECTORS, LABELS, CONFIRMED, JOB = "vectors.npy", "y.npy", "confirmed.npy", "job.json"
RESULT, HELD_OUT, MEASURED, NEAR, ARTIFACT = "result.json", "oof.npy", "measured.npy", "near.npy", "artifact"

# So many texts' features are held as float32 at once.
_CHUNK_TEXTS = 2_000
# Beyond the sixth decimal, scores are noise; without it, they are the same on every machine.
_DECIMALS = 6


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = _parse(arguments)
    try:
        child_process.begin(memory_limit_mb=options.memory_limit_mb)
        embed(options.folder, encoder=options.encoder) if options.command == "embed" else train(options.folder)
    except (EncoderMissing, EncoderDamaged) as error:
        return _refuse(str(error))
    except MemoryError:
        return _refuse(f"This needs more memory than the {options.memory_limit_mb:,} MB that CHILD_MEMORY_MB allows.")
    except child_process.ParentGone:
        return EXIT_REFUSED
    return 0


def embed(folder: Path, *, encoder: Path) -> None:
    """Write the features of the folder's texts. Raises EncoderMissing, EncoderDamaged."""
    texts: list[str] = json.loads((folder / "texts.json").read_bytes())
    loaded = load_encoder(encoder)
    vectors = np.lib.format.open_memmap(
        folder / VECTORS, mode="w+", dtype=np.dtype("<f2"), shape=(len(texts), loaded.dimension)
    )
    for start in range(0, len(texts), _CHUNK_TEXTS):
        chunk = texts[start : start + _CHUNK_TEXTS]

        def tell(share: float, *, start: int = start, count: int = len(chunk)) -> None:
            done = start + share * count
            child_process.tell({"progress": done / len(texts), "step": f"Reading text {done:,.0f} of {len(texts):,}"})
            sys.stdout.flush()

        vectors[start : start + len(chunk)] = loaded.encode(chunk, on_progress=tell)
    vectors.flush()


def train(folder: Path) -> None:
    """Train on the folder's vectors and write what came of it."""
    # Only here: it imports scikit-learn, which embedding doesn't need.
    from classifiers.ml import neighbors, training

    job = json.loads((folder / JOB).read_bytes())
    X = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False).astype(np.float32)
    y = np.load(folder / LABELS, allow_pickle=False)
    is_confirmed = np.load(folder / CONFIRMED, allow_pickle=False)
    label_count = len(job["labels"])
    trained = training.train(
        X, y, label_count=label_count, seed=job["seed"], on_progress=_tell, is_confirmed=is_confirmed
    )
    scores = _scores(trained.scores, labels=job["labels"]) | _measured(trained.is_measured, is_confirmed=is_confirmed)
    settings = {"head": "logistic regression", "C": trained.C, "folds": training.FOLDS, "seed": job["seed"]}
    artifact_sha256 = write_artifact(
        folder / ARTIFACT,
        manifest=Manifest(
            encoder_id=job["encoder_id"],
            labels=tuple(ArtifactLabel(**label) for label in job["labels"]),
            scores=scores,
            settings=settings,
            data_sha256=job["data_sha256"],
        ),
        head=trained.head,
    )
    np.save(folder / HELD_OUT, trained.held_out)
    np.save(folder / MEASURED, trained.is_measured)
    np.save(folder / NEAR, neighbors.look_around(X, y, held_out=trained.held_out, may_vote=trained.is_measured))
    result = {**job, "scores": scores, "settings": settings, "artifact_sha256": artifact_sha256}
    (folder / RESULT).write_text(json.dumps(result), encoding="utf-8")


def _scores(scores: Scores, *, labels: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "accuracy": round(scores.accuracy, _DECIMALS),
        "macro_f1": round(scores.macro_f1, _DECIMALS),
        "baseline_macro_f1": round(scores.baseline_macro_f1, _DECIMALS),
        "labels": [
            {**label, **{name: round(value, _DECIMALS) for name, value in asdict(of_label).items()}}
            for label, of_label in zip(labels, scores.labels, strict=True)
        ],
        "confusion": scores.confusion,
    }


def _measured(is_measured: NDArray[np.bool_], *, is_confirmed: NDArray[np.bool_]) -> dict[str, Any]:
    """Return what the scores were measured on, and how much of it there is."""
    confirmed = int(is_confirmed.sum())
    return {
        "measured_on": "ALL" if is_measured.all() and confirmed < len(is_confirmed) else "CONFIRMED",
        "measured_count": int(is_measured.sum()),
        "confirmed_count": confirmed,
        "suggested_count": len(is_confirmed) - confirmed,
    }


def _tell(progress: float, step: str) -> None:
    child_process.tell({"progress": progress, "step": step})
    sys.stdout.flush()


def _refuse(sentence: str) -> int:
    child_process.tell({"error": sentence})
    return EXIT_REFUSED


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="classifiers.ml.jobs", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("embed", "train"):
        command = commands.add_parser(name)
        command.add_argument("--folder", type=Path, required=True)
        command.add_argument("--memory-limit-mb", type=int, default=4_000)
        if name == "embed":
            command.add_argument("--encoder", type=Path, required=True)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
