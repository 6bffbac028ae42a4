"""What a training makes and a server asks: from a text and its features to the probability of each label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from classifiers.ml.head import Head, logits, softmax
from classifiers.ml.ngrams import NGrams

# An n-gram's letters and its place: measured on 25,000.
_GRAM_BYTES = 140


@dataclass(frozen=True)
class Upper:
    """Upper layers of the encoder that were adapted to one classifier, and the head on the features that they give.

    `content` is an ONNX file, which `deep.upper.UpperSession` runs; ONNX holds data, no code.
    """

    content: bytes = field(repr=False)
    head: Head


@dataclass(frozen=True)
class Model:
    """A head on the shared features, and parts that add to its logits.

    The mixing weights, the temperature and the shift to the labels' shares are in the parts' own numbers already.
    """

    head: Head
    ngrams: NGrams | None = None
    upper: Upper | None = None

    @property
    def size_bytes(self) -> int:
        """Return about how much memory it takes."""
        size = self.head.weights.nbytes
        if self.ngrams is not None:
            size += self.ngrams.weights.nbytes + _GRAM_BYTES * len(self.ngrams.grams)
        if self.upper is not None:
            size += len(self.upper.content)
        return size


def predict_proba(
    model: Model,
    X: NDArray[np.float32],
    *,
    texts: Sequence[str],
    upper_features: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return each label's probability for each text.

    Shapes: X float32 (n, d), the texts' features; upper_features float32 (n, u), those by the adapted layers, where the
    model has such -> float32 (n, k), rows sum to 1. Raises ValueError where d isn't the head's, there are not as many
    texts, or the adapted layers' features are missing.
    """
    if len(texts) != len(X):
        raise ValueError(f"{len(texts)} texts, but the features of {len(X)}.")
    scores = logits(X, head=model.head)
    if model.ngrams is not None:
        scores += model.ngrams.logits(texts)
    if model.upper is not None:
        if upper_features is None:
            raise ValueError("The model has adapted layers, whose features are missing.")
        scores += logits(upper_features, head=model.upper.head)
    return softmax(scores)


def without_upper(model: Model) -> Model:
    """Return the model without its adapted layers: nearly as good, for what is only to be put in an order."""
    return replace(model, upper=None)


def with_upper(model: Model, *, upper: Upper, factor: float) -> Model:
    """Return the model, its own logits times `factor`, with adapted layers that add to them."""
    return replace(scale(model, factor=factor), upper=upper)


def scale(model: Model, *, factor: float) -> Model:
    """Return the model with all its logits times `factor`: surer above 1, less sure below; the best stays the best."""
    head = Head(weights=np.float32(factor) * model.head.weights, bias=np.float32(factor) * model.head.bias)
    if model.ngrams is None:
        return Model(head=head)
    return Model(head=head, ngrams=replace(model.ngrams, weights=np.float32(factor) * model.ngrams.weights))
