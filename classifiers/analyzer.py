"""Plugs the trained classifiers into the registry of analyzers, where projects find them beside the built-in ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifiers import predictor
from classifiers.ml.artifact import Artifact, ArtifactDamaged, ArtifactFormatUnknown, ArtifactMissing
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
        """Return a finding for each classifier and text, texts in order. Never raises for a broken version."""
        rows = Classifier.objects.filter(key__in=keys).select_related("live_version")
        classifiers = {classifier.key: classifier for classifier in rows}
        found: dict[str, list[Finding]] = {}
        artifacts: dict[str, Artifact] = {}
        for key in keys:
            try:
                artifacts[key] = _artifact(classifiers.get(key))
            except (_NotServing, *_UNUSABLE, *_NO_ENCODER) as error:
                found[key] = [Finding(label=None, score=None, label_scores=None, error=str(error))] * len(texts)
        if artifacts and texts:
            vectors = predictor.embed(texts)
            found |= {key: _findings(artifact, vectors) for key, artifact in artifacts.items()}
        return found


class _NotServing(Exception):
    """There's no live version to ask."""


def _artifact(classifier: Classifier | None) -> Artifact:
    if classifier is None:
        raise _NotServing("There is no such classifier any more.")
    if classifier.live_version is None:
        raise _NotServing("This classifier has no live version yet. Train it first.")
    return predictor.load(classifier.live_version)


def _findings(artifact: Artifact, vectors: NDArray[np.float32]) -> list[Finding]:
    names = [label.name for label in artifact.manifest.labels]
    return [_finding(names, row) for row in predictor.probabilities(artifact, vectors)]


def _finding(names: Sequence[str], row: NDArray[np.float32]) -> Finding:
    best = int(row.argmax())
    scores = {name: round(float(share), _DECIMALS) for name, share in zip(names, row, strict=True)}
    return Finding(label=names[best], score=scores[names[best]], label_scores=scores)
