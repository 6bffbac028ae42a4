"""Why a version says what it says of a text: the words that weigh most, and the examples that are most like it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from classifiers import predictor
from classifiers.ml import explaining, nearest
from classifiers.ml.artifact import Artifact
from classifiers.ml.explaining import Weighed
from classifiers.ml.nearest import NearestDamaged, NearestMissing
from classifiers.models import Example, HeldOut, Version
from classifiers.services import trials
from classifiers.services.trials import NotTried
from moderation.analyzers.base import Finding
from moderation.text import normalize

NEAREST = 3
# Some of the nearest may have been deleted since: so many more are looked up.
_ASKED = 30


@dataclass(frozen=True)
class Neighbor:
    """An example that the version has learnt from. `label` is its label now, `learnt` the one that it had then."""

    example: Example
    label: str
    learnt: str
    cosine: float

    @property
    def is_relabelled(self) -> bool:
        return self.label != self.learnt


@dataclass(frozen=True)
class Explanation:
    """What a version says of a text, and why.

    `label` is the one that the words are weighed for. Unless another was asked for it is the text's, or, where none
    passes its threshold, the surest.
    Where the nearest aren't known, `nearest_problem` says why. `duration_ms` is the answer's alone.
    """

    version: Version
    text: str
    finding: Finding
    duration_ms: float
    label: str
    weighed: Weighed
    neighbors: tuple[Neighbor, ...]
    nearest_problem: str = ""


def explain(
    version: Version, *, text: str, exclude_ids: Collection[int] = (), number: int | None = None
) -> Explanation:
    """Return why the version says what it says of the text; the examples `exclude_ids` aren't among the nearest.

    The words are weighed for the label with that `number`, where one is given and the version knows it.
    Raises NotTried.
    """
    trial = trials.ask(version, texts=[text])
    [answer] = trial.answers
    if answer.finding is None:
        raise NotTried(answer.problem)
    artifact = predictor.load(version)
    asked = [label.name for label in artifact.manifest.labels if label.number == number]
    label = asked[0] if asked else _surest(answer.finding)
    neighbors, problem = _neighbors(version, artifact, text=text, exclude_ids=exclude_ids)
    return Explanation(
        version=version,
        text=text,
        finding=answer.finding,
        duration_ms=trial.duration_ms,
        label=label,
        weighed=_weigh(artifact, text=text, label=label),
        neighbors=neighbors,
        nearest_problem=problem,
    )


def explain_mistake(held_out: HeldOut) -> Explanation:
    """Return how the version reads a held-out example now, as `explain`; the example itself isn't among the nearest.

    The version has learnt from the example since it was held out, so it may say another thing now. The words are
    weighed for the label that it was taken for then. Raises NotTried.
    """
    return explain(
        held_out.version,
        text=held_out.example.text,
        exclude_ids=[held_out.example_id],
        number=held_out.predicted_number,
    )


def _surest(finding: Finding) -> str:
    scores = finding.label_scores or {}
    return finding.label if finding.label is not None else max(scores, key=scores.__getitem__)


def _weigh(artifact: Artifact, *, text: str, label: str) -> Weighed:
    names = [each.name for each in artifact.manifest.labels]

    def predict(texts: Sequence[str]) -> NDArray[np.float32]:
        normalized = [normalize(each).content for each in texts]
        return predictor.probabilities(artifact, predictor.read(normalized, artifacts=[artifact]), texts=normalized)

    return explaining.weigh(text, label=names.index(label), predict=predict)


def _neighbors(
    version: Version, artifact: Artifact, *, text: str, exclude_ids: Collection[int]
) -> tuple[tuple[Neighbor, ...], str]:
    """Return the nearest examples that are still there, and what to say where they aren't known."""
    try:
        index = nearest.load(settings.ARTIFACTS_DIR / version.artifact_path)
    except (NearestMissing, NearestDamaged) as error:
        return (), str(error)
    vectors = predictor.embed([normalize(text).content])
    [found] = nearest.find(index, vectors, count=_ASKED, exclude_ids=exclude_ids)
    ids = [each.example_id for each in found]
    examples = Example.objects.filter(classifier_id=version.classifier_id).select_related("label").in_bulk(ids)
    there = [
        Neighbor(
            example=example,
            label="" if example.label is None else example.label.name,
            learnt=artifact.manifest.labels[each.y].name,
            cosine=each.cosine,
        )
        for each in found
        if (example := examples.get(each.example_id)) is not None
    ]
    return tuple(there[:NEAREST]), "" if there else "None of the examples that it has learnt from is there any more."
