"""A trained version on disk: `manifest.json` and `weights.safetensors` in one folder. No format that can run code.

The manifest holds the weights' SHA-256, so the manifest's own SHA-256, which the database keeps, vouches for both.
The same data and settings give the same bytes: nothing in it tells the time or the machine.

Format 2: labels, thresholds, scores, settings, encoder id, data hash; tensors `weights` (k, d) and `bias` (k,), and,
where spelling counts, `grams` (uint8, the n-grams in UTF-8, a line break after each), `gram_idf` (m,) and
`gram_weights` (k, m), and, where upper layers were adapted, `upper_weights` (k, u) and `upper_bias` (k,); then there is
a third file, `upper.onnx`, whose SHA-256 is in the manifest, too: a graph and its weights, which can't run code either.
Format 1, which is still read, had neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from classifiers.ml import disk
from classifiers.ml.head import Head
from classifiers.ml.model import Model, Upper
from classifiers.ml.ngrams import NGrams

FORMAT = 2
_READ = (1, 2)
MANIFEST = "manifest.json"
WEIGHTS = "weights.safetensors"
UPPER = "upper.onnx"


class ArtifactMissing(Exception):
    """There are no files where the version's artifact should be."""


class ArtifactDamaged(Exception):
    """The files aren't those that training wrote."""


class ArtifactFormatUnknown(Exception):
    """The artifact was written by a newer version of this program."""


@dataclass(frozen=True)
class ArtifactLabel:
    """A label as it was at training. A text gets it only with a probability of at least `threshold`."""

    number: int
    name: str
    threshold: float = 0.0


@dataclass(frozen=True)
class Manifest:
    """All that is known of a version but its weights. `labels` are in the order of the head's rows."""

    encoder_id: str
    labels: tuple[ArtifactLabel, ...]
    scores: Mapping[str, Any]
    settings: Mapping[str, Any]
    data_sha256: str


@dataclass(frozen=True)
class Artifact:
    """A version, ready to answer."""

    manifest: Manifest
    model: Model


def write_artifact(folder: Path, *, manifest: Manifest, model: Model) -> str:
    """Write the artifact as the new folder `folder`, whole or not at all; return its SHA-256.

    Raises ValueError where labels and weights don't fit, or a weight isn't finite; FileExistsError; OSError.
    """
    if folder.exists():
        raise FileExistsError(folder)
    _check_shapes(manifest, model)
    weights = safetensors.numpy.save(_tensors(model))
    upper = None if model.upper is None else model.upper.content
    content = _to_json(manifest, weights=weights, upper=upper)
    with disk.new_folder(folder) as temporary:
        (temporary / WEIGHTS).write_bytes(weights)
        if upper is not None:
            (temporary / UPPER).write_bytes(upper)
        (temporary / MANIFEST).write_bytes(content)
    return sha256(content).hexdigest()


def load_artifact(folder: Path, *, expected_sha256: str) -> Artifact:
    """Return the artifact in `folder`. Raises ArtifactMissing, ArtifactDamaged, ArtifactFormatUnknown."""
    content, weights = _read(folder / MANIFEST), _read(folder / WEIGHTS)
    if sha256(content).hexdigest() != expected_sha256:
        raise ArtifactDamaged("The trained version's files are damaged. Train it again, or restore them.")
    entries = json.loads(content)
    if entries["format"] not in _READ:
        raise ArtifactFormatUnknown("The trained version was made by another release. Train it again.")
    if sha256(weights).hexdigest() != entries["weights_sha256"]:
        raise ArtifactDamaged("The trained version's weights are damaged. Train it again, or restore them.")
    upper = None
    if "upper_sha256" in entries:
        upper = _read(folder / UPPER)
        if sha256(upper).hexdigest() != entries["upper_sha256"]:
            raise ArtifactDamaged("The trained version's adapted layers are damaged. Train it again, or restore them.")
    try:
        return _parse(entries, weights=weights, upper=upper)
    except (KeyError, TypeError, ValueError, safetensors.SafetensorError) as error:
        # Only where somebody wrote files and hashes that fit each other: still nothing that may end in a fault of ours.
        raise ArtifactDamaged("The trained version's files are damaged. Train it again, or restore them.") from error


def _parse(entries: Mapping[str, Any], *, weights: bytes, upper: bytes | None) -> Artifact:
    tensors = safetensors.numpy.load(weights)
    manifest = Manifest(
        encoder_id=entries["encoder_id"],
        labels=tuple(ArtifactLabel(**label) for label in entries["labels"]),
        scores=entries["scores"],
        settings=entries["settings"],
        data_sha256=entries["data_sha256"],
    )
    model = _model(tensors, upper=upper)
    _check_shapes(manifest, model)
    return Artifact(manifest=manifest, model=model)


def _tensors(model: Model) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {"weights": model.head.weights, "bias": model.head.bias}
    if model.ngrams is not None:
        lines = "".join(f"{gram}\n" for gram in model.ngrams.grams).encode()
        tensors["grams"] = np.frombuffer(lines, dtype=np.uint8)
        tensors |= {"gram_idf": model.ngrams.idf, "gram_weights": np.ascontiguousarray(model.ngrams.weights)}
    if model.upper is not None:
        tensors |= {"upper_weights": model.upper.head.weights, "upper_bias": model.upper.head.bias}
    return tensors


def _model(tensors: Mapping[str, NDArray[Any]], *, upper: bytes | None) -> Model:
    ngrams = adapted = None
    if "grams" in tensors:
        grams = tuple(tensors["grams"].tobytes().decode().split("\n")[:-1])
        ngrams = NGrams(grams=grams, idf=tensors["gram_idf"], weights=tensors["gram_weights"])
    if upper is not None:
        head = Head(weights=tensors["upper_weights"], bias=tensors["upper_bias"])
        adapted = Upper(content=upper, head=head)
    return Model(head=Head(weights=tensors["weights"], bias=tensors["bias"]), ngrams=ngrams, upper=adapted)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactMissing("The trained version's files are missing. Train it again, or restore them.") from error


def _check_shapes(manifest: Manifest, model: Model) -> None:
    head = model.head
    if head.label_count != len(manifest.labels) or head.bias.shape != (head.label_count,):
        raise ValueError(f"{len(manifest.labels)} labels, but weights {head.weights.shape}.")
    grams = model.ngrams
    if grams is not None and (
        grams.weights.shape != (head.label_count, len(grams.grams)) or grams.idf.shape != (len(grams.grams),)
    ):
        raise ValueError(f"{len(grams.grams)} n-grams, but weights {grams.weights.shape}.")
    if model.upper is not None:
        weights, bias = model.upper.head.weights, model.upper.head.bias
        if weights.ndim != 2 or len(weights) != head.label_count or bias.shape != (head.label_count,):
            raise ValueError(f"{head.label_count} labels, but weights {weights.shape} for the adapted layers.")
    if not all(np.isfinite(tensor).all() for tensor in _tensors(model).values()):
        raise ValueError("A weight isn't finite.")


def _to_json(manifest: Manifest, *, weights: bytes, upper: bytes | None) -> bytes:
    entries = {"format": FORMAT, "weights_sha256": sha256(weights).hexdigest(), **asdict(manifest)}
    if upper is not None:
        entries["upper_sha256"] = sha256(upper).hexdigest()
    return json.dumps(entries, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
