"""What would help a version most: from its scores to a few sentences, each with the next step.

Nothing is computed anew; what a training didn't measure, as older ones didn't, gives no sentence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, combinations, islice
from typing import Any

from classifiers.models import Version

# At most so many sentences of one kind: more wouldn't be read.
_MOST_GAINS, _MOST_PAIRS = 3, 3
# Two labels are hard to tell apart from this share of the smaller one's examples on, and from so many of them on.
_MIXED_SHARE, _MIXED_COUNT = 0.15, 3
# A score that is known to within less is known well enough.
_WIDE = 0.05
# What no more than doubling the examples would change isn't worth anybody's evening.
_WORTH = 0.01


class Code(StrEnum):
    """What a piece of advice is about."""

    NO_BETTER = "no_better"
    MORE_OF_LABEL = "more_of_label"
    MIXED_UP = "mixed_up"
    MORE_OF_ANY = "more_of_any"
    WIDE_INTERVAL = "wide_interval"
    ENOUGH_OF_ANY = "enough_of_any"


@dataclass(frozen=True)
class Advice:
    """One thing that would help.

    `labels` are the numbers of the labels that it is about; of two, the first is more often taken for the second.
    `action` is what a link to the classifier's page `view` is called.
    """

    code: Code
    sentence: str
    action: str
    view: str
    labels: tuple[int, ...] = ()


def give(version: Version) -> list[Advice]:
    """Return what would help the version most, the most helpful first; nothing where nothing stands out.

    The names of labels are those of the training. Units: a point is a hundredth of macro-F1.
    """
    scores = version.scores
    return list(
        chain(
            _no_better(scores),
            islice(_gains(version), _MOST_GAINS),
            islice(_mixed_up(scores), _MOST_PAIRS),
            _any_more(scores),
        )
    )


def _no_better(scores: Mapping[str, Any]) -> Iterator[Advice]:
    score = scores.get("macro_f1")
    rivals = (
        ("always answering the most frequent label", scores.get("baseline_macro_f1")),
        ("going by the label descriptions alone", scores.get("descriptions_macro_f1")),
    )
    beaten_by = [(rival, way) for way, rival in rivals if score is not None and rival is not None and rival >= score]
    if score is None or not beaten_by:
        return
    rival, way = max(beaten_by)
    yield Advice(
        code=Code.NO_BETTER,
        sentence=(
            f"It is no better than {way}: F1 {score:.2f} against {rival:.2f}. Its examples may be too few, or labelled "
            "by chance."
        ),
        action="Look at the labels that are probably wrong",
        view="mistakes",
    )


def _gains(version: Version) -> Iterator[Advice]:
    names = _names(version.scores) or {label["number"]: label["name"] for label in version.labels}
    for gain in version.scores.get("gains") or ():
        name = names.get(gain["number"])
        if name is None or gain["gain"] < _WORTH / 2:
            continue
        yield Advice(
            code=Code.MORE_OF_LABEL,
            sentence=f"About {gain['more']:,} more “{name}” would gain about {_points(gain['gain'])}.",
            action="Add examples",
            view="data",
            labels=(gain["number"],),
        )


def _mixed_up(scores: Mapping[str, Any]) -> Iterator[Advice]:
    """Yield the pairs of labels that are mixed up, either way round; those that are so most often, for their size."""
    labels, confusion = scores.get("labels") or (), scores.get("confusion") or ()
    pairs = []
    for (i, first), (j, second) in combinations(enumerate(labels[: len(confusion)]), 2):
        mixed = confusion[i][j] + confusion[j][i]
        smaller = min((first, second), key=lambda label: label["support"])
        if mixed >= _MIXED_COUNT and mixed > _MIXED_SHARE * smaller["support"]:
            pairs.append((-mixed / max(smaller["support"], 1), -mixed, i, j, smaller))
    for _, mixed, i, j, smaller in sorted(pairs, key=lambda pair: pair[:4]):
        # The label that is taken for the other one more often comes first.
        i, j = (j, i) if confusion[j][i] > confusion[i][j] else (i, j)
        names = f"“{labels[i]['name']}” and “{labels[j]['name']}”"
        yield Advice(
            code=Code.MIXED_UP,
            sentence=(
                f"{names} are hard to tell apart (mixed up {-mixed:,} times; “{smaller['name']}” has "
                f"{smaller['support']:,} examples): look at their descriptions."
            ),
            action="Look at the descriptions",
            view="labels",
            labels=(labels[i]["number"], labels[j]["number"]),
        )


def _any_more(scores: Mapping[str, Any]) -> Iterator[Advice]:
    margin = _margin(scores)
    gained = last_doubling(scores.get("curve") or ())
    if gained is not None and gained >= _WORTH:
        yield Advice(
            code=Code.MORE_OF_ANY,
            sentence=f"More examples of any kind would still help: the last doubling gained {_points(gained)}.",
            action="Label more",
            view="annotate",
        )
    if margin is not None and margin >= _WIDE:
        yield Advice(
            code=Code.WIDE_INTERVAL,
            sentence=(
                f"With {_measured_count(scores):,} measured examples the F1 is only known to within ± "
                f"{_points(margin)}: label or confirm more."
            ),
            action="Label more",
            view="annotate",
        )
    # Where the score itself is hardly known, a flat curve says nothing.
    elif gained is not None and gained < _WORTH:
        yield Advice(
            code=Code.ENOUGH_OF_ANY,
            sentence=(
                "More examples of the same kind would hardly help: the last doubling gained "
                f"{'less than 1 point' if gained > 0 else 'nothing'}. Clearer descriptions, corrected labels, or texts "
                "unlike those that are there may."
            ),
            action="Look at the labels that are probably wrong",
            view="mistakes",
        )


def last_doubling(curve: Sequence[Mapping[str, Any]]) -> float | None:
    """Return how much macro-F1 the last doubling of the examples gained; None where the curve is too short to say.

    Between two points the curve is taken for a straight line over the logarithm of the count.

    >>> curve = [{"count": 25, "macro_f1": 0.5}, {"count": 50, "macro_f1": 0.6}, {"count": 100, "macro_f1": 0.75}]
    >>> round(last_doubling(curve), 6)
    0.15
    """
    points = [point for point in curve if point["count"] > 0]
    if len(points) < 2 or 2 * points[0]["count"] > points[-1]["count"]:
        return None
    half = points[-1]["count"] / 2
    after = next(place for place, point in enumerate(points) if point["count"] >= half)
    high, low = points[after], points[max(after - 1, 0)]
    width = math.log(high["count"] / low["count"])
    share = 1.0 if not width else math.log(half / low["count"]) / width
    at_half = low["macro_f1"] + share * (high["macro_f1"] - low["macro_f1"])
    return float(points[-1]["macro_f1"] - at_half)


def _margin(scores: Mapping[str, Any]) -> float | None:
    """Return by how much the score may be off, either way; None where no interval was measured."""
    interval = scores.get("interval")
    return None if not interval else float(interval[1] - interval[0]) / 2


def _measured_count(scores: Mapping[str, Any]) -> int:
    return int(scores.get("measured_count") or sum(label["support"] for label in scores.get("labels") or ()))


def _names(scores: Mapping[str, Any]) -> dict[int, str]:
    return {label["number"]: label["name"] for label in scores.get("labels") or ()}


def _points(share: float) -> str:
    """Return a difference of F1 in whole points, one at least."""
    points = max(1, round(100 * share))
    return "1 point" if points == 1 else f"{points} points"
