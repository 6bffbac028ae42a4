"""Cosines in blocks: the same as all at once."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.ml.similarity import group, nearest, unit_rows


def _angled(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def _cloud(*, rows: int, copies: int) -> np.ndarray:
    """Return random rows, the last of which are the first ones, a little moved."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, 400)).astype(np.float32)
    X[rows - copies :] = X[:copies] + 0.2 * rng.normal(size=(copies, 400))
    return X


def _whole(X: np.ndarray, *, threshold: float) -> list[int]:
    """Return the groups as the plain definition has them, all cosines at once."""
    is_alike = unit_rows(X) @ unit_rows(X).T >= threshold
    roots = [-1] * len(X)
    for first in range(len(X)):
        waiting = [first] if roots[first] < 0 else []
        while waiting:
            row = waiting.pop()
            roots[row] = first
            waiting += [other for other in np.flatnonzero(is_alike[row]).tolist() if roots[other] < 0]
    return roots


def test_rows_that_are_alike_are_one_group() -> None:
    assert group(_angled(0, 90, 10, 92, 45), threshold=0.95).tolist() == [0, 1, 0, 1, 4]


def test_a_group_is_closed_over_its_links() -> None:
    # 0 and 30 degrees are too far apart by themselves; 15 degrees links them.
    assert group(_angled(0, 30, 15), threshold=0.95).tolist() == [0, 0, 0]


def test_the_length_of_a_row_says_nothing() -> None:
    assert group(np.array([[1, 0], [7, 0], [0, 2]]), threshold=0.99).tolist() == [0, 0, 2]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_rows_have_no_group(count: int) -> None:
    assert group(_angled(*range(count)), threshold=0.9).tolist() == list(range(count))


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [0.9, 0.95, 0.99])
def test_many_blocks_find_what_one_would(threshold: float) -> None:
    X = _cloud(rows=300, copies=60)

    assert group(X, threshold=threshold, block=(64, 96)).tolist() == _whole(X, threshold=threshold)


@pytest.mark.slow
def test_the_threshold_parts_the_moved_copies_from_the_rest() -> None:
    X = _cloud(rows=300, copies=60)

    sizes = [len(np.unique(group(X, threshold=threshold))) for threshold in (0.9, 0.999)]

    assert sizes == [240, 300]


@pytest.mark.slow
def test_equal_rows_in_plenty_are_one_group() -> None:
    X = np.ones((3_000, 4), dtype=np.float16)

    assert set(group(X, threshold=0.99).tolist()) == {0}


def test_nearest_gives_the_highest_cosine_to_any_other() -> None:
    found = nearest(_angled(0, 100), among=_angled(60, 90))

    assert found.tolist() == pytest.approx([0.5, np.cos(np.radians(10))], abs=1e-6)


def test_nothing_is_near_where_nothing_is_known() -> None:
    assert nearest(_angled(0, 90), among=np.empty((0, 2), dtype=np.float16)).tolist() == [-1, -1]


def test_nearest_in_blocks_is_nearest_at_once() -> None:
    X = _cloud(rows=100, copies=20)
    expected = (unit_rows(X[:30]) @ unit_rows(X[30:]).T).max(axis=1)

    assert nearest(X[:30], among=X[30:], block=(7, 11)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("work", ["group", "nearest"])
def test_progress_ends_at_the_whole(work: str) -> None:
    told: list[float] = []
    X = _cloud(rows=50, copies=0)

    if work == "group":
        group(X, threshold=0.9, on_progress=told.append)
    else:
        nearest(X, among=X, on_progress=told.append)

    assert told == sorted(told)
    assert told[-1] == 1
