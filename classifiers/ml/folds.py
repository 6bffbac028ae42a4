"""Which example is held out when: stratified cross-validation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign_folds(
    y: NDArray[np.int64], *, fold_count: int, rng: np.random.Generator, groups: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return the number of the fold in which each example is held out.

    Each label is dealt out like cards, one after the other, so that folds differ by at most one example of a label,
    and labels with fewer examples than folds are in as many folds as they have examples.

    Examples of one group, such as near-duplicates, are held out together: a model that has seen one of them would be
    praised for knowing the others. The groups are dealt out first, the biggest first, each to the fold that has fewest
    examples of its most frequent label, then fewest of all; single examples fill up what they left uneven.

    Shapes: y int (n,); groups int (n,), any numbers, equal within a group -> int (n,), values 0 to fold_count - 1.
    Raises ValueError for fewer than two folds or examples.

    >>> assign_folds(np.array([0, 0, 1, 1]), fold_count=2, rng=np.random.default_rng(0)).tolist()
    [0, 1, 0, 1]
    >>> groups = np.array([5, 5, 2, 3])
    >>> assign_folds(np.array([0, 0, 0, 0]), fold_count=2, rng=np.random.default_rng(0), groups=groups).tolist()
    [0, 0, 1, 1]
    """
    if fold_count < 2 or len(y) < 2:
        raise ValueError("Cross-validation needs two folds and two examples at least.")
    if groups is not None:
        return _deal_groups(y, groups, fold_count=fold_count, rng=rng)
    folds = np.empty(len(y), dtype=np.int64)
    next_fold = 0
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        # Going on where the last label ended keeps the folds of equal size.
        folds[members] = (next_fold + np.arange(len(members))) % fold_count
        next_fold = (next_fold + len(members)) % fold_count
    return folds


def _deal_groups(
    y: NDArray[np.int64], groups: NDArray[np.int64], *, fold_count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    _, group_of = np.unique(groups, return_inverse=True)
    _, label_of = np.unique(y, return_inverse=True)
    members = _members(group_of)
    label_of_group = _most_frequent(label_of, group_of=group_of)
    sizes = np.array([len(rows) for rows in members])
    shuffled = rng.permutation(len(members))
    order = shuffled[np.lexsort((label_of_group[shuffled], -sizes[shuffled]))]
    labels: list[int] = label_of.tolist()
    # Plain lists: of so few folds, they are counted faster than arrays.
    per_label = [[0] * fold_count for _ in range(max(labels) + 1)]
    per_fold = [0] * fold_count
    folds = np.empty(len(y), dtype=np.int64)
    for each in order.tolist():
        counts = per_label[label_of_group[each]]
        fold = min(range(fold_count), key=lambda number: (counts[number], per_fold[number], number))
        folds[members[each]] = fold
        per_fold[fold] += len(members[each])
        for row in members[each].tolist():
            per_label[labels[row]][fold] += 1
    return folds


def _members(group_of: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the rows of each group, in order."""
    by_group = np.argsort(group_of, kind="stable")
    return np.split(by_group, np.cumsum(np.bincount(group_of))[:-1])


def _most_frequent(label_of: NDArray[np.int64], *, group_of: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each group's most frequent label; of equally frequent ones the lowest."""
    label_count = int(label_of.max()) + 1
    pairs, counts = np.unique(group_of * label_count + label_of, return_counts=True)
    # Reversed, so that the last that is written for a group is its most frequent.
    order = np.lexsort((-pairs, counts))
    winners = np.empty(int(group_of.max()) + 1, dtype=np.int64)
    winners[pairs[order] // label_count] = pairs[order] % label_count
    return winners
