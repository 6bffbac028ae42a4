"""Labelled sets to tune on: a folder for each, with `train.csv` of the columns `text` and `label`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# As long as a text of one of the sets may be; what lies behind isn't read anyway.
_MOST_CHARS = 20_000


class SetsUnusable(Exception):
    """There is nothing to tune on, or a set can't be read."""


@dataclass(frozen=True)
class LabelledSet:
    """Texts with one label each. Shapes: y int (n,), places in `labels`."""

    name: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    y: NDArray[np.int64]


def read_sets(folder: Path, *, part: str = "train") -> tuple[LabelledSet, ...]:
    """Return the sets in `folder`, by name: each a folder with a CSV file named after the part. Raises SetsUnusable."""
    paths = sorted(folder.glob(f"*/{part}.csv"))
    if not paths:
        raise SetsUnusable(f"There is no set in {folder}. It takes folders with a {part}.csv of text,label each.")
    return tuple(read_set(path) for path in paths)


def read_set(path: Path, *, labels: tuple[str, ...] = ()) -> LabelledSet:
    """Return the set in the CSV file, named after its folder; its labels are those given, or else all it has, sorted.

    Raises SetsUnusable: no such columns, fewer than two labels, a label that isn't among those given.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(row["text"].strip()[:_MOST_CHARS], row["label"]) for row in csv.DictReader(file, strict=True)]
    except (OSError, KeyError, UnicodeDecodeError, AttributeError, csv.Error) as error:
        raise SetsUnusable(f"{path} can't be read. It must be CSV in UTF-8 with the columns text and label.") from error
    rows = [(text, label) for text, label in rows if text and label]
    found = labels or tuple(sorted({label for _, label in rows}))
    places = {label: place for place, label in enumerate(found)}
    if len(found) < 2 or any(label not in places for _, label in rows):
        raise SetsUnusable(f"{path} must have at least two labels, and in a test part none that training lacks.")
    return LabelledSet(
        name=path.parent.name,
        texts=tuple(text for text, _ in rows),
        labels=found,
        y=np.array([places[label] for _, label in rows], dtype=np.int64),
    )


def sha256_of_sets(sets: tuple[LabelledSet, ...]) -> str:
    """Return what tells these sets from others: a hash over names, texts and labels."""
    digest = sha256()
    for each in sets:
        for part in (each.name, *each.labels, *each.texts):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(each.y.tobytes())
    return digest.hexdigest()
