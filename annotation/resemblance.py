"""How like each label's examples a text is, before there is a model. Arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# So many of the nearest examples are counted: "like 7 Spam examples".
NEIGHBOURS = 7
# A label's likeness is that of so many of its nearest examples: one may be there by mistake.
_NEAREST = 3
# Cosines of short texts lie close together: this spreads them to shares that differ.
_SHARPNESS = 20.0


@dataclass(frozen=True)
class Resemblance:
    """How like the labels one text is. `shares` float64 (k,), sum 1; `counts` int (k,), among the nearest examples."""

    shares: NDArray[np.float64]
    counts: NDArray[np.int64]


def compare(
    row: NDArray[np.float32],
    *,
    known: NDArray[np.float32],
    y: NDArray[np.int64],
    described: NDArray[np.float32],
    has_description: NDArray[np.bool_],
) -> Resemblance:
    """Return how like each label's examples the row is; where a label has none, how like its description.

    A label with neither is as likely as the least likely of the others.

    Shapes: row float32 (d,), known (n, d), described (k, d), all of length 1; y int (n,), values 0 to k - 1;
    has_description bool (k,).

    >>> one, other = np.eye(2, dtype="f4")
    >>> nothing = np.zeros((2, 2), dtype="f4"), np.zeros(2, dtype=bool)
    >>> found = compare(one, known=np.array([one, other]), y=np.array([0, 1]), described=nothing[0],
    ...     has_description=nothing[1])
    >>> found.shares.round(3).tolist(), found.counts.tolist()
    ([1.0, 0.0], [1, 1])
    """
    count = len(described)
    likeness = np.full(count, np.nan)
    cosines = (known @ row).astype(np.float64)
    for label in range(count):
        own = np.sort(cosines[y == label])[::-1][:_NEAREST]
        if len(own):
            likeness[label] = own.mean()
        elif has_description[label]:
            likeness[label] = float(described[label] @ row)
    if np.isnan(likeness).all():
        shares = np.full(count, 1 / max(count, 1))
    else:
        likeness[np.isnan(likeness)] = np.nanmin(likeness)
        raw = np.exp(_SHARPNESS * (likeness - likeness.max()))
        shares = raw / raw.sum()
    nearest = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
    return Resemblance(shares=shares, counts=np.bincount(y[nearest], minlength=count))
