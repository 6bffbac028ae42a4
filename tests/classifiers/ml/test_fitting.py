"""Heads: fitted, tuned, and what they answer."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from classifiers.ml.fitting import C_GRID, Problem, balanced_log_loss, choose_c, fit_head, predict_held_out
from classifiers.ml.folds import assign_folds
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


def test_what_is_held_out_is_predicted_by_a_model_that_never_saw_it() -> None:
    # One example is labelled against all its neighbors: only a model that saw it could get it right.
    problem = _clouds(label_count=2, noise=0.05)
    y = problem.y.copy()
    y[0] = 1
    odd = Problem(X=problem.X, y=y, label_count=2)
    folds = assign_folds(y, fold_count=5, rng=np.random.default_rng(0))

    proba = predict_held_out(odd, folds=folds, C_of_fold=dict.fromkeys(range(5), 100.0))

    assert proba[0].argmax() == 0


def test_noise_is_regularized_more_than_signal() -> None:
    rng = np.random.default_rng(0)
    signal = _clouds(label_count=2, noise=0.1)
    noise = Problem(X=rng.standard_normal((40, 6)).astype(np.float32), y=signal.y, label_count=2)
    folds = assign_folds(signal.y, fold_count=5, rng=rng)

    assert choose_c(noise, folds=folds) == C_GRID[0]
    assert choose_c(signal, folds=folds) == C_GRID[-1]


def test_c_is_chosen_by_the_examples_that_are_measured() -> None:
    # The half that isn't measured is noise: by it alone the strongest penalty would win.
    rng = np.random.default_rng(0)
    clear = _clouds(label_count=2, noise=0.1)
    noise = rng.standard_normal((40, 6)).astype(np.float32)
    both = Problem(X=np.concatenate([clear.X, 3 * noise]), y=np.tile(clear.y, 2), label_count=2)
    folds = np.tile(assign_folds(clear.y, fold_count=5, rng=rng), 2)
    is_clear = np.arange(80) < 40

    by_clear, by_noise = (choose_c(both, folds=folds, is_measured=mask) for mask in (is_clear, ~is_clear))

    assert by_noise == C_GRID[0]
    assert by_clear > by_noise


def test_every_label_weighs_the_same_in_the_loss() -> None:
    y = np.array([0, 0, 0, 1])
    proba = np.array([[1.0, 0.0]] * 3 + [[0.5, 0.5]], dtype=np.float32)

    assert balanced_log_loss(y, proba) == pytest.approx(-np.log(0.5) / 2)
