"""The labels of the nearest examples, counted by hand."""

from __future__ import annotations

import numpy as np

from classifiers.ml import neighbors

# Directions in a plane, in degrees: the nearest is the one with the smallest angle between.
_ANGLES = np.array([0, 5, 10, 80, 85, 90])
_X = np.stack([np.cos(np.radians(_ANGLES)), np.sin(np.radians(_ANGLES))], axis=1).astype(np.float32)
_Y = np.array([0, 0, 1, 1, 1, 0])
_ALL = np.ones(6, dtype=bool)


def _count(rows: list[int], *, may_vote: np.ndarray = _ALL, count: int = 2) -> list[list[int]]:
    found = neighbors.count_labels(_X, _Y, rows=np.array(rows), may_vote=may_vote, label_count=2, neighbors=count)
    return found.tolist()


def test_the_nearest_are_counted_by_their_labels_without_the_example_itself() -> None:
    assert _count([2, 5]) == [[2, 0], [0, 2]]


def test_only_those_that_may_vote_are_counted() -> None:
    assert _count([2], may_vote=np.array([True, False, True, True, True, True])) == [[1, 1]]


def test_where_there_are_few_all_of_them_vote() -> None:
    assert _count([0], count=20) == [[2, 3]]
    assert _count([0], may_vote=~_ALL) == [[0, 0]]


def test_the_length_of_a_row_does_not_matter() -> None:
    longer = _X * np.array([[1], [9], [1], [1], [1], [1]], dtype=np.float32)

    counts = neighbors.count_labels(longer, _Y, rows=np.array([5]), may_vote=_ALL, label_count=2, neighbors=2)

    assert counts.tolist() == [[0, 2]]


def test_many_voters_are_compared_block_by_block_with_the_same_result() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((9_000, 4)).astype(np.float32), rng.integers(0, 3, 9_000)
    rows = np.array([0, 4_500, 8_999])

    counts = neighbors.count_labels(X, y, rows=rows, may_vote=np.ones(9_000, dtype=bool), label_count=3)

    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    for row, counted in zip(rows, counts, strict=True):
        cosines = unit @ unit[row]
        cosines[row] = -2
        assert np.bincount(y[np.argsort(-cosines)[:20]], minlength=3).tolist() == counted.tolist()


def test_the_surest_mistakes_come_first_and_no_right_answer() -> None:
    held_out = np.array([[0.4, 0.6], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]], dtype=np.float32)

    found = neighbors.surest_mistakes(np.array([0, 0, 1, 0]), held_out, limit=2)

    assert found.tolist() == [1, 3]


def test_a_training_without_a_mistake_has_nothing_to_look_around() -> None:
    held_out = np.eye(2, dtype=np.float32)[_Y]

    assert neighbors.look_around(_X, _Y, held_out=held_out, may_vote=_ALL).shape == (0, 3)
