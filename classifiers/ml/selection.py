"""Which of many unlabelled texts are most worth a label."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

# One in ten is drawn at random: the other ways only find what the model is doubtful of or has never met.
_RANDOM_SHARE = 0.1


class Reason(StrEnum):
    UNSURE = "UNSURE"
    NOVEL = "NOVEL"
    RARE = "RARE"
    RANDOM = "RANDOM"


def choose(
    wanted: int,
    *,
    proba: NDArray[np.float32] | None,
    familiarity: NDArray[np.float32],
    label_counts: Sequence[int],
    groups: NDArray[np.int64],
    rng: np.random.Generator,
) -> list[tuple[int, Reason]]:
    """Return up to `wanted` rows with the reason for each, at most one of each group.

    A tenth is drawn at random. The rest is shared evenly between the rows with the smallest margin between their two
    likeliest labels, those least like anything known, and those taken for labels that have few examples. Without
    `proba` there is nothing to be unsure of: the rest is what is least like anything known. The random rows are drawn
    first, from all: so they tell how the whole is made up.

    Shapes: proba float32 (n, k) or None; familiarity float32 (n,), the highest cosine to anything known; label_counts
    (k,), how many examples each label has; groups int64 (n,), equal for near copies.
    Order: the reasons take turns, so that the first rows show each of them. Ties go to the lower row.
    """
    count = len(familiarity)
    drawn = rng.permutation(count).tolist()
    orders = {Reason.NOVEL: np.argsort(familiarity, kind="stable").tolist()}
    if proba is not None and proba.shape[1] > 1:
        orders = {
            Reason.UNSURE: np.argsort(_margins(proba), kind="stable").tolist(),
            **orders,
            Reason.RARE: _rare_first(proba, label_counts=label_counts),
        }
    taken: set[int] = set()
    random_count = min(wanted, max(1, round(_RANDOM_SHARE * wanted)))
    chosen = _take_turns({Reason.RANDOM: drawn}, wanted=random_count, groups=groups, taken=taken)
    rest = _take_turns(orders, wanted=wanted - len(chosen), groups=groups, taken=taken)
    return rest + chosen


def first_of_groups(groups: NDArray[np.int64]) -> list[int]:
    """Return the first row of each group, in the order of the rows.

    >>> first_of_groups(np.array([0, 1, 0, 3]))
    [0, 1, 3]
    """
    return sorted(np.unique(groups, return_index=True)[1].tolist())


def _margins(proba: NDArray[np.float32]) -> NDArray[np.float32]:
    best = np.sort(proba, axis=1)
    margins: NDArray[np.float32] = best[:, -1] - best[:, -2]
    return margins


def _rare_first(proba: NDArray[np.float32], *, label_counts: Sequence[int]) -> list[int]:
    """Return the rows so that, taken one by one, each goes to the label that has fewest; the surest of a label first.

    What is taken counts: once a rare label has as many as the next one, they take turns. Rows of the label that has
    most, and those that would bring another one above it, aren't in it.
    """
    most = max(label_counts)
    likeliest = proba.argmax(axis=1)
    waiting = {}
    for label in range(proba.shape[1]):
        rows = np.flatnonzero(likeliest == label)
        waiting[label] = deque(rows[np.argsort(-proba[rows, label], kind="stable")].tolist())
    counts = list(label_counts)
    order = []
    while open_labels := [label for label, rows in waiting.items() if rows and counts[label] < most]:
        fewest = min(open_labels, key=lambda label: (counts[label], label))
        order.append(waiting[fewest].popleft())
        counts[fewest] += 1
    return order


def _take_turns(
    orders: dict[Reason, list[int]], *, wanted: int, groups: NDArray[np.int64], taken: set[int]
) -> list[tuple[int, Reason]]:
    """Let the reasons take their best remaining row in turn; `taken` holds the groups that are used up."""
    queues = {reason: deque(order) for reason, order in orders.items()}
    chosen: list[tuple[int, Reason]] = []
    while len(chosen) < wanted and any(queues.values()):
        for reason, queue in queues.items():
            while queue and int(groups[queue[0]]) in taken:
                queue.popleft()
            if queue and len(chosen) < wanted:
                row = queue.popleft()
                taken.add(int(groups[row]))
                chosen.append((row, reason))
    return chosen
