"""How often each label occurs among unlabelled texts: what people have labelled is seldom a fair sample of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MOST_ROUNDS = 500
_STILL = 1e-5
# No label's share falls below this part of an even share: it was given examples, so it does occur.
_LEAST = 0.2


def estimate(proba: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the labels' shares under which the probabilities explain themselves best.

    `proba` must be those of a model for which all labels were equally frequent. Each round counts the texts by their
    probabilities, corrected by the shares so far (expectation maximization).

    Shapes: proba float32 (n, k), n >= 1 -> float64 (k,), sums to 1. Source: Saerens, Latinne, Decaestecker 2002.

    >>> estimate(np.array([[0.99, 0.01]] * 3 + [[0.01, 0.99]], dtype="f4")).round(2).tolist()
    [0.76, 0.24]
    """
    exact = proba.astype(np.float64)
    shares = np.full(exact.shape[1], 1 / exact.shape[1])
    for _ in range(_MOST_ROUNDS):
        corrected = exact * shares
        corrected /= corrected.sum(axis=1, keepdims=True)
        found = corrected.mean(axis=0)
        is_still = np.abs(found - shares).max() < _STILL
        shares = found
        if is_still:
            break
    return floored(shares)


def floored(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shares with a floor of a fifth of an even share, made to sum to 1 again.

    >>> floored(np.array([1.0, 0.0])).round(3).tolist()
    [0.909, 0.091]
    """
    result: NDArray[np.float64] = np.maximum(shares, _LEAST / len(shares))
    result /= result.sum()
    return result
