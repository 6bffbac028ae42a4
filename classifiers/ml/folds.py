"""Which example is held out when: stratified cross-validation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign_folds(y: NDArray[np.int64], *, fold_count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the number of the fold in which each example is held out.

    Each label is dealt out like cards, one after the other, so that folds differ by at most one example of a label,
    and labels with fewer examples than folds are in as many folds as they have examples.

    Shapes: y int (n,) -> int (n,), values 0 to fold_count - 1. Raises ValueError for fewer than two folds or
    examples.

    >>> assign_folds(np.array([0, 0, 1, 1]), fold_count=2, rng=np.random.default_rng(0)).tolist()
    [1, 0, 0, 1]
    """
    if fold_count < 2 or len(y) < 2:
        raise ValueError("Cross-validation needs two folds and two examples at least.")
    folds = np.empty(len(y), dtype=np.int64)
    next_fold = 0
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        # Going on where the last label ended keeps the folds of equal size.
        folds[members] = (next_fold + np.arange(len(members))) % fold_count
        next_fold = (next_fold + len(members)) % fold_count
    return folds
