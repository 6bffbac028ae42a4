"""What a text looks like: the labels that fit it, in words first, from whatever knows best at the moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from annotation import offline
from annotation.asking import LabelRule
from annotation.services import offline_models, vectors
from classifiers import predictor
from classifiers.ml.artifact import ArtifactDamaged, ArtifactFormatUnknown, ArtifactMissing
from classifiers.ml.encoder import EncoderDamaged, EncoderMissing
from classifiers.models import Classifier, Example, ExampleState, Label
from classifiers.services.steps import counted
from moderation.text import normalize

_UNUSABLE = (ArtifactMissing, ArtifactDamaged, ArtifactFormatUnknown, predictor.WrongEncoder)
# From which share on a live version's score is called so.
_MODEL_WORDS = ((0.9, "very likely"), (0.6, "likely"), (0.25, "possible"), (0.05, "unlikely"), (0.0, "hardly"))
_DESCRIPTION_WORDS = ((0.6, "close to its description"), (0.3, "a little like its description"), (0.0, "hardly"))
_NAME_WORDS = ((0.6, "close to its name"), (0.3, "a little like its name"), (0.0, "nothing to go by"))
# Of the ten nearest examples, so many make a text very much like a label's.
_VERY_MUCH = 5


@dataclass(frozen=True)
class LabelReading:
    """How well one label fits a text. `score` is a share in [0, 1], `percent` the same in whole percent."""

    label: Label
    score: float
    words: str
    percent: int


@dataclass(frozen=True)
class Reading:
    """What a text looks like. `source` says what the rows rest on, `preselected` which label to propose.

    `rows` has each label once, the best first; it is empty where nothing is known.
    """

    source: str
    preselected: Label | None
    rows: tuple[LabelReading, ...]


def read(classifier: Classifier, example: Example, *, now: dt.datetime) -> Reading:
    """Return what the example's text looks like to the live version, or else to the offline annotator.

    A suggestion that waits to be confirmed is what is proposed, whatever the rows say; the turn says whose it is.
    """
    labels = list(classifier.labels.order_by("number"))
    try:
        found = _by_version(classifier, example, labels=labels) or _by_examples(
            classifier, example, labels=labels, now=now
        )
    except (EncoderMissing, EncoderDamaged) as error:
        found = Reading(source=f"nothing: {error}", preselected=None, rows=())
    if example.state == ExampleState.SUGGESTED and example.label is not None:
        return replace(found, preselected=example.label)
    return found


def _by_version(classifier: Classifier, example: Example, *, labels: Sequence[Label]) -> Reading | None:
    version = classifier.live_version
    if version is None:
        return None
    try:
        artifact = predictor.load(version)
    except _UNUSABLE:
        # The screens that are about versions say what is wrong with it; here the neighbors help as well.
        return None
    [shares] = predictor.probabilities(
        artifact, predictor.Features(vectors.of_example(example)[None]), texts=[normalize(example.text).content]
    )
    share_of = {label.number: float(share) for label, share in zip(artifact.manifest.labels, shares, strict=True)}
    rows = _ranked(
        [_row(label, share_of.get(label.number, 0.0), words=_MODEL_WORDS) for label in labels],
    )
    return Reading(source=f"live version {version.number}", preselected=rows[0].label if rows else None, rows=rows)


def _by_examples(classifier: Classifier, example: Example, *, labels: Sequence[Label], now: dt.datetime) -> Reading:
    """Return what the offline annotator makes of the text."""
    rules = tuple(LabelRule(label.number, label.name, label.description) for label in labels)
    learnt = offline_models.of_stored(classifier, labels=rules, now=now)
    own = learnt.places.get(example.text_key, -1)
    counts = np.bincount(learnt.model.known.y, minlength=len(labels))
    if own >= 0:
        counts[learnt.model.known.y[own]] -= 1
    described = sum(bool(label.description.strip()) for label in labels)
    if not counts.any() and not described:
        return Reading(source="nothing yet: label some texts, or describe the labels", preselected=None, rows=())
    asked = {"X": vectors.unit(vectors.of_example(example))[None], "own": np.array([own])}
    hits = offline.find_seeds([example.text], labels=rules)
    [shares] = offline.scores(learnt.model, hits=hits, **asked)
    [nearest] = offline.count_nearest(learnt.model, **asked)
    rows = _ranked(
        [
            _like(label, float(share), near=int(near), known=int(known))
            for label, share, near, known in zip(labels, shares, nearest, counts, strict=True)
        ]
    )
    return Reading(source=_source(int(counts.sum()), described=described), preselected=rows[0].label, rows=rows)


def _row(label: Label, share: float, *, words: Sequence[tuple[float, str]]) -> LabelReading:
    said = next(word for least, word in words if share >= least)
    return LabelReading(label=label, score=share, words=said, percent=round(100 * share))


def _like(label: Label, share: float, *, near: int, known: int) -> LabelReading:
    if not known:
        return _row(label, share, words=_DESCRIPTION_WORDS if label.description.strip() else _NAME_WORDS)
    if not near:
        return _row(label, share, words=((0.0, "hardly"),))
    much = "very much like" if near >= _VERY_MUCH else "like"
    return _row(label, share, words=((0.0, f"{much} {counted(near, f'{label.name} example')}"),))


def _ranked(rows: Sequence[LabelReading]) -> tuple[LabelReading, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.score, row.label.number)))


def _source(known: int, *, described: int) -> str:
    examples = counted(known, "confirmed example")
    if not described:
        return examples
    return f"label descriptions and {examples}" if known else "label descriptions"
