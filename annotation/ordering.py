"""In which order unlabelled texts are most worth a label, and a small map of them. Arrays in, arrays out.

Imports scikit-learn: only for the worker's child process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from classifiers.ml.fitting import Problem, fit_head
from classifiers.ml.head import Head, predict_proba
from classifiers.ml.similarity import unit_rows

# Cosine from which on a text is not asked for beside one like it: the near-duplicates' usual threshold.
ALIKE = 0.95
# Inverse strength of the penalty, as scikit-learn counts it.
FIXED_C = 3.0
# More labels aren't needed to tell which choices are close, but take time.
MOST_KNOWN = 2_000
# So many places of the order are looked through for texts unlike those before, for each one that is wanted.
_LOOKED_AT = 6
# Of so many of the closest calls, the most telling comes next.
_WINDOW = 100
# While a label has no example, every so manyth place goes to another kind of text: there it may be.
_KIND_EVERY = 4
# Directions of the map. Of MiniLM's layered features 128 hold 87 % (5,574 SMS).
_DIRECTIONS = 128
_SAMPLE = 4_096
_INT8 = 127


@dataclass(frozen=True)
class Place:
    """One text's place in the order. `row` is its row of X.

    From a cluster: `cluster` counts from 1, in the order in which the clusters' first texts come. From scores:
    `margin` between the two likeliest labels, `first` and `second`, as columns.
    """

    row: int
    cluster: int | None = None
    margin: float | None = None
    first: int | None = None
    second: int | None = None


@dataclass(frozen=True)
class Sketch:
    """A map of many rows. Shapes: points int8 (n, s), directions float32 (d, s).

    `points @ (row @ directions)` orders the points as their cosines to `row` do, nearly.
    """

    points: NDArray[np.int8]
    directions: NDArray[np.float32]


def by_cluster(X: NDArray[np.float32], *, clusters: int, wanted: int, rng: np.random.Generator) -> list[Place]:
    """Return up to `wanted` places: one text of each kind first, the largest kind's before, then more of each in turn.

    The first of a kind is the text nearest to the middle of its k-means cluster; the others are drawn.

    Shapes: X float32 (n, d). The same arguments give the same places.
    """
    units = unit_rows(X)
    count = min(clusters, len(units))
    model = KMeans(n_clusters=count, n_init=1, random_state=int(rng.integers(2**31)))
    numbers = model.fit_predict(units)
    # Texts that are equal give fewer clusters than asked for.
    members = [np.flatnonzero(numbers == number) for number in range(count)]
    ordered = sorted((rows for rows in members if len(rows)), key=lambda rows: (-len(rows), rows[0]))
    lines = [_middle_first(units, rows, rng=rng) for rows in ordered]
    turns = chain.from_iterable(zip_longest(*lines))
    cluster_of = {row: cluster for cluster, rows in enumerate(ordered, 1) for row in rows.tolist()}
    rows = (row for row in turns if row is not None)
    firsts = len(lines)
    # The first of each kind stays, however like the others: their numbers are their places.
    head = list(islice(rows, firsts))
    rest = _unlike(units, rows, wanted=wanted - firsts, taken=head)
    return [Place(row=row, cluster=cluster_of[row]) for row in [*head, *rest][:wanted]]


def by_margin(
    X: NDArray[np.float32], proba: NDArray[np.float32], *, known: NDArray[np.float32], wanted: int
) -> list[Place]:
    """Return up to `wanted` places: the smallest margins between the two likeliest labels first, nearly.

    Of the hundred smallest margins that are left, always that text comes next whose label will make the scores of all
    others surest: it's unlike those that were asked about, and like many that weren't. A near-duplicate of one before
    it comes only once all others are used up.

    Shapes: X float32 (n, d), proba float32 (n, k), k at least 2; known float32 (m, d), the texts that have a label.
    Source: variance reduction for logistic regression, A. Schein and L. Ungar, Active Learning for Logistic Regression,
    Machine Learning 68 (2007), section 3. Among the smallest margins instead of the smallest one each time: product
    reviews .780 instead of .770 after 100 labels, means of 20 tries.
    """
    order = np.argsort(proba, axis=1, kind="stable")
    first, second = order[:, -1], order[:, -2]
    rows = np.arange(len(proba))
    margins = proba[rows, first] - proba[rows, second]
    smallest_first = np.argsort(margins, kind="stable")[: _WINDOW + _LOOKED_AT * wanted].tolist()
    chosen = _most_telling(X, proba, known=known, order=smallest_first, wanted=wanted)
    return [
        Place(row=row, margin=float(margins[row]), first=int(first[row]), second=int(second[row])) for row in chosen
    ]


def mix_in(kinds: Sequence[Place], places: Sequence[Place], *, wanted: int) -> list[Place]:
    """Return the places with one of `kinds` at every fourth, while a label has no example that it could be known by.

    >>> [place.row for place in mix_in([Place(7), Place(8)], [Place(row) for row in range(6)], wanted=8)]
    [0, 1, 2, 7, 3, 4, 5, 8]
    """
    mixed: list[Place] = []
    taken: set[int] = set()
    ours, others = iter(places), iter(kinds)
    while len(mixed) < wanted:
        source, reserve = (others, ours) if len(mixed) % _KIND_EVERY == _KIND_EVERY - 1 else (ours, others)
        place = _next(source, taken) or _next(reserve, taken)
        if place is None:
            break
        taken.add(place.row)
        mixed.append(place)
    return mixed


def fit(X: NDArray[np.float32], y: NDArray[np.int64], *, label_count: int) -> Head:
    """Return a head quickly fitted to the confirmed labels, every label weighing the same.

    Shapes: X float32 (n, d), y int (n,), values 0 to label_count - 1.
    """
    return fit_head(Problem(X=X, y=y, label_count=label_count), C=FIXED_C)


def scores(X: NDArray[np.float32], *, head: Head) -> NDArray[np.float32]:
    """Return each label's probability. Shapes: X float32 (n, d) -> float32 (n, k), rows sum to 1."""
    return predict_proba(X, head=head)


