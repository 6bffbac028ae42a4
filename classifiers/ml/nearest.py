"""The training examples most like a text, kept beside a version: what it has learnt from that looks like this."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from classifiers.ml.similarity import unit_rows

FILE = "nearest.safetensors"
# A row of all-MiniLM-L6-v2's last layer is 384 bytes: this is 8 MB, and compared with a text in some 10 ms.
MOST_EXAMPLES = 20_000

# The largest number of 8 bits with a sign.
_SCALE = 127
# Rows that are numbers of 32 bits at once: 6 MB.
_BLOCK = 4_096
# Beyond it, a cosine of rows of 8 bits is noise; without it, equal texts are equally near.
_DECIMALS = 4


class NearestMissing(Exception):
    """The version was trained before its examples were kept beside it, or the file is gone."""


class NearestDamaged(Exception):
    """The file isn't one that training wrote."""


@dataclass(frozen=True)
class Nearest:
    """The examples of a version. `y` are the places of their labels among the version's.

    Shapes: vectors int8 (m, d), rows of length about 127; y int16 (m,); example_ids int64 (m,).
    """

    vectors: NDArray[np.int8]
    y: NDArray[np.int16]
    example_ids: NDArray[np.int64]


@dataclass(frozen=True)
class Neighbor:
    """An example near a text. `y` is the place of the label that it was trained with; `cosine` is about right."""

    example_id: int
    y: int
    cosine: float


def build(
    X: NDArray[np.floating],
    y: NDArray[np.integer],
    example_ids: NDArray[np.integer],
    *,
    layer_count: int,
    rng: np.random.Generator,
    limit: int = MOST_EXAMPLES,
) -> Nearest:
    """Return the examples by the last of their `layer_count` blocks of features; of more than `limit` a draw.

    Each label has the same share of the draw as of the examples, and one example at least where `limit` allows it.

    Shapes: X (n, layer_count * d), also mapped from a file; y int (n,); example_ids int (n,). Order: as given.
    Raises ValueError where the lengths don't fit.
    """
    if X.shape[1] % layer_count or len(y) != len(X) or len(example_ids) != len(X):
        raise ValueError(f"Features {X.shape} of {layer_count} layers, {len(y)} labels, {len(example_ids)} ids.")
    rows = np.arange(len(y)) if len(y) <= limit else _draw(y, limit=limit, rng=rng)
    start = X.shape[1] - X.shape[1] // layer_count
    vectors = np.empty((len(rows), X.shape[1] - start), dtype=np.int8)
    for begin in range(0, len(rows), _BLOCK):
        chosen = rows[begin : begin + _BLOCK]
        vectors[begin : begin + _BLOCK] = np.rint(_SCALE * unit_rows(X[chosen, start:]))
    return Nearest(
        vectors=vectors,
        y=np.asarray(y[rows], dtype=np.int16),
        example_ids=np.asarray(example_ids[rows], dtype=np.int64),
    )


def write(folder: Path, index: Nearest) -> None:
    """Write the examples into the version's folder. The same examples give the same bytes. Raises OSError."""
    tensors = {"vectors": index.vectors, "y": index.y, "example_id": index.example_ids}
    (folder / FILE).write_bytes(safetensors.numpy.save(tensors))


def load(folder: Path) -> Nearest:
    """Return the examples that lie in the version's folder. Raises NearestMissing, NearestDamaged."""
    try:
        content = (folder / FILE).read_bytes()
    except OSError as error:
        raise NearestMissing(
            "This version doesn't have its examples beside it. Train again to see the nearest."
        ) from error
    try:
        tensors = safetensors.numpy.load(content)
        index = Nearest(vectors=tensors["vectors"], y=tensors["y"], example_ids=tensors["example_id"])
    except (safetensors.SafetensorError, KeyError) as error:
        raise _damaged() from error
    if not _is_whole(index):
        raise _damaged()
    return index


def find(
    index: Nearest, vectors: NDArray[np.floating], *, count: int = 3, exclude_ids: Collection[int] = ()
) -> list[list[Neighbor]]:
    """Return the examples nearest to each text, at most `count`, but for those that `exclude_ids` names.

    Shapes: vectors (n, D): the texts' features, of which the last d numbers are the last layer's block.
    Order: highest cosine first; ties go to the lower id. Raises ValueError where the features are of another length.
    """
    width = index.vectors.shape[1]
    if vectors.shape[1] < width:
        raise ValueError(f"Features of {vectors.shape[1]} numbers, examples of {width}.")
    cosines = _cosines(index.vectors, unit_rows(vectors[:, vectors.shape[1] - width :]))
    cosines[:, np.isin(index.example_ids, list(exclude_ids))] = -np.inf
    return [_nearest(index, row, count=count) for row in cosines]


def _draw(y: NDArray[np.integer], *, limit: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return `limit` rows in order: of each label those whose place in a random order of it comes early enough."""
    shuffled = rng.permutation(len(y))
    by_label = shuffled[np.argsort(y[shuffled], kind="stable")]
    _, starts, counts = np.unique(y[by_label], return_index=True, return_counts=True)
    places = np.arange(len(y)) - np.repeat(starts, counts)
    # The first of each label has the place 0, however rare the label is.
    chosen = np.argsort(places / np.repeat(counts, counts), kind="stable")[:limit]
    return np.sort(by_label[chosen])


def _cosines(vectors: NDArray[np.int8], wanted: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the cosine of each wanted row to each example. Shapes: (m, d), (n, d) -> (n, m)."""
    cosines = np.empty((len(wanted), len(vectors)))
    for start in range(0, len(vectors), _BLOCK):
        block = unit_rows(vectors[start : start + _BLOCK].astype(np.float32))
        cosines[:, start : start + _BLOCK] = wanted @ block.T
    return np.round(cosines, _DECIMALS)


def _nearest(index: Nearest, cosines: NDArray[np.float64], *, count: int) -> list[Neighbor]:
    order = np.lexsort((index.example_ids, -cosines))[:count]
    return [
        Neighbor(example_id=int(index.example_ids[row]), y=int(index.y[row]), cosine=float(cosines[row]))
        for row in order
        if np.isfinite(cosines[row])
    ]


def _is_whole(index: Nearest) -> bool:
    shapes = index.vectors.ndim == 2 and index.y.shape == index.example_ids.shape == index.vectors.shape[:1]
    kinds = [array.dtype.name for array in (index.vectors, index.y, index.example_ids)]
    return shapes and kinds == ["int8", "int16", "int64"]


def _damaged() -> NearestDamaged:
    return NearestDamaged("The examples kept beside this version are damaged. Train again to see the nearest.")
