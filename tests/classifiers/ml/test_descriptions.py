"""Going by the label descriptions alone."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.ml.descriptions import predict_by_descriptions


def test_each_text_gets_the_label_whose_description_is_most_like_it() -> None:
    X = np.array([[2.0, 0.1], [0.1, 0.5], [1.0, 0.9]])

    assert predict_by_descriptions(X, np.array([[1.0, 0.0], [0.0, 1.0]])).tolist() == [0, 1, 0]


def test_a_long_vector_says_no_more_than_a_short_one() -> None:
    X = np.array([[1.0, 0.9]])

    assert predict_by_descriptions(X, np.array([[0.01, 0.0], [0.0, 100.0]])).tolist() == [0]


def test_a_label_without_a_description_is_never_answered() -> None:
    X = np.array([[-1.0, 0.0], [-3.0, 0.1]])

    assert predict_by_descriptions(X, np.array([[0.0, 0.0], [1.0, 0.0]])).tolist() == [1, 1]


def test_of_equal_descriptions_the_first_is_answered() -> None:
    assert predict_by_descriptions(np.array([[1.0, 1.0]]), np.array([[0.0, 1.0], [0.0, 1.0]])).tolist() == [0]


def test_many_texts_are_compared_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X, guides = rng.normal(size=(50, 6)).astype(np.float16), rng.normal(size=(4, 6))
    whole = predict_by_descriptions(X, guides)

    monkeypatch.setattr("classifiers.ml.descriptions._CELLS", 40)

    assert predict_by_descriptions(X, guides).tolist() == whole.tolist()


def test_labels_without_any_description_are_refused() -> None:
    with pytest.raises(ValueError, match="No label has a description"):
        predict_by_descriptions(np.ones((1, 2)), np.zeros((2, 2)))
