"""Choosing the most useful of many texts, on numbers made by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from classifiers.ml.selection import Reason, choose

_SURE, _UNSURE = (0.98, 0.01, 0.01), (0.4, 0.39, 0.21)


def _choose(wanted: int, *, count: int = 40, seed: int = 0, **values: Any) -> list[tuple[int, Reason]]:
    given: dict[str, Any] = {
        "proba": np.array([_SURE] * count, dtype=np.float32),
        "familiarity": np.full(count, 0.5, dtype=np.float32),
        "label_counts": [10, 10, 10],
        "groups": np.arange(count),
    }
    return choose(wanted, **given | values, rng=np.random.default_rng(seed))


def _rows(chosen: list[tuple[int, Reason]], reason: Reason) -> list[int]:
    return [row for row, why in chosen if why == reason]


def test_what_lies_near_the_line_comes_before_what_is_clear() -> None:
    proba = np.array([_SURE] * 40, dtype=np.float32)
    proba[[7, 21]] = _UNSURE

    chosen = _choose(5, proba=proba, label_counts=[10, 10, 10])

    assert {7, 21} <= {row for row, _ in chosen}
    assert _rows(chosen, Reason.UNSURE)[0] == 7


def test_what_is_least_like_anything_known_is_chosen_as_novel() -> None:
    familiarity = np.full(40, 0.5, dtype=np.float32)
    familiarity[[3, 30]] = 0.1, 0.2

    chosen = _choose(6, familiarity=familiarity)

    assert _rows(chosen, Reason.NOVEL)[:2] == [3, 30]


def test_a_label_with_few_examples_is_looked_for() -> None:
    proba = np.array([_SURE] * 40, dtype=np.float32)
    proba[12] = (0.0, 0.0, 1.0)

    chosen = _choose(4, proba=proba, label_counts=[100, 100, 3], familiarity=np.linspace(0, 1, 40, dtype=np.float32))

    assert (12, Reason.RARE) in chosen


def test_the_commonest_label_is_not_called_rare() -> None:
    chosen = _choose(20, label_counts=[100, 5, 5])

    assert _rows(chosen, Reason.RARE) == []
    assert len(chosen) == 20


@pytest.mark.parametrize(("wanted", "drawn"), [(1, 1), (10, 1), (20, 2), (40, 4)])
def test_a_tenth_is_drawn_at_random(wanted: int, drawn: int) -> None:
    assert Counter(why for _, why in _choose(wanted))[Reason.RANDOM] == drawn


def test_without_a_version_the_unlike_ones_are_chosen() -> None:
    chosen = _choose(10, proba=None, label_counts=[])

    assert Counter(why for _, why in chosen) == {Reason.NOVEL: 9, Reason.RANDOM: 1}


def test_of_near_copies_one_is_chosen() -> None:
    groups = np.arange(40)
    groups[:30] = 0

    chosen = _choose(40, groups=groups)

    assert len(chosen) == 11
    assert len({int(groups[row]) for row, _ in chosen}) == 11


def test_no_row_is_chosen_twice_and_no_more_than_there_are() -> None:
    chosen = _choose(500)

    assert sorted(row for row, _ in chosen) == list(range(40))


def test_the_same_seed_chooses_the_same() -> None:
    assert _choose(10, seed=3) == _choose(10, seed=3)
    assert _choose(10, seed=3) != _choose(10, seed=4)


def test_the_first_rows_show_each_reason() -> None:
    proba = np.array([_SURE, (0.0, 0.9, 0.1)] * 20, dtype=np.float32)

    chosen = _choose(20, proba=proba, label_counts=[100, 3, 3])

    assert [why for _, why in chosen[:3]] == [Reason.UNSURE, Reason.NOVEL, Reason.RARE]
