"""What the examples most like one another are labelled: a second opinion on labels that a model contradicts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classifiers.ml.similarity import unit_rows

# Of 1,200 SMS and talk-page comments of which 3 or 10 % had got a wrong label, the share of these among the first 20
# suspects was .55 to 1.0 by the model alone, .65 to 1.0 with ten neighbors, .70 to 1.0 with twenty; on product reviews
# it stayed at .40 and .85 with twenty, and fell to .30 with ten.
NEIGHBORS = 20
# So many of the surest mistakes are looked at: more than a person works through before training again. Of 200,000
# examples that is 46 billion products, a few seconds.
LOOKED_AT = 200
# Voters compared at once: 200 rows against them take 3 MB.
_BLOCK = 4_096


def look_around(
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    *,
    held_out: NDArray[np.float32],
    may_vote: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return the surest mistakes and what lies around them.

    Of each: its row, how many of its nearest examples have the predicted label, how many its own.

    Shapes: X float32 (n, d); y int (n,); held_out float32 (n, k); may_vote bool (n,) -> int64 (m, 3).
    """
    rows = surest_mistakes(y, held_out)
    counts = count_labels(X, y, rows=rows, may_vote=may_vote, label_count=held_out.shape[1])
    lines = np.arange(len(rows))
    return np.stack([rows, counts[lines, held_out[rows].argmax(axis=1)], counts[lines, y[rows]]], axis=1)


def surest_mistakes(
    y: NDArray[np.int64], held_out: NDArray[np.float32], *, limit: int = LOOKED_AT
) -> NDArray[np.int64]:
    """Return the rows whose likeliest label isn't theirs, the surest first, at most `limit`; ties go to the lower row.

    Shapes: y int (n,), held_out float32 (n, k) -> int64 (m,).

    >>> surest_mistakes(np.array([0, 0, 1]), np.array([[.4, .6], [.1, .9], [.2, .8]], dtype="f4")).tolist()
    [1, 0]
    """
    wrong = np.flatnonzero(held_out.argmax(axis=1) != y)
    return wrong[np.argsort(-held_out[wrong].max(axis=1), kind="stable")][:limit]


def count_labels(
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    *,
    rows: NDArray[np.int64],
    may_vote: NDArray[np.bool_],
    label_count: int,
    neighbors: int = NEIGHBORS,
) -> NDArray[np.int64]:
    """Return how many of each row's nearest examples have each label; the row itself isn't among them.

    Nearest is the highest cosine among those that `may_vote` names; where there are fewer than `neighbors`, all vote.
    Ties go to the lower row.

    Shapes: X float32 (n, d); y int (n,); rows int (m,); may_vote bool (n,) -> int64 (m, label_count).
    """
    wanted = unit_rows(X[rows])
    best = np.full((len(rows), 0), -np.inf, dtype=np.float32)
    nearest = np.zeros((len(rows), 0), dtype=np.int64)
    voters = np.flatnonzero(may_vote)
    for start in range(0, len(voters), _BLOCK):
        block = voters[start : start + _BLOCK]
        cosines = wanted @ unit_rows(X[block]).T
        cosines[rows[:, None] == block[None, :]] = -np.inf
        best = np.concatenate([best, cosines], axis=1)
        nearest = np.concatenate([nearest, np.broadcast_to(block, cosines.shape)], axis=1)
        order = np.argsort(-best, axis=1, kind="stable")[:, :neighbors]
        best, nearest = np.take_along_axis(best, order, axis=1), np.take_along_axis(nearest, order, axis=1)
    counts = np.zeros((len(rows), label_count), dtype=np.int64)
    for row in range(len(rows)):
        others = nearest[row][np.isfinite(best[row])]
        counts[row] = np.bincount(y[others], minlength=label_count)
    return counts