def sketch(X: NDArray[np.float32]) -> Sketch:
    """Return a map of the rows: their strongest directions, in a byte each. Shapes: X float32 (n, d)."""
    units = unit_rows(X)
    units -= units.mean(axis=0)
    strongest = _strongest(units)
    places = units @ strongest
    # Each direction uses its whole byte; the scale goes back in with the row that is asked about.
    scales = np.maximum(np.abs(places).max(axis=0), 1e-6) / _INT8
    return Sketch(points=np.rint(places / scales).astype(np.int8), directions=strongest * scales)


def _most_telling(
    X: NDArray[np.float32],
    proba: NDArray[np.float32],
    *,
    known: NDArray[np.float32],
    order: Sequence[int],
    wanted: int,
) -> list[int]:
    knowledge = _Knowledge(X, proba, known=known)
    units = unit_rows(X[list(order)])
    place_of = {row: place for place, row in enumerate(order)}
    waiting = iter(order)
    window = list(islice(waiting, _WINDOW))
    chosen: list[int] = []
    alike: list[int] = []
    while window and len(chosen) < wanted:
        row = window.pop(knowledge.most_telling(window))
        window += islice(waiting, 1)
        asked = [place_of[each] for each in chosen]
        if chosen and float((units[asked] @ units[place_of[row]]).max()) >= ALIKE:
            alike.append(row)
            continue
        chosen.append(row)
        knowledge.learn(row)
    return [*chosen, *alike][:wanted]


class _Knowledge:
    """How sure a logistic regression is of each text's scores, and which label would make it surest of all.

    In the strongest directions only, which hold nearly all of the difference between texts.
    """

    def __init__(self, X: NDArray[np.float32], proba: NDArray[np.float32], *, known: NDArray[np.float32]) -> None:
        middle = X.mean(axis=0)
        directions = _strongest(X - middle)
        self._F = _with_one((X - middle) @ directions)
        # How much one label tells: nothing where the answer is certain, most where it is open.
        self._weights = (1 - np.square(proba, dtype=np.float64).sum(axis=1)).astype(np.float64)
        F = _with_one((known - middle) @ directions)
        # What is known counts as open as the texts are on average: a fitted head is sure of what it was fitted to.
        information = self._weights.mean() * F.T @ F + np.eye(F.shape[1]) / FIXED_C
        self._covariance = np.linalg.inv(information)
        self._wanted = (self._F * self._weights[:, None]).T @ self._F

    def most_telling(self, rows: Sequence[int]) -> int:
        """Return the place among `rows` of the one whose label brings the variance of all scores down most."""
        F, weights = self._F[rows], self._weights[rows]
        spread = F @ self._covariance
        own = np.einsum("ij,ij->i", spread, F)
        brought = np.einsum("ij,ij->i", spread @ self._wanted, spread)
        return int(np.argmax(weights * brought / (1 + weights * own)))

    def learn(self, row: int) -> None:
        """Count the row as known."""
        spread = self._covariance @ self._F[row]
        weight = self._weights[row]
        self._covariance -= weight * np.outer(spread, spread) / (1 + weight * float(spread @ self._F[row]))


def _with_one(F: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the rows with a column of ones, which stands for the intercept."""
    return np.hstack([F.astype(np.float64), np.ones((len(F), 1))])


def _strongest(centered: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the strongest directions of rows whose middle is zero, as columns. Shapes: float32 (d, s)."""
    sample = centered[:: max(1, len(centered) // _SAMPLE)]
    _, vectors = np.linalg.eigh(sample.T.astype(np.float64) @ sample)
    return vectors[:, -_DIRECTIONS:].astype(np.float32)


def _middle_first(units: NDArray[np.float32], rows: NDArray[np.int64], *, rng: np.random.Generator) -> list[int]:
    likeness = units[rows] @ units[rows].mean(axis=0)
    first = int(rows[likeness.argmax()])
    others = rng.permutation(rows[rows != first]).tolist()
    return [first, *others]


def _unlike(units: NDArray[np.float32], rows: Iterator[int], *, wanted: int, taken: Sequence[int]) -> list[int]:
    """Return up to `wanted` of `rows`, in order: those unlike all before them, then the others."""
    kept = np.empty((len(taken) + max(wanted, 0), units.shape[1]), dtype=np.float32)
    kept[: len(taken)] = units[list(taken)]
    count = len(taken)
    unlike: list[int] = []
    alike: list[int] = []
    for row in islice(rows, max(0, _LOOKED_AT * wanted)):
        if len(unlike) == wanted:
            break
        if count and float((kept[:count] @ units[row]).max()) >= ALIKE:
            alike.append(row)
            continue
        kept[count] = units[row]
        count += 1
        unlike.append(row)
    return [*unlike, *alike, *rows][: max(wanted, 0)]


def _next(places: Iterator[Place], taken: set[int]) -> Place | None:
    return next((place for place in places if place.row not in taken), None)
