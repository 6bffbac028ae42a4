"""What a text looks like: the labels that fit it, in words first, from whatever knows best at the moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from annotation import resemblance
from annotation.services import neighbors, vectors
from annotation.services.neighbors import Neighbor
from classifiers import predictor
from classifiers.importing.fingerprint import text_key
from classifiers.ml.artifact import ArtifactDamaged, ArtifactFormatUnknown, ArtifactMissing
from classifiers.ml.encoder import EncoderDamaged, EncoderMissing
from classifiers.ml.similarity import unit_rows
from classifiers.models import Classifier, Example, ExampleState, Label
from classifiers.services.steps import counted

_UNUSABLE = (ArtifactMissing, ArtifactDamaged, ArtifactFormatUnknown, predictor.WrongEncoder)
# From which share on a live version's score is called so.
_MODEL_WORDS = ((0.9, "very likely"), (0.6, "likely"), (0.25, "possible"), (0.05, "unlikely"), (0.0, "hardly"))
_DESCRIPTION_WORDS = ((0.6, "close to its description"), (0.3, "a little like its description"), (0.0, "hardly"))
# Of the nearest examples, so many make a text very much like a label's.
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
    """Return what the example's text looks like to the live version, or else to its neighbors and the descriptions.

    A suggestion that waits to be confirmed is what is proposed, whatever the rows say; the turn says whose it is.
    """
    del now
    labels = list(classifier.labels.order_by("number"))
    try:
        found = _by_version(classifier, example, labels=labels) or _by_neighbors(classifier, example, labels=labels)
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
    [shares] = predictor.probabilities(artifact, vectors.of_example(example)[None])
    share_of = {label.number: float(share) for label, share in zip(artifact.manifest.labels, shares, strict=True)}
    rows = _ranked(
        [_row(label, share_of.get(label.number, 0.0), words=_MODEL_WORDS) for label in labels],
    )
    return Reading(source=f"live version {version.number}", preselected=rows[0].label if rows else None, rows=rows)


def _by_neighbors(classifier: Classifier, example: Example, *, labels: Sequence[Label]) -> Reading:
    known = neighbors.known(classifier.pk, labels=labels, without=example.pk)
    descriptions = {label.pk: f"{label.name}: {label.description}" for label in labels if label.description}
    if not known and not descriptions:
        return Reading(source="nothing yet: label some texts, or describe the labels", preselected=None, rows=())
    found = _compare(example, known=known, labels=labels, descriptions=descriptions)
    rows = _ranked(
        [
            _like(label, float(share), count=int(count), known=known)
            for label, share, count in zip(labels, found.shares, found.counts, strict=True)
        ]
    )
    return Reading(source=_source(known, descriptions=len(descriptions)), preselected=rows[0].label, rows=rows)


def _compare(
    example: Example, *, known: Sequence[Neighbor], labels: Sequence[Label], descriptions: dict[int, str]
) -> resemblance.Resemblance:
    row = vectors.unit(vectors.of_example(example))
    keys = {pk: text_key(text) for pk, text in descriptions.items()}
    read = vectors.of_texts({keys[pk]: text for pk, text in descriptions.items()})
    nothing = np.zeros_like(row)
    place_of = {label.pk: place for place, label in enumerate(labels)}
    return resemblance.compare(
        row,
        known=unit_rows(np.array([each.row for each in known])) if known else np.zeros((0, len(row)), dtype=np.float32),
        y=np.array([place_of[each.label_id] for each in known], dtype=np.int64),
        described=unit_rows(np.array([read[keys[label.pk]] if label.pk in keys else nothing for label in labels])),
        has_description=np.array([label.pk in keys for label in labels]),
    )


def _row(label: Label, share: float, *, words: Sequence[tuple[float, str]]) -> LabelReading:
    said = next(word for least, word in words if share >= least)
    return LabelReading(label=label, score=share, words=said, percent=round(100 * share))


def _like(label: Label, share: float, *, count: int, known: Sequence[Neighbor]) -> LabelReading:
    if not any(each.label_id == label.pk for each in known):
        return _row(label, share, words=_DESCRIPTION_WORDS if label.description else ((0.0, "nothing to go by"),))
    if not count:
        return _row(label, share, words=((0.0, "hardly"),))
    much = "very much like" if count >= _VERY_MUCH else "like"
    return _row(label, share, words=((0.0, f"{much} {counted(count, f'{label.name} example')}"),))


def _ranked(rows: Sequence[LabelReading]) -> tuple[LabelReading, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.score, row.label.number)))


def _source(known: Sequence[Neighbor], *, descriptions: int) -> str:
    examples = counted(len(known), "confirmed example")
    if not descriptions:
        return examples
    return f"label descriptions and {examples}" if known else "label descriptions"
