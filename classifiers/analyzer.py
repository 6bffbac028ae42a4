"""Plugs the trained classifiers into the registry of analyzers, where projects find them beside the built-in ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifiers import predictor
from classifiers.ml.artifact import Artifact, ArtifactDamaged, ArtifactFormatUnknown, ArtifactLabel, ArtifactMissing
from classifiers.ml.encoder import EncoderDamaged, EncoderMissing
from classifiers.models import Classifier
from moderation.analyzers.base import AnalyzerInfo, Finding

_UNUSABLE = (ArtifactMissing, ArtifactDamaged, ArtifactFormatUnknown, predictor.WrongEncoder)
_NO_ENCODER = (EncoderMissing, EncoderDamaged)
_DECIMALS = 6


class ClassifierProvider:
    """All trained classifiers. Many of them on many texts share one pass of the encoder."""

    name = "classifiers"
    is_custom = True

    def list_analyzers(self) -> list[AnalyzerInfo]:
        """Return every classifier, trained or not: one that isn't yet says so when asked."""
        return [
            AnalyzerInfo(
                key=classifier.key,
                name=classifier.name,
                kind="classifier",
                description=classifier.description,
                provider=self.name,
            )
            for classifier in Classifier.objects.order_by("name")
        ]

    def analyze(self, keys: Sequence[str], *, texts: Sequence[str]) -> dict[str, list[Finding]]:
        """Return a finding for each classifier among `keys` and each text. Never raises for a broken version."""
        found: dict[str, list[Finding]] = {}
        artifacts: dict[str, Artifact] = {}
        for classifier in _with_live_versions(keys):
            try:
                artifacts[classifier.key] = _artifact(classifier)
            except (_NotTrained, *_UNUSABLE, *_NO_ENCODER) as error:
                found[classifier.key] = [Finding.failed(str(error))] * len(texts)
        if artifacts and texts:
            vectors = predictor.embed(texts)
            found |= {key: _findings(artifact, vectors, texts=texts) for key, artifact in artifacts.items()}
        return found


class _NotTrained(Exception):
    """There's no live version to ask."""


def _with_live_versions(keys: Sequence[str]) -> Sequence[Classifier]:
    # Not the versions' scores and settings, which are large and of no use here.
    needed = ("key", "live_version__artifact_path", "live_version__artifact_sha256")
    return Classifier.objects.filter(key__in=keys).select_related("live_version").only(*needed)


def _artifact(classifier: Classifier) -> Artifact:
    if classifier.live_version is None:
        raise _NotTrained("This classifier has no live version yet. Train it first.")
    return predictor.load(classifier.live_version)


def _findings(artifact: Artifact, vectors: NDArray[np.float32], *, texts: Sequence[str]) -> list[Finding]:
    labels = artifact.manifest.labels
    return [_finding(labels, row) for row in predictor.probabilities(artifact, vectors, texts=texts)]


def _finding(labels: Sequence[ArtifactLabel], row: NDArray[np.float32]) -> Finding:
    """Return the surest of the labels that pass their thresholds, or, where none does, no label and the best score.

    Shapes: row float32 (k,), in the order of `labels`. Ties go to the first label.
    """
    passing = [index for index, label in enumerate(labels) if row[index] >= label.threshold]
    best = max(passing or range(len(labels)), key=row.__getitem__)
    scores = {label.name: round(float(share), _DECIMALS) for label, share in zip(labels, row, strict=True)}
    name = labels[best].name
    return Finding(label=name if passing else None, score=scores[name], label_scores=scores)
