"""Plugs the trained classifiers into the registry of analyzers, where projects find them beside the built-in ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifiers import predictor
from classifiers.ml import ranking
from classifiers.ml.artifact import Artifact, ArtifactDamaged, ArtifactFormatUnknown, ArtifactLabel, ArtifactMissing
from classifiers.ml.encoder import EncoderDamaged, EncoderMissing
from classifiers.models import Classifier, Version
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
        ready: dict[str, _Ready] = {}
        for classifier in _with_live_versions(keys):
            try:
                ready[classifier.key] = _load(_live_version(classifier), is_ranking=classifier.is_ranking)
            except (_NotTrained, *_UNUSABLE, *_NO_ENCODER) as error:
                found[classifier.key] = [Finding.failed(str(error))] * len(texts)
        if ready and texts:
            features = predictor.read(texts, artifacts=[each.artifact for each in ready.values()])
            found |= {key: _findings(each, features, texts=texts) for key, each in ready.items()}
        return found


def answer(version: Version, *, texts: Sequence[str]) -> list[Finding]:
    """Return a finding for each text by a version that needn't be the live one; otherwise as `analyze` does it."""
    try:
        ready = _load(version, is_ranking=version.classifier.is_ranking)
    except (*_UNUSABLE, *_NO_ENCODER) as error:
        return [Finding.failed(str(error))] * len(texts)
    return _findings(ready, predictor.read(texts, artifacts=[ready.artifact]), texts=texts) if texts else []


class _NotTrained(Exception):
    """There's no live version to ask."""


@dataclass(frozen=True)
class _Ready:
    """A version that can be asked. `thresholds` are in the order of the artifact's labels."""

    artifact: Artifact
    thresholds: Sequence[float]
    is_ranking: bool


def _with_live_versions(keys: Sequence[str]) -> Sequence[Classifier]:
    # Not the versions' scores and settings, which are large and of no use here.
    needed = ("artifact_path", "artifact_sha256", "thresholds")
    only = ("key", "type", *(f"live_version__{name}" for name in needed))
    return Classifier.objects.filter(key__in=keys).select_related("live_version").only(*only)


def _live_version(classifier: Classifier) -> Version:
    if classifier.live_version is None:
        raise _NotTrained("This classifier has no live version yet. Train it first.")
    return classifier.live_version


def _load(version: Version, *, is_ranking: bool) -> _Ready:
    artifact = predictor.load(version)
    thresholds = _thresholds(version, artifact.manifest.labels)
    return _Ready(artifact=artifact, thresholds=thresholds, is_ranking=is_ranking)


def _thresholds(version: Version, labels: Sequence[ArtifactLabel]) -> Sequence[float]:
    """Return each label's threshold: the one that the version has now, else the one with which it was trained."""
    return [version.thresholds.get(str(label.number), label.threshold) for label in labels]


def _findings(ready: _Ready, features: predictor.Features, *, texts: Sequence[str]) -> list[Finding]:
    labels = ready.artifact.manifest.labels
    proba = predictor.probabilities(ready.artifact, features, texts=texts)
    findings = [_finding(labels, row, thresholds=ready.thresholds) for row in proba]
    if not ready.is_ranking:
        return findings
    # Whether or not a label passes its threshold: the place among them is still the best guess.
    positions = ranking.expected_positions(proba)
    return [
        replace(finding, position=round(float(position), _DECIMALS))
        for finding, position in zip(findings, positions, strict=True)
    ]


def _finding(labels: Sequence[ArtifactLabel], row: NDArray[np.float32], *, thresholds: Sequence[float]) -> Finding:
    """Return the surest of the labels that pass their thresholds, or, where none does, no label and the best score.

    Shapes: row float32 (k,), in the order of `labels`, as `thresholds` is. Ties go to the first label.
    """
    passing = [index for index, threshold in enumerate(thresholds) if row[index] >= threshold]
    best = max(passing or range(len(labels)), key=row.__getitem__)
    scores = {label.name: round(float(share), _DECIMALS) for label, share in zip(labels, row, strict=True)}
    name = labels[best].name
    return Finding(label=name if passing else None, score=scores[name], label_scores=scores)
