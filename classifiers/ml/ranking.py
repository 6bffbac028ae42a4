"""Ordered labels: where a text stands among them, and how well that follows the order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def expected_positions(proba: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return where each text is to be expected among the labels: 0 is the lowest, 1 the highest.

    The labels lie at equal distances: the k-th of K, counted from 0, at k / (K - 1). A single label lies at 0.

    Shapes: proba float (n, K), rows sum to 1, columns from the lowest label to the highest -> float32 (n,).

    >>> expected_positions(np.array([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]])).tolist()
    [0.75, 0.0]
    """
    places = np.linspace(0.0, 1.0, proba.shape[1])
    # Probabilities that are rounded may sum to a hair more than 1.
    return np.clip(proba.astype(np.float64) @ places, 0.0, 1.0).astype(np.float32)


def quadratic_weighted_kappa(confusion: NDArray[np.integer]) -> float:
    """Return how far the predicted steps agree with the true ones beyond chance: 1 is always, 0 no more than by chance.

    A mistake weighs as the square of how many steps it is off. Where chance alone makes no mistake, since all have one
    label and are given it, there is nothing to agree beyond it: 0.

    Shapes: confusion int (K, K), true labels in rows, predicted in columns, both in their order.
    Source: Cohen, "Weighted kappa", Psychological Bulletin 70 (1968); as scikit-learn's
    `cohen_kappa_score(weights="quadratic")`.

    >>> quadratic_weighted_kappa(np.array([[2, 0], [0, 2]])), quadratic_weighted_kappa(np.array([[1, 1], [1, 1]]))
    (1.0, 0.0)
    """
    counts = confusion.astype(np.float64)
    steps = np.arange(len(counts))
    weights = np.square(steps[:, None] - steps[None, :])
    by_chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1.0)
    expected = float((weights * by_chance).sum())
    return 1.0 - float((weights * counts).sum()) / expected if expected else 0.0


def spearman(y: NDArray[np.integer], positions: NDArray[np.floating]) -> float:
    """Return the rank correlation of true labels and positions, -1 to 1: whether a higher label stands higher.

    Equal values share their mean rank. Where all labels, or all positions, are the same, there is no order: 0.

    Shapes: y int (n,), positions float (n,).
    Source: Spearman, "The proof and measurement of association between two things" (1904).

    >>> spearman(np.array([0, 1, 2]), np.array([0.1, 0.4, 0.9])), spearman(np.array([1, 1]), np.array([0.2, 0.3]))
    (1.0, 0.0)
    """
    first, second = _centered_ranks(y), _centered_ranks(positions)
    spread = float(np.sqrt(np.square(first).sum() * np.square(second).sum()))
    return float(np.clip((first * second).sum() / spread, -1.0, 1.0)) if spread else 0.0


def _centered_ranks(values: NDArray[np.integer] | NDArray[np.floating]) -> NDArray[np.float64]:
    # By hand: to load SciPy's statistics takes the web process, which places texts, 0.7 s and 70 MB.
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray(ranks[place] - (len(values) + 1) / 2, dtype=np.float64)
