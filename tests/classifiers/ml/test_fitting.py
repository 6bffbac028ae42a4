"""Heads: fitted, and what they answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from classifiers.ml.fitting import Problem, balanced_log_loss, fit_head, run_parallel
from classifiers.ml.head import Head, predict_proba


def _clouds(*, label_count: int, each: int = 20, noise: float = 0.3, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    centers = np.eye(label_count, 6, dtype=np.float32)
    y = np.repeat(np.arange(label_count), each)
    X = centers[y] + noise * rng.standard_normal((len(y), 6)).astype(np.float32)
    return Problem(X=X, y=y, label_count=label_count)


@pytest.mark.parametrize("label_count", [2, 3])
def test_probabilities_are_those_of_scikit_learn(label_count: int) -> None:
    problem = _clouds(label_count=label_count)
    reference = LogisticRegression(C=3.0, max_iter=300, class_weight="balanced").fit(problem.X, problem.y)

    proba = predict_proba(problem.X, head=fit_head(problem, C=3.0))

    assert np.allclose(proba, reference.predict_proba(problem.X), atol=1e-5)


def test_every_label_weighs_the_same_however_many_examples_it_has() -> None:
    rows = np.concatenate([np.arange(20), np.arange(20, 25)])
    problem = _clouds(label_count=2, noise=0.6).take(rows)
    reference = LogisticRegression(C=3.0, max_iter=300, class_weight="balanced").fit(problem.X, problem.y)

    head = fit_head(problem, C=3.0)
    unweighted = fit_head(problem, C=3.0, weights=np.ones(25))

    assert np.allclose(predict_proba(problem.X, head=head), reference.predict_proba(problem.X), atol=1e-5)
    assert unweighted.bias[1] - unweighted.bias[0] < head.bias[1] - head.bias[0] - 0.5


def test_rows_sum_to_one() -> None:
    problem = _clouds(label_count=3)

    proba = predict_proba(problem.X, head=fit_head(problem, C=1.0))

    assert np.allclose(proba.sum(axis=1), 1.0, atol=1e-6)


def test_a_label_without_examples_gets_no_probability() -> None:
    problem = _clouds(label_count=2)

    head = fit_head(Problem(X=problem.X, y=problem.y, label_count=3), C=1.0)

    assert (predict_proba(problem.X, head=head)[:, 2] == 0.0).all()


def test_a_fold_that_knows_one_label_only_answers_that_one() -> None:
    problem = Problem(X=np.ones((3, 6), dtype=np.float32), y=np.array([1, 1, 1]), label_count=2)

    proba = predict_proba(problem.X, head=fit_head(problem, C=1.0))

    assert proba.tolist() == [[0.0, 1.0]] * 3


def test_the_order_of_the_rows_does_not_matter() -> None:
    problem = _clouds(label_count=3)
    shuffled = problem.take(np.random.default_rng(1).permutation(len(problem.y)))

    first, second = fit_head(problem, C=1.0), fit_head(shuffled, C=1.0)

    assert np.allclose(first.weights, second.weights, atol=1e-3)


def test_a_wrong_dimension_is_refused() -> None:
    head = Head(weights=np.zeros((2, 4), dtype=np.float32), bias=np.zeros(2, dtype=np.float32))

    with pytest.raises(ValueError, match="mismatch"):
        predict_proba(np.zeros((1, 5), dtype=np.float32), head=head)


def test_a_row_that_weighs_twice_counts_as_two() -> None:
    problem = _clouds(label_count=2, each=3)
    twice = problem.take(np.array([0, 0, 1, 2, 3, 4, 5]))

    weighted = fit_head(problem, C=1.0, weights=np.array([2.0, 1, 1, 1, 1, 1]), tolerance=1e-8)
    repeated = fit_head(twice, C=1.0, weights=np.ones(7), tolerance=1e-8)

    assert np.allclose(weighted.weights, repeated.weights, atol=1e-3)
    assert np.allclose(weighted.bias, repeated.bias, atol=1e-3)


def test_sparse_rows_are_fitted_like_others() -> None:
    problem = _clouds(label_count=3)
    thin = Problem(X=sparse.csr_matrix(problem.X), y=problem.y, label_count=3)

    dense, sparsely = fit_head(problem, C=1.0, tolerance=1e-8), fit_head(thin, C=1.0, tolerance=1e-8)

    assert np.allclose(dense.weights, sparsely.weights, atol=1e-3)


def test_of_three_labels_two_that_are_there_keep_their_places() -> None:
    # scikit-learn keeps one row for two labels: it's the second one's.
    problem = _clouds(label_count=2)
    moved = Problem(X=problem.X, y=np.where(problem.y == 0, 0, 2), label_count=3)

    proba = predict_proba(problem.X, head=fit_head(moved, C=3.0))

    plain = predict_proba(problem.X, head=fit_head(problem, C=3.0))
    assert np.allclose(proba[:, [0, 2]], plain, atol=1e-6)
    assert (proba[:, 1] == 0.0).all()


@pytest.mark.parametrize("size_bytes", [0, 1_000_000_000], ids=["small", "too large for copies"])
def test_work_that_is_shared_comes_back_in_order(size_bytes: int) -> None:
    assert run_parallel(lambda number: number * number, range(20), size_bytes=size_bytes) == [
        number * number for number in range(20)
    ]


def test_an_error_in_shared_work_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        run_parallel(lambda number: 1 // number, [2, 1, 0], size_bytes=0)


def test_every_label_weighs_the_same_in_the_loss() -> None:
    y = np.array([0, 0, 0, 1])
    proba = np.array([[1.0, 0.0]] * 3 + [[0.5, 0.5]], dtype=np.float32)

    assert balanced_log_loss(y, proba) == pytest.approx(-np.log(0.5) / 2)
