"""The order of the most useful texts, and the map: exact on hand-made rows, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from annotation import ordering
from classifiers.ml.similarity import unit_rows


def _kinds(count: int, *, each: int, seed: int = 0) -> NDArray[np.float32]:
    """Return rows of `count` kinds that lie far apart, `each` of a kind; kind after kind."""
    rng = np.random.default_rng(seed)
    centers = np.eye(count, 32, dtype=np.float32)
    return (np.repeat(centers, each, axis=0) + rng.normal(0, 0.12, (count * each, 32))).astype(np.float32)


def _order(X: NDArray[np.float32], *, clusters: int, wanted: int, seed: int = 0) -> list[ordering.Place]:
    return ordering.by_cluster(X, clusters=clusters, wanted=wanted, rng=np.random.default_rng(seed))


def _by_margin(X: NDArray[np.float32], proba: NDArray[np.float32], *, wanted: int) -> list[ordering.Place]:
    return ordering.by_margin(X, proba, known=np.zeros((0, X.shape[1]), dtype=np.float32), wanted=wanted)


def test_the_first_places_are_one_text_of_each_kind() -> None:
    X = _kinds(5, each=10)

    places = _order(X, clusters=5, wanted=20)

    assert {place.row // 10 for place in places[:5]} == {0, 1, 2, 3, 4}
    assert [place.cluster for place in places[:5]] == [1, 2, 3, 4, 5]
    assert len({place.row for place in places}) == 20


def test_large_kinds_come_before_small_ones() -> None:
    X = np.vstack([_kinds(2, each=4), _kinds(2, each=30)[30:]])

    places = _order(X, clusters=2, wanted=2)

    assert [place.row >= 4 for place in places] == [True, False]


def test_a_kind_is_shown_by_the_text_in_its_middle() -> None:
    X = np.array([[1.0, 0.3], [1.0, 0.0], [1.0, -0.3], [-1.0, 0.0]], dtype=np.float32)

    places = _order(X, clusters=2, wanted=2)

    assert [place.row for place in places] == [1, 3]


def test_fewer_texts_than_kinds_are_all_in_the_order() -> None:
    places = _order(_kinds(3, each=1), clusters=20, wanted=500)

    assert {place.row for place in places} == {0, 1, 2}


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_equal_texts_are_one_kind() -> None:
    places = _order(np.ones((6, 4), dtype=np.float32), clusters=3, wanted=6)

    assert {place.row for place in places} == set(range(6))
    assert {place.cluster for place in places} == {1}


def test_the_same_seed_gives_the_same_order() -> None:
    X = _kinds(4, each=20)

    assert _order(X, clusters=4, wanted=50, seed=3) == _order(X, clusters=4, wanted=50, seed=3)
    assert _order(X, clusters=4, wanted=50, seed=3) != _order(X, clusters=4, wanted=50, seed=4)


def test_a_place_says_between_which_labels_the_choice_is_and_how_close() -> None:
    proba = np.array([[0.8, 0.1, 0.1], [0.1, 0.45, 0.45], [0.5, 0.2, 0.3]], dtype=np.float32)

    places = {place.row: place for place in _by_margin(np.eye(3, dtype=np.float32), proba, wanted=3)}

    assert [places[row].margin for row in range(3)] == pytest.approx([0.7, 0.0, 0.2])
    assert (places[2].first, places[2].second) == (0, 2)


def test_the_closest_calls_come_first() -> None:
    X = _kinds(4, each=100)
    best = np.linspace(0.5, 1.0, 400)
    proba = np.column_stack([best, 1 - best]).astype(np.float32)

    rows = [place.row for place in _by_margin(X, proba, wanted=60)]

    assert rows[0] < 100
    assert max(rows) < 160
    assert len(set(rows)) == 60


def test_of_equally_close_calls_the_one_like_many_others_comes_before_the_loner() -> None:
    X = np.vstack([_kinds(2, each=30), [[0.0] * 31 + [1.0]]]).astype(np.float32)
    proba = np.full((61, 2), 0.5, dtype=np.float32)

    rows = [place.row for place in _by_margin(X, proba, wanted=10)]

    assert 60 not in rows[:2]
    assert {row // 30 for row in rows[:2]} == {0, 1}


def test_what_is_like_the_known_is_not_asked_about_first() -> None:
    X = _kinds(2, each=30)
    proba = np.full((60, 2), 0.5, dtype=np.float32)

    [place] = ordering.by_margin(X, proba, known=X[:20] + np.float32(0.01), wanted=1)

    assert place.row >= 30


def test_a_near_duplicate_waits_until_all_others_are_used_up() -> None:
    X = np.array([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0]], dtype=np.float32)
    proba = np.array([[0.5, 0.5], [0.49, 0.51], [0.9, 0.1]], dtype=np.float32)

    assert [place.row for place in _by_margin(X, proba, wanted=2)] == [0, 2]
    assert [place.row for place in _by_margin(X, proba, wanted=3)] == [0, 2, 1]


def test_no_more_places_than_wanted() -> None:
    X = _kinds(4, each=20)
    proba = np.full((80, 2), 0.5, dtype=np.float32)

    assert len(_by_margin(X, proba, wanted=7)) == 7
    assert len(_order(X, clusters=4, wanted=3)) == 3


def test_while_a_label_has_no_example_other_kinds_are_mixed_in() -> None:
    places = [ordering.Place(row=row, margin=0.1) for row in range(6)]
    kinds = [ordering.Place(row=row, cluster=1) for row in (2, 9, 8)]

    mixed = ordering.mix_in(kinds, places, wanted=8)

    assert [place.row for place in mixed] == [0, 1, 2, 9, 3, 4, 5, 8]


def test_a_head_fitted_to_the_labels_tells_them_apart() -> None:
    X = _kinds(3, each=10)
    y = np.repeat([0, 2, 3], 10)

    head = ordering.fit(X, y, label_count=4)

    proba = ordering.scores(X, head=head)
    assert (proba.argmax(axis=1) == y).all()
    assert (proba[:, 1] == 0).all()


def test_what_lies_near_on_the_map_lies_near() -> None:
    X = _kinds(6, each=20)
    units = unit_rows(X)
    sketch = ordering.sketch(X)

    likeness = sketch.points.astype(np.float32) @ (units[0] @ sketch.directions)

    exact = np.argsort(-(units @ units[0]))
    assert set(np.argsort(-likeness)[:10]) & set(exact[:10]) >= set(exact[:8])
    assert sketch.points.dtype == np.int8
