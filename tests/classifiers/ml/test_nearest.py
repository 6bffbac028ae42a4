"""The examples kept beside a version: which are kept, in which form, and which of them are nearest to a text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from classifiers.ml import nearest
from classifiers.ml.nearest import Nearest, NearestDamaged, NearestMissing, Neighbor

# Two layers of two numbers each; only the second counts. Directions in a plane, in degrees.
_ANGLES = np.array([0, 60, 90, 180])
_LAST = np.stack([np.cos(np.radians(_ANGLES)), np.sin(np.radians(_ANGLES))], axis=1)
_X = np.concatenate([np.full_like(_LAST, 0.5), 3 * _LAST], axis=1).astype(np.float32)
_Y = np.array([0, 1, 1, 0])
_IDS = np.array([11, 12, 13, 14])


def _build(limit: int = 100, *, X: np.ndarray = _X, y: np.ndarray = _Y, ids: np.ndarray = _IDS) -> Nearest:
    return nearest.build(X, y, ids, layer_count=2, limit=limit, rng=np.random.default_rng(0))


def _ids(index: Nearest, angle: float, **values: object) -> list[int]:
    wanted = np.array([[9.0, 9.0, np.cos(np.radians(angle)), np.sin(np.radians(angle))]], dtype=np.float32)
    [found] = nearest.find(index, wanted, **values)
    return [neighbor.example_id for neighbor in found]


def test_the_last_layer_is_kept_in_eight_bits_at_one_length() -> None:
    index = _build()

    assert index.vectors.tolist() == [[127, 0], [64, 110], [0, 127], [-127, 0]]
    assert (index.vectors.dtype, index.y.dtype, index.example_ids.dtype) == (np.int8, np.int16, np.int64)
    assert (index.y.tolist(), index.example_ids.tolist()) == ([0, 1, 1, 0], [11, 12, 13, 14])


def test_features_and_labels_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="3 labels"):
        _build(y=_Y[:3])
    with pytest.raises(ValueError, match="2 layers"):
        _build(X=_X[:, :3])


@pytest.mark.parametrize(("limit", "counts"), [(10, [6, 3, 1]), (5, [3, 1, 1]), (3, [1, 1, 1])])
def test_of_too_many_each_label_keeps_its_share_and_one_at_least(limit: int, counts: list[int]) -> None:
    y = np.repeat([0, 1, 2], [70, 29, 1])

    index = _build(limit, X=np.ones((100, 4), dtype=np.float32), y=y, ids=np.arange(100))

    assert np.bincount(index.y, minlength=3).tolist() == pytest.approx(counts, abs=1)
    assert (len(index.y), index.y.min(), np.bincount(index.y, minlength=3).min()) == (limit, 0, 1)
    assert index.example_ids.tolist() == sorted(index.example_ids.tolist())
    assert (y[index.example_ids] == index.y).all()


def test_the_same_seed_draws_the_same() -> None:
    draws = [_build(2).example_ids.tolist() for _ in range(2)]

    assert draws[0] == draws[1]


def test_the_nearest_come_first_with_their_cosines() -> None:
    wanted = np.array([[9, 9, 5, 0], [0, 0, 0, 1]], dtype=np.float32)

    found = nearest.find(_build(), wanted, count=2)

    assert [[each.example_id for each in row] for row in found] == [[11, 12], [13, 12]]
    assert found[0][0] == Neighbor(example_id=11, y=0, cosine=1.0)
    assert found[0][1].cosine == pytest.approx(0.5, abs=0.01)


def test_there_are_no_more_than_are_kept() -> None:
    assert _ids(_build(), 0, count=9) == [11, 12, 13, 14]


def test_ties_go_to_the_lower_id() -> None:
    index = _build(X=np.tile(_X[1], (4, 1)), ids=np.array([44, 22, 33, 11]))

    assert _ids(index, 60, count=3) == [11, 22, 33]


def test_an_example_can_be_left_out() -> None:
    assert _ids(_build(), 0, count=2, exclude_ids={11, 99}) == [12, 13]
    assert _ids(_build(), 0, exclude_ids=_IDS.tolist()) == []


def test_features_that_are_too_short_are_refused() -> None:
    with pytest.raises(ValueError, match="Features of 1"):
        nearest.find(_build(), np.ones((1, 1), dtype=np.float32))


def test_an_empty_index_has_no_neighbors() -> None:
    index = _build(X=_X[:0], y=_Y[:0], ids=_IDS[:0])

    assert _ids(index, 0) == []


def test_what_is_written_is_what_is_loaded_and_twice_the_same_bytes(tmp_path: Path) -> None:
    nearest.write(tmp_path, _build())
    written = (tmp_path / nearest.FILE).read_bytes()
    nearest.write(tmp_path, _build())

    index = nearest.load(tmp_path)

    assert (tmp_path / nearest.FILE).read_bytes() == written
    for name in ("vectors", "y", "example_ids"):
        np.testing.assert_array_equal(getattr(index, name), getattr(_build(), name))


def test_a_version_without_the_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NearestMissing, match="Train again"):
        nearest.load(tmp_path)


_GOOD = {
    "vectors": np.zeros((2, 3), dtype=np.int8),
    "y": np.zeros(2, dtype=np.int16),
    "example_id": np.zeros(2, dtype=np.int64),
}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no tensors",
        safetensors.numpy.save({"vectors": _GOOD["vectors"]}),
        safetensors.numpy.save(_GOOD | {"y": np.zeros(3, dtype=np.int16)}),
        safetensors.numpy.save(_GOOD | {"y": np.zeros(2, dtype=np.int64)}),
        safetensors.numpy.save(_GOOD | {"vectors": np.zeros(2, dtype=np.int8)}),
    ],
    ids=["empty", "words", "no labels", "other length", "other numbers", "no rows"],
)
def test_a_damaged_file_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / nearest.FILE).write_bytes(content)

    with pytest.raises(NearestDamaged, match=r"damaged\. Train again"):
        nearest.load(tmp_path)
