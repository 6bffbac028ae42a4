"""Which example is held out when."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.ml.folds import assign_folds


def _assign(y: list[int], *, fold_count: int = 5, seed: int = 0) -> np.ndarray:
    return assign_folds(np.array(y), fold_count=fold_count, rng=np.random.default_rng(seed))


def test_every_example_is_held_out_once() -> None:
    folds = _assign([0] * 13 + [1] * 9)

    assert folds.shape == (22,)
    assert set(folds) == {0, 1, 2, 3, 4}


def test_folds_differ_by_one_example_of_a_label_at_most() -> None:
    y = np.array([0] * 13 + [1] * 9 + [2] * 6)

    folds = _assign(list(y))

    for label in range(3):
        counts = np.bincount(folds[y == label], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_folds_are_of_equal_size_where_labels_are_small() -> None:
    folds = _assign([label for label in range(10) for _ in range(2)])

    assert list(np.bincount(folds, minlength=5)) == [4, 4, 4, 4, 4]


def test_a_rare_label_is_in_as_many_folds_as_it_has_examples() -> None:
    folds = _assign([0] * 18 + [1] * 2)

    assert len(set(folds[18:])) == 2


def test_the_same_seed_gives_the_same_folds() -> None:
    y = [0, 1] * 20

    assert np.array_equal(_assign(y, seed=7), _assign(y, seed=7))
    assert not np.array_equal(_assign(y, seed=7), _assign(y, seed=8))


@pytest.mark.parametrize(("y", "fold_count"), [([0, 1], 1), ([0], 2)], ids=["one fold", "one example"])
def test_too_little_is_refused(y: list[int], fold_count: int) -> None:
    with pytest.raises(ValueError, match="two folds and two examples"):
        _assign(y, fold_count=fold_count)
