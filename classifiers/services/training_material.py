"""All that a training's child process is given: examples, texts without a label, the golden set, descriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from classifiers.importing.fingerprint import text_key
from classifiers.ml.encoder import EncoderManifest
from classifiers.models import Classifier, Example, ExampleState
from classifiers.services import embeddings, encoders, training_sets
from classifiers.services.training_sets import Snapshot
from moderation.text import normalize

# Texts without a label that a training looks at, to see what is usual: reading so many new ones takes two seconds.
# 1,500 were no better.
MOST_UNLABELLED = 1_000

# Of the time that a training may take; the rest is for what comes before and after.
DEEP_SHARE = 0.7


@dataclass(frozen=True)
class Material:
    """What is taken of a classifier for one training. `texts` are all of them by their keys, descriptions too."""

    labels: Sequence[dict[str, Any]]
    is_ranking: bool
    tries_deep: bool
    snapshot: Snapshot
    golden: Snapshot | None
    unlabelled: Sequence[str]
    # By the label's place; the key of its sentence, or "" where it has no description.
    guides: Sequence[str]
    texts: Mapping[str, str] = field(repr=False)

    def write(self, folder: Path, *, encoder: EncoderManifest, seed: int) -> None:
        """Write the files that `ml.course_work` reads. The features must be stored already. Raises OSError."""
        self._write_set(folder, self.snapshot, encoder=encoder, names=("vectors.npy", "y.npy"))
        np.save(folder / "confirmed.npy", np.array(self.snapshot.is_confirmed, dtype=np.bool_))
        np.save(folder / "ids.npy", np.array(self.snapshot.example_ids, dtype=np.int64))
        self._write_texts(folder / "texts.json", self.snapshot.keys)
        if self.golden is not None:
            self._write_texts(folder / "golden.json", self.golden.keys)
            self._write_set(folder, self.golden, encoder=encoder, names=("golden.npy", "golden_y.npy"))
        if self.unlabelled:
            self._write_vectors(folder / "pool.npy", self.unlabelled, encoder=encoder)
            self._write_texts(folder / "pool.json", self.unlabelled)
        if any(self.guides):
            self._write_guides(folder / "descriptions.npy", encoder=encoder)
        job = {
            "labels": list(self.labels),
            "encoder_id": encoder.id,
            "layer_count": len(encoder.layers),
            "data_sha256": self.snapshot.sha256,
            "seed": seed,
            "is_ranking": self.is_ranking,
            "tries_deep": self.tries_deep,
            "encoder": str(encoders.current_folder()),
            "encoder_source": settings.ENCODER,
            "deep_limit_s": DEEP_SHARE * settings.TRAINING_TIMEOUT_S,
        }
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")

    def _write_set(self, folder: Path, snapshot: Snapshot, *, encoder: EncoderManifest, names: tuple[str, str]) -> None:
        place_of = {label["number"]: place for place, label in enumerate(self.labels)}
        self._write_vectors(folder / names[0], snapshot.keys, encoder=encoder)
        np.save(folder / names[1], np.array([place_of[number] for number in snapshot.label_numbers], dtype=np.int64))

    def _write_vectors(self, path: Path, keys: Sequence[str], *, encoder: EncoderManifest) -> None:
        embeddings.matrix(keys, encoder_id=encoder.id, path=path, dimension=encoder.dimension)

    def _write_texts(self, path: Path, keys: Sequence[str]) -> None:
        # As serving sees them: hidden characters and look-alikes are normalised.
        path.write_text(json.dumps([normalize(self.texts[key]).content for key in keys]), encoding="utf-8")

    def _write_guides(self, path: Path, *, encoder: EncoderManifest) -> None:
        found = embeddings.find([key for key in self.guides if key], encoder_id=encoder.id)
        rows = np.zeros((len(self.guides), encoder.dimension), dtype=np.float16)
        for place, key in enumerate(self.guides):
            if key:
                rows[place] = found[key]
        np.save(path, rows)


def gather(classifier: Classifier) -> Material:
    """Return what a training of the classifier that starts now is given. Raises RunError."""
    snapshot, texts = training_sets.take(classifier.pk)
    found_golden = training_sets.take_golden(classifier.pk)
    golden, golden_texts = found_golden or (None, {})
    unlabelled = _unlabelled(classifier)
    guides = [_guide(label.name, label.description) for label in classifier.labels.all()]
    return Material(
        labels=[{"number": label.number, "name": label.name} for label in classifier.labels.all()],
        is_ranking=classifier.is_ranking,
        tries_deep=classifier.tries_deep,
        snapshot=snapshot,
        golden=golden,
        unlabelled=list(unlabelled),
        guides=[text_key(guide) if guide else "" for guide in guides],
        texts={**{text_key(guide): guide for guide in guides if guide}, **unlabelled, **golden_texts, **texts},
    )


def _unlabelled(classifier: Classifier) -> dict[str, str]:
    """Return texts without a label by their keys: keys are hashes, so their order is as good as a draw, and stays."""
    unlabelled = Example.objects.filter(classifier_id=classifier.pk, state=ExampleState.UNLABELLED)
    # What is set aside stays so, also while it has no label.
    rows = unlabelled.filter(is_golden=False).order_by("text_key")
    return dict(rows.values_list("text_key", "text")[:MOST_UNLABELLED])


def _guide(name: str, description: str) -> str:
    """Return the sentence by which a label is known, "" where nobody described it."""
    return f"{name}: {description.strip()}" if description.strip() else ""
