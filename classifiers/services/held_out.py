"""What a training's models said about examples that they hadn't seen, kept beside the version."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.db import transaction

from classifiers.models import Example, HeldOut, Version
from classifiers.services.training_sets import Snapshot
from moderation.runs import Claim

# Short transactions: SQLite has one writer at a time.
_CHUNK = 2_000


def keep(claim: Claim, *, version: Version, snapshot: Snapshot, folder: Path, labels: Sequence[dict[str, Any]]) -> None:
    """Write what each example was taken for, from the files in `folder`. Raises RunLost, RunCancelled."""
    rows = _rows(version, snapshot=snapshot, folder=folder, numbers=[label["number"] for label in labels])
    # What an earlier attempt wrote.
    HeldOut.objects.filter(version=version).delete()
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        with transaction.atomic():
            # An example may have been deleted while the training ran.
            ids = [row.example_id for row in chunk]
            alive = set(Example.objects.filter(pk__in=ids).values_list("pk", flat=True))
            HeldOut.objects.bulk_create(row for row in chunk if row.example_id in alive)
        claim.beat(step="Keeping the results")


def _rows(version: Version, *, snapshot: Snapshot, folder: Path, numbers: Sequence[int]) -> list[HeldOut]:
    proba = np.load(folder / "oof.npy", allow_pickle=False)
    is_measured = np.load(folder / "measured.npy", allow_pickle=False)
    near = np.load(folder / "near.npy", allow_pickle=False)
    best = proba.argmax(axis=1)
    rows = [
        HeldOut(
            version=version,
            example_id=example_id,
            label_number=snapshot.label_numbers[index],
            predicted_number=numbers[best[index]],
            score=float(proba[index, best[index]]),
            is_measured=bool(is_measured[index]),
        )
        for index, example_id in enumerate(snapshot.example_ids)
    ]
    for index, near_predicted, near_own in near.tolist():
        rows[index].near_predicted, rows[index].near_own = near_predicted, near_own
    return rows
