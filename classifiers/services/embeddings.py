"""Feature vectors of texts: stored by text and encoder, computed once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from classifiers.ml import disk
from classifiers.models import Embedding
from classifiers.services import encoders
from moderation import children, text
from moderation.runs import Claim

T = TypeVar("T")

# SQLite allows 32,766 variables a statement, and a vector is 2.3 kB: a chunk stays near 1 MB.
_CHUNK = 500
_DTYPE = np.dtype("<f2")


def ensure(
    texts: Mapping[str, str],
    *,
    encoder_id: str,
    claim: Claim,
    folder: Path,
    timeout_s: float,
    span: tuple[float, float] = (0.0, 1.0),
) -> int:
    """Compute and store what is missing of `texts` (text key to text); return how many were computed.

    A child process encodes, with files in `folder`; the vectors are written in small transactions. `span` is the part
    of the run's progress that this is. Raises as `children.talk`.
    """
    known = set(stored(list(texts), encoder_id=encoder_id))
    missing = [key for key in texts if key not in known]
    if not missing:
        return 0
    vectors = _encode([texts[key] for key in missing], claim=claim, folder=folder, timeout_s=timeout_s, span=span)
    _store(missing, vectors=vectors, encoder_id=encoder_id, claim=claim)
    return len(missing)


def borrow(
    texts: Mapping[str, str],
    *,
    encoder_id: str,
    claim: Claim,
    folder: Path,
    timeout_s: float,
    span: tuple[float, float] = (0.0, 1.0),
) -> NDArray[np.float16]:
    """Return the vectors of `texts`, in their order; what has to be computed is not stored.

    For texts that may never become examples. Shapes: float16 (n, d). Raises as `children.talk`, and ValueError where
    there are no texts.
    """
    found: dict[str, bytes] = {}
    for chunk in _chunks(list(texts)):
        rows = Embedding.objects.filter(encoder_id=encoder_id, text_key__in=chunk)
        found.update(rows.values_list("text_key", "vector"))
    missing = [key for key in texts if key not in found]
    if missing:
        contents = [texts[key] for key in missing]
        vectors = _encode(contents, claim=claim, folder=folder, timeout_s=timeout_s, span=span)
        found.update((key, row.tobytes()) for key, row in zip(missing, vectors, strict=True))
    return np.stack([np.frombuffer(found[key], dtype=_DTYPE) for key in texts])


def find(keys: Sequence[str], *, encoder_id: str) -> dict[str, NDArray[np.float16]]:
    """Return the stored vectors of those of `keys` that have one, in memory: for a few hundred.

    Shapes: float16 (d,) each.
    """
    found: dict[str, NDArray[np.float16]] = {}
    for chunk in _chunks(keys):
        rows = Embedding.objects.filter(encoder_id=encoder_id, text_key__in=chunk).values_list("text_key", "vector")
        found.update((key, np.frombuffer(vector, dtype=_DTYPE)) for key, vector in rows)
    return found


def stored(keys: Sequence[str], *, encoder_id: str) -> list[str]:
    """Return those of `keys` whose vectors are stored, in their order."""
    found: set[str] = set()
    for chunk in _chunks(keys):
        rows = Embedding.objects.filter(encoder_id=encoder_id, text_key__in=chunk)
        found.update(rows.values_list("text_key", flat=True))
    return [key for key in keys if key in found]


def matrix(keys: Sequence[str], *, encoder_id: str, path: Path, dimension: int) -> NDArray[np.float16]:
    """Write the stored vectors of `keys` to the file `path` and return them mapped from it.

    Shapes: float16 (n, dimension), rows in the order of `keys`. Raises KeyError where a vector isn't stored.
    """
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=_DTYPE, shape=(len(keys), dimension))
    disk.reserve(path)
    done = 0
    for chunk in _chunks(keys):
        found = dict(
            Embedding.objects.filter(encoder_id=encoder_id, text_key__in=chunk).values_list("text_key", "vector")
        )
        for key in chunk:
            rows[done] = np.frombuffer(found[key], dtype=_DTYPE)
            done += 1
    rows.flush()
    return rows


def _encode(
    texts: Sequence[str], *, claim: Claim, folder: Path, timeout_s: float, span: tuple[float, float]
) -> NDArray[np.float16]:
    folder = folder / "embed"
    folder.mkdir()
    # The models see what they will see when serving: hidden characters and look-alikes are normalised.
    contents = [text.normalize(each).content for each in texts]
    (folder / "texts.json").write_text(json.dumps(contents), encoding="utf-8")
    arguments = ["embed", "--folder", str(folder), "--encoder", str(encoders.current_folder())]
    for _ in children.talk("classifiers.ml.jobs", arguments, claim=claim, timeout_s=timeout_s, span=span):
        continue
    vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    # Mapped, it stays readable; the next texts may use the folder.
    shutil.rmtree(folder)
    return np.asarray(vectors)


def _store(keys: Sequence[str], *, vectors: NDArray[np.float16], encoder_id: str, claim: Claim) -> None:
    start = 0
    for chunk in _chunks(keys):
        rows = np.asarray(vectors[start : start + len(chunk)], dtype=_DTYPE)
        Embedding.objects.bulk_create(
            [
                Embedding(text_key=key, encoder_id=encoder_id, vector=row.tobytes())
                for key, row in zip(chunk, rows, strict=True)
            ],
            # Another run may have stored the same text meanwhile: the vectors are equal.
            ignore_conflicts=True,
        )
        start += len(chunk)
        claim.beat()


def _chunks(items: Sequence[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
