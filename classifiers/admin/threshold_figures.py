"""What thresholds are worth, in the shape in which their page shows it: figures, a chart, and settings to try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.admin import scores
from classifiers.ml import thresholds as rule
from classifiers.ml.thresholds import CUTS, Curve, Figures
from classifiers.models import Version
from classifiers.services import thresholds
from classifiers.services.out_of_fold import NoOutOfFold
from classifiers.services.thresholds import Measured

_CAREFUL = (("Careful", 0.9), ("Very careful", 0.95))
_NAMED = 6


@dataclass(frozen=True)
class Row:
    """One label under the thresholds that are tried. Units: shares in [0, 1]; `threshold` as a person writes it."""

    number: int
    name: str
    threshold: str
    figures: Any


@dataclass(frozen=True)
class Chart:
    """The figures over the cut-off, as lines of an SVG that is 100 wide and 100 high, and where one stands in it."""

    title: str
    precision: str
    recall: str
    undecided: str
    here: str
    said: str


@dataclass(frozen=True)
class Preset:
    """One threshold for all labels that can be tried at a click. `share` is "" where none gives what it promises."""

    name: str
    share: str
    said: str


def context(version: Version, *, shares: Mapping[int, float], is_each: bool, of: int | None) -> dict[str, Any]:
    """Return what the figures need: for each label a row, and the chart of one threshold for all or of the label `of`.

    Without the file that they are computed from, rows without figures, and a sentence in `missing`.
    """
    try:
        measured = thresholds.measured(version)
    except NoOutOfFold as error:
        return {"missing": str(error), "hidden": written(shares)}
    figures = rule.measure(measured.proba, measured.y, thresholds=measured.as_array(shares))
    return {
        "figures": figures,
        "measured_count": len(measured.y),
        "rows": _rows(version, figures, shares=shares),
        "chart": _chart(version, measured, shares=shares, is_each=is_each, of=of),
        "hidden": written(shares),
    }


def presets(version: Version) -> list[Preset]:
    """Return the settings to try, each with what it would give; none without the file."""
    try:
        measured = thresholds.measured(version)
    except NoOutOfFold:
        return []
    curve = rule.common_curve(measured.proba, measured.y)
    best = rule.best_cut(curve)
    balanced = "The highest F1: " if best else "No threshold has a higher F1 than none: "
    found = [
        Preset(name="Answer everything", share="0", said=f"Each text gets its surest label: {_gives(curve, 0)}"),
        Preset(name="Balanced", share=share_text(best / 100), said=balanced + _gives(curve, best)),
    ]
    for name, wanted in _CAREFUL:
        cut = rule.lowest_cut(curve, precision=wanted)
        aim = f"Of the labels given, {100 * wanted:.0f} % are right"
        if cut is None:
            said = f"{aim}: no threshold reaches that while it still answers {rule.FEWEST_ANSWERS} texts or more."
            found.append(Preset(name=name, share="", said=said))
        else:
            found.append(Preset(name=name, share=share_text(cut / 100), said=f"{aim}: {_gives(curve, cut)}"))
    return found


def share_text(share: float) -> str:
    """Return a threshold as a person writes it, at most four decimals."""
    return f"{share:.4f}".rstrip("0").rstrip(".") or "0"


def written(shares: Mapping[int, float]) -> list[tuple[str, str]]:
    """Return the thresholds as fields of a form: name and value."""
    return [(f"t{number}", share_text(share)) for number, share in sorted(shares.items()) if share > 0]


def said(version: Version, shares: Mapping[int, float]) -> str:
    """Return a setting in words, without a full stop."""
    names = scores.names(version)
    given = {number: share for number, share in shares.items() if share > 0}
    if not given:
        return "no thresholds"
    if len(given) == len(names) and len(set(given.values())) == 1:
        return f"{share_text(next(iter(given.values())))} for all labels"
    parts = [f"“{names.get(number, number)}” from {share_text(share)}" for number, share in sorted(given.items())]
    more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return ", ".join(parts[:_NAMED]) + more


def _rows(version: Version, figures: Figures, *, shares: Mapping[int, float]) -> Sequence[Row]:
    return [
        Row(
            number=number,
            name=name,
            threshold=share_text(shares.get(number, 0.0)),
            figures=of_label,
        )
        for (number, name), of_label in zip(scores.names(version).items(), figures.labels, strict=True)
    ]


def _chart(
    version: Version, measured: Measured, *, shares: Mapping[int, float], is_each: bool, of: int | None
) -> Chart:
    if not is_each:
        here = max(shares.values(), default=0.0)
        return _drawn(rule.common_curve(measured.proba, measured.y), here=here, title="One threshold for all labels")
    number = of if of in measured.numbers else measured.numbers[0]
    curve = rule.label_curve(
        measured.proba, measured.y, thresholds=measured.as_array(shares), label=measured.numbers.index(number)
    )
    title = f"The threshold of “{scores.names(version)[number]}”, the others as they are"
    return _drawn(curve, here=shares.get(number, 0.0), title=title)


def _drawn(curve: Curve, *, here: float, title: str) -> Chart:
    place = min(int(rule.cuts_passed(np.array([here], dtype=np.float32))[0]) - 1, len(CUTS) - 1)
    return Chart(
        title=title,
        precision=_line(curve.precision),
        recall=_line(curve.recall),
        undecided=_line(curve.undecided),
        here=f"{100 * here:.2f}",
        said=f"{title}: at {share_text(here)}, {_gives(curve, place)}",
    )


def _line(values: NDArray[np.float64]) -> str:
    return " ".join(
        f"{100 * float(cut):.0f},{100 * (1 - value):.2f}"
        for cut, value in zip(CUTS, values, strict=True)
        if not np.isnan(value)
    )


def _gives(curve: Curve, place: int) -> str:
    precision = "-" if np.isnan(curve.precision[place]) else f"{curve.precision[place]:.2f}"
    return (
        f"precision {precision}, recall {curve.recall[place]:.2f}, F1 {curve.f1[place]:.2f}, "
        f"{100 * curve.undecided[place]:.0f} % left undecided."
    )
