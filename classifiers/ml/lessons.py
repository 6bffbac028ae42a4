"""What a model is learned from, and the ways in which each of its parts sees that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from classifiers.ml import blocks, ngrams
from classifiers.ml.fitting import Problem

# An artifact grows by four bytes for each n-gram and label; the rarest are left out.
_MOST_GRAMS, _MOST_WEIGHTS = 30_000, 600_000
# An n-gram that only one text has says nothing about another.
_LEAST_TEXTS, _LEAST_OF_MANY, _MANY = 2, 3, 1_000
# The third power of it is what compressing costs.
_MOST_COMPRESSED = 700


@dataclass(frozen=True)
class Lessons:
    """Examples with their labels. Shapes: X float32 (n, d), y int (n,) with values 0 to label_count - 1."""

    X: NDArray[np.float32]
    y: NDArray[np.int64]
    texts: Sequence[str]
    label_count: int
    layer_count: int

    def take(self, rows: NDArray[np.int64]) -> Lessons:
        """Return the lessons of these rows only."""
        return Lessons(
            X=self.X[rows],
            y=self.y[rows],
            texts=[self.texts[row] for row in rows.tolist()],
            label_count=self.label_count,
            layer_count=self.layer_count,
        )

    def of_layers(self, layers: tuple[int, ...]) -> NDArray[np.int64]:
        """Return the places of these layers' numbers among the features."""
        return blocks.columns(layers, layer_count=self.layer_count, dimension=self.X.shape[1])

    def shares(self) -> NDArray[np.float64]:
        """Return how frequent each label is. Shapes: float64 (k,), sums to 1."""
        return np.bincount(self.y, minlength=self.label_count) / len(self.y)

    def problem(self, X: Any) -> Problem:
        """Return the problem of telling the labels by `X`, (n, d), sparse or not."""
        return Problem(X=X, y=self.y, label_count=self.label_count)


@dataclass(frozen=True)
class Pool:
    """Texts without a label. Shapes: X float32 (m, d)."""

    X: NDArray[np.float32]
    texts: Sequence[str]


def count_ngrams(lessons: Lessons) -> TfidfVectorizer:
    """Return what turns texts into weighted n-grams, those that the lessons' texts have."""
    most = min(_MOST_GRAMS, _MOST_WEIGHTS // lessons.label_count)
    vectorizer = TfidfVectorizer(
        analyzer="char_wb",
        preprocessor=_beginning,
        ngram_range=(ngrams.SHORTEST, ngrams.LONGEST),
        lowercase=False,
        sublinear_tf=True,
        min_df=_LEAST_TEXTS if len(lessons.y) < _MANY else _LEAST_OF_MANY,
        max_features=most,
        dtype=np.float32,
    )
    return vectorizer.fit(lessons.texts)


def _beginning(text: str) -> str:
    return text[: ngrams.MOST_CHARACTERS]


def compress_sparse(X: Any) -> Any:
    """Return the rows of a sparse matrix in as many coordinates as there are rows, as `blocks.compress`.

    More than 700 rows stay as they are.
    """
    if X.shape[0] > _MOST_COMPRESSED:
        return X
    values, vectors = np.linalg.eigh((X @ X.T).toarray().astype(np.float64))
    is_real = values > 1e-6
    return (vectors[:, is_real] * np.sqrt(values[is_real])).astype(np.float32)
