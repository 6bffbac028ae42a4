"""A version's scores in the shape in which the review page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classifiers.ml.evaluation import ENOUGH, ENOUGH_PER_LABEL
from classifiers.models import Version
from classifiers.services import steps

# Shades of the confusion matrix, 0 (nothing) to 9.
_SHADES = 9
# A matrix of more labels fits no screen: those that are mixed up most are listed instead.
MOST_IN_MATRIX = 20
_PAIRS_SHOWN = 20


@dataclass(frozen=True)
class LabelRow:
    """One label's scores. Units: shares in [0, 1]; `percent` is its F1's."""

    number: int
    name: str
    color: str
    precision: float
    recall: float
    f1: float
    support: int

    @property
    def percent(self) -> int:
        return round(100 * self.f1)


@dataclass(frozen=True)
class Cell:
    """Examples of one label that were predicted as another, or as itself."""

    actual: int
    predicted: int
    count: int
    shade: int
    title: str

    @property
    def is_hit(self) -> bool:
        return self.actual == self.predicted


@dataclass(frozen=True)
class MatrixRow:
    """A row of the confusion matrix: where the examples of one label went."""

    number: int
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Pair:
    """Examples of one label that were predicted as another. `percent` is their share of the label's examples."""

    actual: int
    predicted: int
    actual_name: str
    predicted_name: str
    count: int
    total: int

    @property
    def percent(self) -> int:
        return percent(self.count / self.total)


def label_rows(version: Version, *, colors: Mapping[int, str]) -> list[LabelRow]:
    """Return the scores of each label of the version, by number; empty where it has none."""
    return [
        LabelRow(
            number=row["number"],
            name=row["name"],
            color=colors.get(row["number"], ""),
            precision=row["precision"],
            recall=row["recall"],
            f1=row["f1"],
            support=row["support"],
        )
        for row in version.scores.get("labels", ())
    ]


def how_measured(version: Version) -> str:
    """Return on what the version was trained and on what its scores rest, in sentences."""
    if not version.suggested_count and version.measured_count < version.example_count:
        # With adapted layers, of many examples only some are asked.
        return (
            f"{version.measured_count:,} of the {version.example_count:,} examples were judged, each by a model that "
            "had never seen it."
        )
    if not version.suggested_count:
        return f"Each of the {version.example_count:,} examples was judged by a model that had never seen it."
    trained = f"Trained on {steps.learnt_from(version.example_count, suggested=version.suggested_count)};"
    judged = "each judged by a model that had never seen it."
    if version.is_measured_on_confirmed:
        return f"{trained} measured on the {version.measured_count:,} that people confirmed, {judged}"
    return (
        f"{trained} measured on all of them, {judged} So it also says how well suggestions are repeated: once {ENOUGH} "
        f"are confirmed, and {ENOUGH_PER_LABEL} of each label, these alone will be measured on."
    )


def confusion(version: Version) -> list[MatrixRow]:
    """Return the confusion matrix with shades, each row's relative to the label's examples; empty for many labels."""
    labels = version.scores.get("labels", ())
    if len(labels) > MOST_IN_MATRIX:
        return []
    return [
        MatrixRow(
            number=label["number"],
            name=label["name"],
            cells=tuple(
                _cell(label, other, count=count, total=sum(counts))
                for other, count in zip(labels, counts, strict=False)
            ),
        )
        for label, counts in zip(labels, version.scores.get("confusion", ()), strict=False)
    ]


def confused_pairs(version: Version) -> list[Pair]:
    """Return what is mixed up with what most often, where the labels are too many for a matrix; else nothing."""
    labels = version.scores.get("labels", ())
    if len(labels) <= MOST_IN_MATRIX:
        return []
    pairs = [
        Pair(
            actual=label["number"],
            predicted=other["number"],
            actual_name=label["name"],
            predicted_name=other["name"],
            count=count,
            total=sum(counts),
        )
        for label, counts in zip(labels, version.scores.get("confusion", ()), strict=False)
        for other, count in zip(labels, counts, strict=False)
        if count and other["number"] != label["number"]
    ]
    return sorted(pairs, key=lambda pair: (-pair.count, pair.actual, pair.predicted))[:_PAIRS_SHOWN]


def names(version: Version) -> dict[int, str]:
    """Return the names of the labels that the version was trained with, by number."""
    return {label["number"]: label["name"] for label in version.labels}


def percent(share: float) -> int:
    """Return a share in whole percent."""
    return round(100 * share)


def _cell(label: Mapping[str, Any], other: Mapping[str, Any], *, count: int, total: int) -> Cell:
    return Cell(
        actual=label["number"],
        predicted=other["number"],
        count=count,
        # Even one example in a thousand must be seen: only nothing has no shade.
        shade=max(1, round(_SHADES * count / total)) if count else 0,
        title=f"{count:,} of “{label['name']}” answered as “{other['name']}”",
    )


def best_first(scores: Mapping[str, float]) -> Sequence[tuple[str, float]]:
    """Return labels with their scores, the highest first."""
    return sorted(scores.items(), key=lambda item: -item[1])
