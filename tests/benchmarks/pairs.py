"""Time two ways of doing one thing by turns, so that a busy machine slows both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Median seconds of each way, and the median, lowest and highest of the rounds' ratios theirs / ours."""

    ours_s: float
    theirs_s: float
    ratio: float
    lowest: float
    highest: float


def time_by_turns(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int) -> Pair:
    """Run both once to warm up, then `rounds` times by turns, and compare."""
    for work in (ours, theirs):
        work()
    seconds = [(_seconds(ours), _seconds(theirs)) for _ in range(rounds)]
    ratios = [theirs_s / ours_s for ours_s, theirs_s in seconds]
    return Pair(
        ours_s=statistics.median(ours_s for ours_s, _ in seconds),
        theirs_s=statistics.median(theirs_s for _, theirs_s in seconds),
        ratio=statistics.median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
    )


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
