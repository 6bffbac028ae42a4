"""Make the model that was chosen: fit its parts, learn from unlabelled texts, and add up what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from classifiers.ml import label_shares
from classifiers.ml.choosing import SPELLING_C, Choice
from classifiers.ml.fitting import Problem, fit_head
from classifiers.ml.head import Head, logits, softmax
from classifiers.ml.lessons import Lessons, Pool, count_ngrams
from classifiers.ml.model import Model
from classifiers.ml.ngrams import NGrams

# Of fewer unlabelled texts neither the labels' shares nor what is typical can be told.
LEAST_POOL = 100
# Beyond so many examples, unlabelled texts change nothing; with so many labels, a guess is too often wrong.
_MOST_TAUGHT, _MOST_LABELS = 1_000, 20
_ROUNDS = 5
# The surest so many of the texts taken for a label are learnt from in the last round; a fifth of it in the first.
_LEARNT_SHARE = 0.9
# Between taking the guessed labels as they come (0) and making all labels weigh the same (1). At 0 five labels of
# medical topics collapsed into one (.37 instead of .51, 8 a label); at 1 talk-page comments lost .02.
_BALANCE = 0.5
_LEAST_C = 3.0
_LEAST_PART = 0.05
# Guessed labels aren't worth more precision.
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class _Part:
    """One logistic regression of the sum, on its own view of the lessons and of the unlabelled texts."""

    X: Any
    pool: Any
    C: float
    factor: float


def compose(lessons: Lessons, *, choice: Choice, pool: Pool | None) -> Model:
    """Return the chosen model of the lessons.

    The labels' shares are counted among the unlabelled texts, where there are enough, else among the lessons. Few
    examples are taught to again, together with the unlabelled texts that the model is sure of (self-training).

    Raises ValueError where a label has no example.
    """
    is_taught = pool is not None and len(pool.texts) >= LEAST_POOL
    others = pool if is_taught and pool is not None else None
    vectorizer = count_ngrams(lessons) if choice.spelling else None
    parts = _parts(lessons, choice, pool=others, vectorizer=vectorizer)
    heads = [fit_head(lessons.problem(part.X), C=part.C) for part in parts]
    if others is None:
        shift = choice.shift(label_shares.floored(lessons.shares()))
    else:
        guessed = _sum(parts, heads)
        shift = choice.shift(label_shares.estimate(softmax(guessed)))
        if len(lessons.y) <= _MOST_TAUGHT and lessons.label_count <= _MOST_LABELS:
            heads = _teach(lessons, parts, heads=heads, shift=shift)
    return _assemble(lessons, choice, heads=heads, vectorizer=vectorizer, shift=shift)


def _parts(lessons: Lessons, choice: Choice, *, pool: Pool | None, vectorizer: TfidfVectorizer | None) -> list[_Part]:
    parts = []
    for member in choice.members:
        places = lessons.of_layers(member.layers)
        pooled = None if pool is None else pool.X[:, places]
        parts.append(_Part(X=lessons.X[:, places], pool=pooled, C=member.C, factor=member.factor))
    if vectorizer is not None:
        pooled = None if pool is None else vectorizer.transform(pool.texts)
        X = vectorizer.transform(lessons.texts)
        parts.append(_Part(X=X, pool=pooled, C=SPELLING_C, factor=choice.spelling))
    return parts


def _sum(parts: list[_Part], heads: list[Head]) -> NDArray[np.float32]:
    """Return what all parts together say of the unlabelled texts. Shapes: float32 (m, k)."""
    total: NDArray[np.float32] = np.sum(
        [part.factor * logits(part.pool, head=head) for part, head in zip(parts, heads, strict=True)], axis=0
    )
    return total


def _teach(lessons: Lessons, parts: list[_Part], *, heads: list[Head], shift: NDArray[np.float32]) -> list[Head]:
    """Return heads that have learnt from the unlabelled texts, too: a little more of them in each round.

    All of them together weigh as much as the lessons. Parts that hardly count stay as they are, and so does spelling:
    to teach it again took most of the time.
    """
    largest = max(part.factor for part in parts)
    for number in range(1, _ROUNDS + 1):
        proba = softmax(_sum(parts, heads) + shift)
        guessed = proba.argmax(axis=1)
        sure = _surest(proba, guessed, share=_LEARNT_SHARE * number / _ROUNDS)
        y = np.concatenate([lessons.y, guessed[sure]])
        weights = _weigh(lessons.y, y, label_count=lessons.label_count)
        heads = [
            fit_head(
                Problem(X=np.concatenate([part.X, part.pool[sure]]), y=y, label_count=lessons.label_count),
                C=max(part.C, _LEAST_C),
                weights=weights,
                tolerance=_TOLERANCE,
            )
            if part.factor > _LEAST_PART * largest and not sparse.issparse(part.X)
            else head
            for part, head in zip(parts, heads, strict=True)
        ]
    return heads


def _surest(proba: NDArray[np.float32], guessed: NDArray[np.int64], *, share: float) -> NDArray[np.int64]:
    """Return the rows of the surest `share` of the texts taken for each label, one at least."""
    confidence = proba.max(axis=1)
    chosen = []
    for label in np.unique(guessed).tolist():
        rows = np.flatnonzero(guessed == label)
        chosen.append(rows[np.argsort(-confidence[rows], kind="stable")][: max(1, int(share * len(rows)))])
    return np.concatenate(chosen)


def _weigh(taught: NDArray[np.int64], y: NDArray[np.int64], *, label_count: int) -> NDArray[np.float64]:
    """Return what each row weighs: the lessons balanced by label, the guesses as much together, then half balanced."""
    counts = np.bincount(taught, minlength=label_count)
    weights = np.full(len(y), len(taught) / max(1, len(y) - len(taught)))
    weights[: len(taught)] = len(taught) / (np.count_nonzero(counts) * counts[taught])
    totals = np.bincount(y, weights=weights, minlength=label_count)
    balanced: NDArray[np.float64] = weights * (totals.sum() / label_count / totals[y]) ** _BALANCE
    return balanced


def _assemble(
    lessons: Lessons,
    choice: Choice,
    *,
    heads: list[Head],
    vectorizer: TfidfVectorizer | None,
    shift: NDArray[np.float32],
) -> Model:
    """Add the layers' heads up to one, with zeros where none of them looks."""
    weights = np.zeros((lessons.label_count, lessons.X.shape[1]), dtype=np.float32)
    bias = shift.copy()
    for member, head in zip(choice.members, heads, strict=False):
        weights[:, lessons.of_layers(member.layers)] += np.float32(member.factor) * head.weights
        bias += np.float32(member.factor) * head.bias
    if vectorizer is None:
        return Model(head=Head(weights=weights, bias=bias))
    spelled = heads[-1]
    bias += np.float32(choice.spelling) * spelled.bias
    grams = NGrams(
        grams=tuple(vectorizer.get_feature_names_out().tolist()),
        idf=vectorizer.idf_.astype(np.float32),
        weights=np.float32(choice.spelling) * spelled.weights,
    )
    return Model(head=Head(weights=weights, bias=bias), ngrams=grams)
