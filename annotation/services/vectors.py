"""The features of single texts in a web process: stored ones where there are, the encoder's where there aren't."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from classifiers import predictor
from classifiers.ml.similarity import unit_rows
from classifiers.models import Embedding, Example
from classifiers.services import encoders
from moderation.text import normalize

# 4.6 kB each: the neighbors of a few classifiers that are being labelled now.
_KEPT = 2_000


class _Kept:
    """The most recently used vectors, by encoder and text key: what belongs to a key never changes."""

    def __init__(self) -> None:
        self._rows: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, encoder_id: str, key: str) -> NDArray[np.float32] | None:
        with self._lock:
            row = self._rows.get((encoder_id, key))
            if row is not None:
                self._rows.move_to_end((encoder_id, key))
            return row

    def put(self, encoder_id: str, key: str, row: NDArray[np.float32]) -> None:
        with self._lock:
            self._rows[encoder_id, key] = row
            while len(self._rows) > _KEPT:
                self._rows.popitem(last=False)


_kept = _Kept()


def of_example(example: Example) -> NDArray[np.float32]:
    """Return the features of the example's text, as training sees them.

    Shapes: float32 (d,). Raises EncoderMissing, EncoderDamaged.
    """
    return of_texts({example.text_key: example.text})[example.text_key]


def of_texts(texts: Mapping[str, str]) -> dict[str, NDArray[np.float32]]:
    """Return the features of a few texts (key to text) by their keys; what isn't stored is computed, but not stored.

    Raises EncoderMissing, EncoderDamaged.
    """
    found = stored(list(texts))
    missing = [key for key in texts if key not in found]
    if missing:
        encoder_id = encoders.get_manifest().id
        rows = predictor.embed([normalize(texts[key]).content for key in missing])
        for key, row in zip(missing, rows, strict=True):
            _kept.put(encoder_id, key, row)
            found[key] = row
    return found


def stored(keys: list[str]) -> dict[str, NDArray[np.float32]]:
    """Return those of the features that are at hand without computing. Raises EncoderMissing, EncoderDamaged."""
    encoder_id = encoders.get_manifest().id
    found = {key: row for key in keys if (row := _kept.get(encoder_id, key)) is not None}
    missing = [key for key in keys if key not in found]
    if missing:
        rows = Embedding.objects.filter(encoder_id=encoder_id, text_key__in=missing)
        for key, vector in rows.values_list("text_key", "vector"):
            found[key] = np.frombuffer(vector, dtype="<f2").astype(np.float32)
            _kept.put(encoder_id, key, found[key])
    return found


def unit(row: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the row at length 1. Shapes: float32 (d,)."""
    result: NDArray[np.float32] = unit_rows(row[None])[0]
    return result
