"""The file with a version's out-of-fold probabilities, as a training writes it beside the artifact."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.numpy
from django.conf import settings

from classifiers.models import Version
from classifiers.services.out_of_fold import FILE


def write(
    version: Version,
    *,
    proba: Sequence[Sequence[float]],
    y: Sequence[int],
    is_measured: Sequence[bool] | None = None,
    example_ids: Sequence[int] | None = None,
) -> Path:
    """Write the file of a version; return its path.

    Shapes: proba (n, k), columns in the order of the version's labels; y (n,), places in that order. All rows count
    and the ids are 1 to n where nothing else is said.
    """
    folder = settings.ARTIFACTS_DIR / version.artifact_path
    folder.mkdir(parents=True, exist_ok=True)
    path: Path = folder / FILE
    count = len(y)
    tensors = {
        "proba": np.array(proba, dtype=np.float16),
        "y": np.array(y, dtype=np.int16),
        "is_measured": np.array([True] * count if is_measured is None else is_measured, dtype=np.uint8),
        "example_id": np.array(range(1, count + 1) if example_ids is None else example_ids, dtype=np.int64),
    }
    path.write_bytes(safetensors.numpy.save(tensors))
    return path
