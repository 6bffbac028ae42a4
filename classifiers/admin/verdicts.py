"""How good a version is, in words and bars: its score beside what has to be beaten, and what to make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from classifiers.admin import scores
from classifiers.models import Version

_SURE_PERCENT = 90


@dataclass(frozen=True)
class Bar:
    """A score and whose it is. Units: `score` a macro-F1 in [0, 1], `percent` the same in [0, 100]."""

    name: str
    score: float
    is_own: bool = False

    @property
    def percent(self) -> int:
        return scores.percent(self.score)


def bars(version: Version) -> list[Bar]:
    """Return the version's score and those of doing without it; what wasn't measured is left out."""
    found = version.scores
    golden = found.get("golden") or {}
    rows = (
        ("This version", version.macro_f1, True),
        ("This version on the golden set", golden.get("macro_f1"), True),
        ("Going by the label descriptions alone", found.get("descriptions_macro_f1"), False),
        ("Always the most frequent label", found.get("baseline_macro_f1"), False),
    )
    return [Bar(name=name, score=score, is_own=is_own) for name, score, is_own in rows if score is not None]


def interval(interval: Sequence[float] | None) -> str:
    """Return in a sentence how far a score may be off by chance; "" where that wasn't measured.

    >>> interval([0.781, 0.852])
    'With other examples of the same kind it would lie between 0.78 and 0.85 in 95 of 100 cases.'
    """
    if not interval:
        return ""
    low, high = interval
    return f"With other examples of the same kind it would lie between {low:.2f} and {high:.2f} in 95 of 100 cases."


def calibration(version: Version) -> list[str]:
    """Return what the version's probabilities are worth, in sentences; none where that wasn't measured."""
    said = []
    ece, brier = version.scores.get("ece"), version.scores.get("brier")
    if ece is not None:
        said.append(_calibration_error(ece))
    if brier is not None:
        evenly = 1 - 1 / max(len(version.labels), 2)
        said.append(
            f"Brier score {brier:.2f}: how far the probabilities are from the truth, squared. 0 is perfect; calling "
            f"all labels equally likely gives {evenly:.2f}."
        )
    return said


def _calibration_error(ece: float) -> str:
    off = scores.percent(ece)
    begin = f"Calibration error (ECE) {ece:.2f}:"
    if not off:
        return f"{begin} of the texts that it calls {_SURE_PERCENT} % sure, about {_SURE_PERCENT} % are right."
    low, high = max(_SURE_PERCENT - off, 0), min(_SURE_PERCENT + off, 100)
    points = "1 point" if off == 1 else f"{off} points"
    return (
        f"{begin} how sure it says it is, is off by {points} on average. Of the texts that it calls {_SURE_PERCENT} % "
        f"sure, about {low} to {high} % are right."
    )


def order(version: Version) -> list[str]:
    """Return how well a ranking keeps the order of its labels, in sentences; none for other classifiers."""
    said = []
    kappa, spearman = version.scores.get("kappa"), version.scores.get("spearman")
    if kappa is not None:
        said.append(
            f"Quadratic weighted kappa {kappa:.2f}: agreement beyond chance, where an answer two places off counts as "
            "much as four that are one off. 1 is perfect, 0 no better than chance."
        )
    if spearman is not None:
        said.append(
            f"Spearman {spearman:.2f}: how well texts that should come before others do. 1 is the right order, 0 "
            "none, -1 the reverse."
        )
    return said
