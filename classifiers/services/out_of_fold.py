"""What a version's training said of examples that it hadn't seen: the whole of the probabilities, read from its folder.

The rows that the database has (`HeldOut`) say which label was predicted; what depends on all of the probabilities, as
thresholds and calibration do, is computed from these files.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
import safetensors
import safetensors.numpy
from django.conf import settings
from numpy.typing import NDArray

from classifiers.models import Version

FILE: Final = "held_out.safetensors"
# Some seven versions of 200,000 examples and 3 labels each; the one read last is kept, however large.
_KEPT_BYTES = 40_000_000
_MISSING = "What this version said of examples that it hadn't seen isn't kept. Train it again to see this."
_DAMAGED = (
    "The file with what this version said of examples that it hadn't seen is damaged. Train it again to see this."
)


class NoOutOfFold(Exception):
    """The version has no such file, or a damaged one; the message says which and what to do."""


@dataclass(frozen=True)
class OutOfFold:
    """The out-of-fold probabilities of a version's examples, as calibrated.

    Shapes: proba float32 (n, k), columns in the order of `Version.labels`; y int64 (n,), the places of the examples'
    labels in that order; is_measured bool (n,), whether the scores count the example; example_ids int64 (n,).
    """

    proba: NDArray[np.float32]
    y: NDArray[np.int64]
    is_measured: NDArray[np.bool_]
    example_ids: NDArray[np.int64]

    @property
    def size_bytes(self) -> int:
        return self.proba.nbytes + self.y.nbytes + self.is_measured.nbytes + self.example_ids.nbytes


class _Kept:
    """The files read last, by the version's hash: a restored backup can give a version's id to another one."""

    def __init__(self) -> None:
        self._by_sha256: OrderedDict[str, OutOfFold] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, version: Version) -> OutOfFold:
        with self._lock:
            if (found := self._by_sha256.get(version.artifact_sha256)) is None:
                found = self._by_sha256[version.artifact_sha256] = _read(version)
            self._by_sha256.move_to_end(version.artifact_sha256)
            while len(self._by_sha256) > 1 and self._size_bytes() > _KEPT_BYTES:
                self._by_sha256.popitem(last=False)
            return found

    def _size_bytes(self) -> int:
        return sum(kept.size_bytes for kept in self._by_sha256.values())


_kept = _Kept()


def load(version: Version) -> OutOfFold:
    """Return the version's out-of-fold probabilities, from memory where they were read before. Raises NoOutOfFold."""
    if not version.artifact_path or not version.artifact_sha256:
        raise NoOutOfFold(_MISSING)
    return _kept.get(version)


def _read(version: Version) -> OutOfFold:
    path = settings.ARTIFACTS_DIR / version.artifact_path / FILE
    try:
        tensors = safetensors.numpy.load(path.read_bytes())
    except FileNotFoundError as error:
        raise NoOutOfFold(_MISSING) from error
    except (OSError, safetensors.SafetensorError) as error:
        raise NoOutOfFold(_DAMAGED) from error
    try:
        found = OutOfFold(
            proba=tensors["proba"].astype(np.float32),
            y=tensors["y"].astype(np.int64),
            is_measured=tensors["is_measured"].astype(np.bool_),
            example_ids=tensors["example_id"].astype(np.int64),
        )
    except KeyError as error:
        raise NoOutOfFold(_DAMAGED) from error
    if not _is_sound(found, label_count=len(version.labels)):
        raise NoOutOfFold(_DAMAGED)
    return found


def _is_sound(found: OutOfFold, *, label_count: int) -> bool:
    count = len(found.y)
    shapes = (found.proba.shape, found.y.shape, found.is_measured.shape, found.example_ids.shape)
    if shapes != ((count, label_count), (count,), (count,), (count,)) or not count:
        return False
    in_range = found.y.min() >= 0 and found.y.max() < label_count
    # Also false for what is no number.
    return bool(in_range and found.proba.min() >= 0.0 and found.proba.max() <= 1.0)
