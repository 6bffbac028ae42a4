"""Folders as the worker fills them for a training's child process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.ml.lessons import Lessons, Pool

FIRST_ID = 1_001


def write(
    folder: Path,
    lessons: Lessons,
    *,
    numbers: Sequence[int],
    is_confirmed: Sequence[bool] | None = None,
    pool: Pool | None = None,
    golden: Lessons | None = None,
    guides: np.ndarray | None = None,
    is_ranking: bool = False,
) -> None:
    """Write the files that `ml.course_work` reads; the examples' ids count from FIRST_ID.

    `numbers` are the labels' own, in the order of their places; guides (k, d) the features of their descriptions.
    """
    count = len(lessons.y)
    np.save(folder / "vectors.npy", lessons.X.astype("<f2"))
    np.save(folder / "y.npy", lessons.y)
    np.save(folder / "ids.npy", np.arange(FIRST_ID, FIRST_ID + count))
    np.save(folder / "confirmed.npy", np.array([True] * count if is_confirmed is None else is_confirmed))
    _write_json(folder / "texts.json", list(lessons.texts))
    if pool is not None:
        np.save(folder / "pool.npy", pool.X.astype("<f2"))
        _write_json(folder / "pool.json", list(pool.texts))
    if golden is not None:
        np.save(folder / "golden.npy", golden.X.astype("<f2"))
        np.save(folder / "golden_y.npy", golden.y)
        _write_json(folder / "golden.json", list(golden.texts))
    if guides is not None:
        np.save(folder / "descriptions.npy", guides.astype("<f2"))
    job = {
        "labels": [{"number": number, "name": f"Label {number}"} for number in numbers],
        "encoder_id": "tiny",
        "layer_count": lessons.layer_count,
        "data_sha256": "ab",
        "seed": 0,
        "is_ranking": is_ranking,
    }
    _write_json(folder / "job.json", job)


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
