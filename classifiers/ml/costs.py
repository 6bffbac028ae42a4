"""From what mistakes and reviews cost to thresholds: who is flagged, who may pass, and whom a person looks at.

Some labels are to be caught. A text that gets one of them is flagged, one that gets another label may pass, and one
that gets none is reviewed by a person: that is what serving's rule (`thresholds.decide`) makes of thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifiers.ml import thresholds as rule
from classifiers.ml.thresholds import CUTS

# A label with fewer examples isn't given a cut-off of its own: it would follow single texts.
ENOUGH_FOR_OWN: Final = 30
# Over the labels, one after the other: in the second, the first ones answer to what the others have become.
_ROUNDS = 2
_PER = 1000


@dataclass(frozen=True)
class Prices:
    """What one of each costs, in any one currency: a miss, a wrong flag, a text that a person reviews."""

    miss: float
    wrong_flag: float
    review: float


@dataclass(frozen=True)
class Outcome:
    """What is to be expected of 1,000 texts that are mixed like the examples. Units: texts; `cost` as the prices."""

    cost: float
    reviews: float
    misses: float
    wrong_flags: float
    flags: float


@dataclass(frozen=True)
class Proposal:
    """The thresholds that cost the least. Shapes: thresholds float32 (k,).

    `allow_from` is the threshold of all labels that may pass.
    """

    thresholds: NDArray[np.float32]
    allow_from: float
    outcome: Outcome


def expect(
    proba: NDArray[np.float32],
    y: NDArray[np.int64],
    *,
    thresholds: NDArray[np.float32],
    is_caught: NDArray[np.bool_],
    prices: Prices,
) -> Outcome:
    """Return what the thresholds cost, a text with a label to be caught that gets another such label being caught.

    Shapes: proba float32 (n, k), y int (n,), thresholds float32 (k,), is_caught bool (k,).
    Raises ValueError for no rows.
    """
    if not len(y):
        raise ValueError("There is nothing to measure.")
    best = rule.decide(proba, thresholds=thresholds)
    is_reviewed = best == rule.UNDECIDED
    is_flagged = is_caught[best] & ~is_reviewed
    is_bad = is_caught[y]
    return _outcome(
        reviews=int(is_reviewed.sum()),
        misses=int((is_bad & ~is_flagged & ~is_reviewed).sum()),
        wrong_flags=int((is_flagged & ~is_bad).sum()),
        flags=int(is_flagged.sum()),
        count=len(y),
        prices=prices,
    )


def review_all(prices: Prices) -> Outcome:
    """Return what it costs where a person looks at each text."""
    return _outcome(reviews=1, misses=0, wrong_flags=0, flags=0, count=1, prices=prices)


def propose(
    proba: NDArray[np.float32], y: NDArray[np.int64], *, is_caught: NDArray[np.bool_], prices: Prices
) -> Proposal:
    """Return the thresholds among `CUTS` that cost the least on these examples.

    The best pair of one cut-off for flags and one for letting pass, of all pairs; then a cut-off of its own for each
    label to be caught that has `ENOUGH_FOR_OWN` examples, where that costs less. Of equals, the middle ones; of two
    labels' cut-offs, those between which lies what is reviewed and nothing else.

    Shapes: proba float32 (n, k), y int (n,), is_caught bool (k,). Raises ValueError for no rows, or where all labels
    are to be caught, or none.
    """
    if not len(y) or is_caught.all() or not is_caught.any():
        raise ValueError("There must be examples, labels to be caught and labels that may pass.")
    flag_cut, allow_cut = _best_pair(proba, y, is_caught=is_caught, prices=prices)
    if len(is_caught) == 2:
        flag_cut, allow_cut = _apart(flag_cut, allow_cut)
    thresholds = np.where(is_caught, CUTS[flag_cut], CUTS[allow_cut])
    if is_caught.sum() > 1:
        _refine(thresholds, proba, y, is_caught=is_caught, prices=prices)
    outcome = expect(proba, y, thresholds=thresholds, is_caught=is_caught, prices=prices)
    return Proposal(thresholds=thresholds, allow_from=float(CUTS[allow_cut]), outcome=outcome)


def _best_pair(
    proba: NDArray[np.float32], y: NDArray[np.int64], *, is_caught: NDArray[np.bool_], prices: Prices
) -> tuple[int, int]:
    """Return the places in `CUTS` of the cheapest pair: to flag, and to let pass."""
    width = len(CUTS) + 1
    flag_passed = rule.cuts_passed(proba[:, is_caught].max(axis=1))
    allow_passed = rule.cuts_passed(proba[:, ~is_caught].max(axis=1))
    is_flag_surer = is_caught[proba.argmax(axis=1)]
    group = 2 * is_caught[y] + is_flag_surer
    cells = (group * width + flag_passed) * width + allow_passed
    counts = np.bincount(cells, minlength=4 * width * width).reshape(2, 2, width, width)
    # [bad?, flag surer?, i, j]: the rows that pass cut-off i for a flag and j for letting pass.
    both = np.cumsum(np.cumsum(counts[:, :, ::-1, ::-1], axis=2), axis=3)[:, :, ::-1, ::-1]
    flag, allow, both, everything = both[..., 1:, :1], both[..., :1, 1:], both[..., 1:, 1:], both[..., :1, :1]
    reviewed = (everything - flag - allow + both).sum(axis=(0, 1))
    # Where both pass, the surer of the two decides.
    missed = (allow[1] - both[1])[1] + allow[1, 0]
    wrongly_flagged = flag[0, 1] + (flag[0] - both[0])[0]
    cost = prices.review * reviewed + prices.miss * missed + prices.wrong_flag * wrongly_flagged
    flag_cut, allow_cut = divmod(int(cost.argmin()), len(CUTS))
    flag_cut = _middle(cost[:, allow_cut], flag_cut)
    return flag_cut, _middle(cost[flag_cut], allow_cut)


def _apart(flag_cut: int, allow_cut: int) -> tuple[int, int]:
    """Return the same rule for two labels in cut-offs that overlap nowhere, as their probabilities sum to 1."""
    last = len(CUTS) - 1
    highest_allowed = last - allow_cut
    if flag_cut > highest_allowed:
        return flag_cut, allow_cut
    # Between the two both labels pass, and the surer one is given.
    flag_cut = min(max(last // 2, flag_cut), highest_allowed)
    return flag_cut, last - flag_cut


def _refine(
    thresholds: NDArray[np.float32],
    proba: NDArray[np.float32],
    y: NDArray[np.int64],
    *,
    is_caught: NDArray[np.bool_],
    prices: Prices,
) -> None:
    """Move the thresholds of single labels in place, where that costs less."""
    is_bad = is_caught[y]
    flag_price = np.where(is_bad, 0.0, prices.wrong_flag)
    pass_price = np.where(is_bad, prices.miss, 0.0)
    passing = np.where(proba >= thresholds, proba, np.float32(-1.0))
    enough = np.bincount(y, minlength=len(is_caught)) >= ENOUGH_FOR_OWN
    for _ in range(_ROUNDS):
        earlier = thresholds.copy()
        for label in np.flatnonzero(is_caught & enough):
            own = proba[:, label]
            passing[:, label] = -1.0
            wins, best_other = rule.beats(own, passing, label=int(label))
            rival_flags = is_caught[passing.argmax(axis=1)]
            otherwise = np.where(best_other < 0, prices.review, np.where(rival_flags, flag_price, pass_price))
            saved = np.bincount(
                rule.cuts_passed(own[wins]), weights=(flag_price - otherwise)[wins], minlength=len(CUTS) + 1
            )
            cost = np.cumsum(saved[::-1], dtype=np.float64)[::-1][1:]
            place = int(np.searchsorted(CUTS, thresholds[label]))
            # Sums of many prices differ in their last digits.
            if cost.min() < cost[place] - 1e-9 * max(1.0, float(np.abs(cost).max())):
                thresholds[label] = CUTS[_middle(cost, int(cost.argmin()))]
            passing[:, label] = np.where(own >= thresholds[label], own, np.float32(-1.0))
        if (thresholds == earlier).all():
            return


def _middle(cost: NDArray[np.float64], place: int) -> int:
    """Return the middle of the run of equal costs around a place."""
    is_other = ~np.isclose(cost, cost[place], rtol=1e-9, atol=1e-9)
    before, after = np.flatnonzero(is_other[:place]), np.flatnonzero(is_other[place:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = place + int(after[0]) - 1 if len(after) else len(cost) - 1
    return (first + last) // 2


def _outcome(*, reviews: int, misses: int, wrong_flags: int, flags: int, count: int, prices: Prices) -> Outcome:
    cost = prices.review * reviews + prices.miss * misses + prices.wrong_flag * wrong_flags
    return Outcome(
        cost=_PER * cost / count,
        reviews=_PER * reviews / count,
        misses=_PER * misses / count,
        wrong_flags=_PER * wrong_flags / count,
        flags=_PER * flags / count,
    )
