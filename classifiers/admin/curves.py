"""The learning curve as a drawing: where its points, lines and words stand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from classifiers.models import Version

# Within the drawing, in percent of its width and height: room for the words at its edges.
_LEFT, _RIGHT = 12.0, 92.0
_TOP, _BOTTOM = 14.0, 78.0
# A line over less than this would make much of little.
_LEAST_RISE = 0.1


@dataclass(frozen=True)
class Point:
    """Where a point stands, in percent from the left and from the top, and what it says."""

    x: str
    y: str
    above: str
    count: int
    macro_f1: float


@dataclass(frozen=True)
class Segment:
    """A line from one point to the next, in percent."""

    x1: str
    y1: str
    x2: str
    y2: str


@dataclass(frozen=True)
class Tick:
    """A height at which a line goes across, in percent from the top, and the macro-F1 that it stands for."""

    y: str
    macro_f1: float


@dataclass(frozen=True)
class Chart:
    """A learning curve, ready to be drawn."""

    points: tuple[Point, ...]
    segments: tuple[Segment, ...]
    ticks: tuple[Tick, ...]


def draw(version: Version) -> Chart | None:
    """Return the version's learning curve; None where there are fewer than two points.

    To the right, each step of the same width multiplies the examples by the same factor; the height goes from the
    tenth of F1 below the lowest point to the tenth above the highest.
    """
    curve = [point for point in version.scores.get("curve") or () if point["count"] > 0]
    if len({point["count"] for point in curve}) < 2:
        return None
    counts = [math.log(point["count"]) for point in curve]
    heights = [point["macro_f1"] for point in curve]
    low, high = _span(min(heights), max(heights))
    points = tuple(
        Point(
            x=_percent(_LEFT + (_RIGHT - _LEFT) * (count - counts[0]) / (counts[-1] - counts[0])),
            y=_percent(_height(point["macro_f1"], low=low, high=high)),
            above=_percent(_height(point["macro_f1"], low=low, high=high) - 6),
            count=point["count"],
            macro_f1=point["macro_f1"],
        )
        for count, point in zip(counts, curve, strict=True)
    )
    return Chart(
        points=points,
        segments=tuple(Segment(x1=a.x, y1=a.y, x2=b.x, y2=b.y) for a, b in pairwise(points)),
        ticks=tuple(
            Tick(y=_percent(_height(tick, low=low, high=high)), macro_f1=tick) for tick in (low, (low + high) / 2, high)
        ),
    )


def _span(lowest: float, highest: float) -> tuple[float, float]:
    # Rounded first: .7 is 7.000000000000001 tenths or 6.999999999999999.
    low, high = math.floor(round(10 * lowest, 6)) / 10, math.ceil(round(10 * highest, 6)) / 10
    if high - low >= _LEAST_RISE:
        return low, high
    return (low, low + _LEAST_RISE) if low < 1 else (1 - _LEAST_RISE, 1.0)


def _height(macro_f1: float, *, low: float, high: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * (macro_f1 - low) / (high - low)


def _percent(value: float) -> str:
    # A comma, as some languages have it, would break the drawing.
    return f"{value:.2f}%"
