"""How often labels occur among texts that nobody has labelled."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.ml import label_shares


def _proba(y: np.ndarray, *, label_count: int, distance: float, rng: np.random.Generator) -> np.ndarray:
    """Return the probabilities of normal clouds at corners, all labels held for equally frequent."""
    X = distance * np.eye(label_count)[y] + rng.standard_normal((len(y), label_count))
    scores = distance * X
    proba: np.ndarray = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (proba / proba.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("true", [(0.5, 0.5), (0.9, 0.1), (0.7, 0.2, 0.1), (0.1, 0.2, 0.3, 0.4)])
def test_the_shares_of_a_made_up_mixture_are_found(true: tuple[float, ...]) -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(true)), np.rint(4_000 * np.array(true)).astype(int))

    shares = label_shares.estimate(_proba(y, label_count=len(true), distance=2.0, rng=rng))

    assert np.allclose(shares, true, atol=0.02)


def test_counting_the_answers_would_be_further_off() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [3_600, 400])
    proba = _proba(y, label_count=2, distance=1.0, rng=rng)

    shares = label_shares.estimate(proba)

    counted = (proba.argmax(axis=1) == 1).mean()
    assert abs(shares[1] - 0.1) < 0.03
    assert counted > 0.2


def test_probabilities_that_say_nothing_leave_the_shares_even() -> None:
    shares = label_shares.estimate(np.full((10, 4), 0.25, dtype=np.float32))

    assert np.allclose(shares, 0.25)


def test_a_label_that_nothing_looks_like_keeps_a_floor() -> None:
    shares = label_shares.estimate(np.array([[1.0, 0.0, 0.0]] * 5, dtype=np.float32))

    assert shares.sum() == pytest.approx(1.0)
    # A fifth of a third each, made to sum to 1 with the first's 1.
    assert np.allclose(shares[1:], (1 / 15) / (1 + 2 / 15))


def test_one_text_is_enough_to_ask() -> None:
    shares = label_shares.estimate(np.array([[0.6, 0.4]], dtype=np.float32))

    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] > shares[1] > 0


def test_the_order_of_the_texts_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    proba = _proba(np.repeat([0, 1, 2], [50, 30, 20]), label_count=3, distance=2.0, rng=rng)

    first, second = label_shares.estimate(proba), label_shares.estimate(rng.permutation(proba))

    assert np.allclose(first, second, atol=1e-9)
