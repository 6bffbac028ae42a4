"""The child process of a queue run: `python -m annotation.jobs --folder F [--memory-limit-mb 4000]`.

Reads vectors.npy, float16 (n, d), known.npy, float16 (m, d), the texts that have a label, and job.json: {"clusters",
"wanted", "seed", "label_count"}. Where there are labels enough to go by, y.npy, int (m,), the places of their labels;
or, instead of what would be fitted to them, a head that is trained already: weights.npy (k, d) and bias.npy (k,).

Writes order.json, a list of places as `annotation.ordering.Place` has them, points.npy and directions.npy.

Prints JSON lines as `moderation.children` reads them.
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
from threadpoolctl import threadpool_limits

from annotation import ordering
from annotation.ordering import Place
from classifiers.ml.head import Head
from moderation import child_process

EXIT_REFUSED: Final = 2
JOB, VECTORS, KNOWN, LABELS = "job.json", "vectors.npy", "known.npy", "y.npy"
WEIGHTS, BIAS = "weights.npy", "bias.npy"
ORDER, POINTS, DIRECTIONS = "order.json", "points.npy", "directions.npy"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = _parse(arguments)
    try:
        child_process.begin(memory_limit_mb=options.memory_limit_mb)
        order(options.folder)
    except MemoryError:
        child_process.tell(
            {"error": f"This needs more memory than the {options.memory_limit_mb:,} MB that CHILD_MEMORY_MB allows."}
        )
        return EXIT_REFUSED
    except child_process.ParentGone:
        return EXIT_REFUSED
    return 0


def order(folder: Path) -> None:
    """Write the order of the folder's texts, and their map."""
    job = json.loads((folder / JOB).read_bytes())
    X = _load(folder / VECTORS)
    # Sums that are split among cores come out a little different for each number of them.
    with threadpool_limits(limits=1):
        places = _places(X, job=job, folder=folder)
        _tell(0.8, "Drawing the map")
        sketch = ordering.sketch(X)
    (folder / ORDER).write_text(json.dumps([asdict(place) for place in places]), encoding="utf-8")
    np.save(folder / POINTS, sketch.points)
    np.save(folder / DIRECTIONS, sketch.directions)


def _places(X: NDArray[np.float32], *, job: dict[str, Any], folder: Path) -> list[Place]:
    rng = np.random.default_rng(job["seed"])
    wanted: int = job["wanted"]
    head = _head(folder, label_count=job["label_count"])
    if head is None or head.label_count < 2:
        _tell(0.2, "Grouping the texts by kind")
        return ordering.by_cluster(X, clusters=job["clusters"], wanted=wanted, rng=rng)
    _tell(0.4, "Looking for close calls")
    known = _load(folder / KNOWN)
    places = ordering.by_margin(X, ordering.scores(X, head=head), known=known, wanted=wanted)
    if np.isfinite(head.bias).all():
        return places
    # A label without an example can't be among the likeliest.
    kinds = ordering.by_cluster(X, clusters=job["clusters"], wanted=wanted, rng=rng)
    return ordering.mix_in(kinds, places, wanted=wanted)


def _head(folder: Path, *, label_count: int) -> Head | None:
    if (folder / WEIGHTS).exists():
        weights, bias = np.load(folder / WEIGHTS, allow_pickle=False), np.load(folder / BIAS, allow_pickle=False)
        return Head(weights=weights, bias=bias)
    if (folder / LABELS).exists():
        _tell(0.0, "Learning from the labels so far")
        y = np.load(folder / LABELS, allow_pickle=False)
        return ordering.fit(_load(folder / KNOWN), y, label_count=label_count)
    return None


def _load(path: Path) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False).astype(np.float32)
    return vectors


def _tell(progress: float, step: str) -> None:
    child_process.tell({"progress": progress, "step": step})
    sys.stdout.flush()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="annotation.jobs", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--memory-limit-mb", type=int, default=4_000)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
