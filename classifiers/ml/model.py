"""What a training makes and a server asks: from a text and its features to the probability of each label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifiers.ml.head import Head, logits, softmax
from classifiers.ml.ngrams import NGrams


@dataclass(frozen=True)
class Model:
    """A head on the shared features, and parts that add to its logits.

    The mixing weights, the temperature and the shift to the labels' shares are in the parts' own numbers already.
    """

    head: Head
    ngrams: NGrams | None = None


def predict_proba(model: Model, X: NDArray[np.float32], *, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return each label's probability for each text.

    Shapes: X float32 (n, d), the texts' features -> float32 (n, k), rows sum to 1. Raises ValueError where d isn't the
    head's, or there are not as many texts.
    """
    if len(texts) != len(X):
        raise ValueError(f"{len(texts)} texts, but the features of {len(X)}.")
    scores = logits(X, head=model.head)
    if model.ngrams is not None:
        scores += model.ngrams.logits(texts)
    return softmax(scores)


def scale(model: Model, *, factor: float) -> Model:
    """Return the model with all its logits times `factor`: surer above 1, less sure below; the best stays the best."""
    head = Head(weights=np.float32(factor) * model.head.weights, bias=np.float32(factor) * model.head.bias)
    if model.ngrams is None:
        return Model(head=head)
    return Model(head=head, ngrams=replace(model.ngrams, weights=np.float32(factor) * model.ngrams.weights))
