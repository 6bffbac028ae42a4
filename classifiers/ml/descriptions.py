"""Going by the label descriptions alone: what a training has to beat to be worth its examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classifiers.ml.similarity import unit_rows

# Cosines that are held at once: 16 MB.
_CELLS = 4_000_000


def predict_by_descriptions(X: NDArray[np.floating], label_vectors: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the place of the label whose description each text is most like, by cosine; of equal ones the lowest.

    Both are features of the same encoder, or the same block of them: those of the last layer say most about meaning.
    A row of zeros stands for a label without a description, which no text is given.

    Shapes: X (n, d), label_vectors (k, d) -> int (n,), values 0 to k - 1.
    Raises ValueError where no label has a description.

    >>> X = np.array([[1.0, 0.1], [0.2, 3.0]])
    >>> predict_by_descriptions(X, np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])).tolist()
    [2, 1]
    """
    is_described = np.any(label_vectors != 0, axis=1)
    if not is_described.any():
        raise ValueError("No label has a description.")
    places = np.flatnonzero(is_described)
    guides = unit_rows(label_vectors[places])
    predicted = np.empty(len(X), dtype=np.int64)
    step = max(1, _CELLS // X.shape[1])
    for start in range(0, len(X), step):
        chunk = slice(start, start + step)
        # The length of a text's row doesn't change which label is the nearest.
        predicted[chunk] = places[(np.asarray(X[chunk], dtype=np.float32) @ guides.T).argmax(axis=1)]
    return predicted
