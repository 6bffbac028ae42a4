"""What a model is learned from, and each part's view of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from classifiers.ml import lessons as lessons_module
from classifiers.ml.lessons import Lessons, compress_sparse, count_ngrams


def _lessons(texts: list[str], *, label_count: int = 2) -> Lessons:
    y = np.arange(len(texts)) % label_count
    X = np.arange(len(texts) * 6, dtype=np.float32).reshape(-1, 6)
    return Lessons(X=X, y=y, texts=texts, label_count=label_count, layer_count=3)


def test_rows_are_taken_with_their_labels_and_texts() -> None:
    taken = _lessons(["a", "b", "c", "d"]).take(np.array([3, 0]))

    assert taken.X[:, 0].tolist() == [18.0, 0.0]
    assert taken.y.tolist() == [1, 0]
    assert (list(taken.texts), taken.label_count, taken.layer_count) == (["d", "a"], 2, 3)


def test_shares_are_those_of_the_labels_also_of_one_that_is_missing() -> None:
    lessons = _lessons(["a", "b", "c", "d"]).take(np.array([0, 2, 1]))

    assert np.allclose(lessons.shares(), [2 / 3, 1 / 3])
    assert lessons.take(np.array([0, 1])).shares().tolist() == [1.0, 0.0]


def test_a_layer_is_its_numbers_among_the_features() -> None:
    assert _lessons(["a", "b"]).of_layers((0, 2)).tolist() == [0, 1, 4, 5]


def test_ngrams_of_a_single_text_are_left_out() -> None:
    vectorizer = count_ngrams(_lessons(["free", "freely", "zoo"]))

    names = vectorizer.get_feature_names_out().tolist()
    assert "free" in names
    assert not {"z", "l"} & set(names)


def test_many_labels_get_fewer_ngrams(monkeypatch: pytest.MonkeyPatch) -> None:
    # So that an artifact doesn't grow beyond bounds: it has a weight for each n-gram and label.
    monkeypatch.setattr(lessons_module, "_MOST_WEIGHTS", 40)
    texts = ["what a lovely bike", "what a lovely pram"] * 6

    counts = [
        len(count_ngrams(_lessons(texts, label_count=label_count)).get_feature_names_out()) for label_count in (2, 4)
    ]

    assert counts == [20, 10]


def test_compressing_sparse_rows_keeps_their_products() -> None:
    rng = np.random.default_rng(0)
    X = sparse.csr_matrix(np.where(rng.random((8, 50)) < 0.2, rng.standard_normal((8, 50)), 0).astype(np.float32))

    compressed = compress_sparse(X)

    assert compressed.shape[1] <= 8
    assert np.allclose(compressed @ compressed.T, (X @ X.T).toarray(), atol=1e-4)


def test_equal_and_empty_sparse_rows_take_no_coordinate_of_their_own() -> None:
    X = sparse.csr_matrix(np.array([[1, 0, 2], [1, 0, 2], [0, 0, 0]], dtype=np.float32))

    compressed = compress_sparse(X)

    assert compressed.shape == (3, 1)
    assert np.allclose(np.abs(compressed[:, 0]), [np.sqrt(5), np.sqrt(5), 0], atol=1e-4)


def test_too_many_sparse_rows_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons_module, "_MOST_COMPRESSED", 2)
    X = sparse.csr_matrix(np.eye(3, dtype=np.float32))

    assert compress_sparse(X) is X
