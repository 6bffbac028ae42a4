"""From features to probabilities: the part of a classifier that training makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Head:
    """A multinomial logistic regression. Shapes: weights float32 (k, d), bias float32 (k,)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    @property
    def label_count(self) -> int:
        return int(self.weights.shape[0])

    @property
    def dimension(self) -> int:
        return int(self.weights.shape[1])


def predict_proba(X: NDArray[np.float32], *, head: Head) -> NDArray[np.float32]:
    """Return each label's probability for each row.

    Shapes: X float32 (n, d) -> float32 (n, k), rows sum to 1. Raises ValueError where d isn't the head's.

    >>> head = Head(weights=np.array([[0.0], [2.0]], dtype="f4"), bias=np.zeros(2, dtype="f4"))
    >>> predict_proba(np.array([[0.0], [1.0]], dtype="f4"), head=head).round(3).tolist()
    [[0.5, 0.5], [0.11900000274181366, 0.8809999823570251]]
    """
    return softmax(logits(X, head=head))


def logits(X: NDArray[np.float32], *, head: Head) -> NDArray[np.float32]:
    """Return each label's score for each row, before they become probabilities.

    Shapes: X float32 (n, d) -> float32 (n, k). Raises ValueError where d isn't the head's.
    """
    scores: NDArray[np.float32] = X @ head.weights.T + head.bias
    return scores


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probabilities that the scores stand for. Shapes: (n, k) -> (n, k), rows sum to 1.

    >>> softmax(np.array([[1.0, 1.0]])).tolist()
    [[0.5, 0.5]]
    """
    result: NDArray[np.float32] = np.exp(scores - scores.max(axis=1, keepdims=True))
    result /= result.sum(axis=1, keepdims=True)
    return result
