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


def _assign_groups(y: list[int], groups: list[int], *, fold_count: int = 5, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return assign_folds(np.array(y), fold_count=fold_count, rng=rng, groups=np.array(groups))


def test_near_duplicates_are_held_out_together() -> None:
    rng = np.random.default_rng(1)
    y, groups = rng.integers(0, 3, size=200).tolist(), rng.integers(0, 60, size=200).tolist()

    folds = _assign_groups(y, groups)

    for group in set(groups):
        assert len(set(folds[np.array(groups) == group])) == 1


def test_single_examples_fill_up_what_groups_left_uneven() -> None:
    y = [0] * 20 + [1] * 10

    folds = _assign_groups(y, [7] * 4 + list(range(10, 36)))

    assert np.bincount(folds[:20], minlength=5).tolist() == [4] * 5
    assert np.bincount(folds[20:], minlength=5).tolist() == [2] * 5


def test_groups_of_one_differ_by_one_example_of_a_label_and_in_all() -> None:
    y = np.array([0] * 13 + [1] * 9 + [2] * 6)

    folds = _assign_groups(y.tolist(), list(range(28, 0, -1)))

    for label in range(3):
        counts = np.bincount(folds[y == label], minlength=5)
        assert counts.max() - counts.min() <= 1
    assert sorted(np.bincount(folds)) == [5, 5, 6, 6, 6]


def test_folds_are_alike_label_by_label_before_they_are_of_equal_size() -> None:
    folds = _assign_groups([0] * 6 + [1] * 6, [1, 1, 1, 2, 3, 4, 5, 5, 5, 6, 7, 8], fold_count=2)

    assert np.bincount(folds[:6]).tolist() == [3, 3]
    assert np.bincount(folds[6:]).tolist() == [3, 3]


@pytest.mark.parametrize(("labels", "with_zeros"), [([1, 1, 0], False), ([0, 1], True)], ids=["two of three", "a tie"])
def test_a_group_of_several_labels_goes_by_its_most_frequent_and_then_lowest_one(
    labels: list[int], with_zeros: bool
) -> None:
    # Four of label 0 lie in one fold, four of label 1 in the other: each would rather have a group of the other label.
    folds = _assign_groups([0] * 4 + [1] * 4 + labels, [1] * 4 + [2] * 4 + [3] * len(labels), fold_count=2)

    assert folds[0] != folds[4]
    assert (folds[8] == folds[4]) == with_zeros


def test_the_same_seed_gives_the_same_folds_of_groups() -> None:
    y, groups = [0, 1] * 30, [number // 2 for number in range(60)]

    assert np.array_equal(_assign_groups(y, groups, seed=7), _assign_groups(y, groups, seed=7))
    assert not np.array_equal(_assign_groups(y, groups, seed=7), _assign_groups(y, groups, seed=8))


def test_what_groups_are_called_changes_nothing() -> None:
    y, groups = [0, 1, 1] * 20, [number // 3 for number in range(60)]

    renamed = [10 * group + 3 for group in groups]

    assert np.array_equal(_assign_groups(y, groups), _assign_groups(y, renamed))
