"""The model that was chosen: its parts added up, shifted to the labels' shares, taught by texts without a label."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_moons

from classifiers.ml import composing
from classifiers.ml.choosing import SPELLING_C, Choice, Member, Scope, choose
from classifiers.ml.composing import LEAST_POOL, compose
from classifiers.ml.fitting import fit_head
from classifiers.ml.folds import assign_folds
from classifiers.ml.head import logits, softmax
from classifiers.ml.lessons import Lessons, Pool, count_ngrams
from classifiers.ml.model import predict_proba
from tests import made_up_lessons

_BLIND = (np.array([[1.0, 0.0], [1.0, 0.0]], dtype=np.float32), np.array([0, 1]))
_CLEAR = (4 * np.eye(2, dtype=np.float32), np.array([0, 1]))


def _choice(*members: Member, spelling: float = 0.0, seen: tuple[np.ndarray, np.ndarray] = _BLIND) -> Choice:
    return Choice(members=members, spelling=spelling, held_out=seen[0], y=seen[1])


def _member(layers: tuple[int, ...] = (0,), *, C: float = 3.0, factor: float = 1.0) -> Member:
    return Member(layers=layers, C=C, factor=factor)


@pytest.mark.slow
def test_a_model_is_the_sum_of_its_parts() -> None:
    lessons = made_up_lessons.lessons((20, 20), noises=(0.5, 0.9), is_telling=True)
    choice = _choice(_member((1,), factor=0.3), _member((0, 1), C=10.0, factor=0.2), spelling=0.7)

    model = compose(lessons, choice=choice, pool=None)

    last = lessons.X[:, 12:]
    vectorizer = count_ngrams(lessons)
    spelled = vectorizer.transform(lessons.texts)
    expected = (
        0.3 * logits(last, head=fit_head(lessons.problem(last), C=3.0))
        + 0.2 * logits(lessons.X, head=fit_head(lessons.problem(lessons.X), C=10.0))
        + 0.7 * logits(spelled, head=fit_head(lessons.problem(spelled), C=SPELLING_C))
    )
    proba = predict_proba(model, lessons.X, texts=lessons.texts)
    assert np.allclose(proba, softmax(expected), atol=1e-4)


@pytest.mark.slow
def test_layers_that_no_part_looks_at_weigh_nothing() -> None:
    model = compose(made_up_lessons.lessons((20, 20), noises=(0.5, 0.9)), choice=_choice(_member((1,))), pool=None)

    assert not model.head.weights[:, :12].any()
    assert model.head.weights[:, 12:].any()
    assert model.ngrams is None


@pytest.mark.parametrize(("seen", "strength"), [(_BLIND, 0.0), (_CLEAR, 0.5)], ids=["blind", "clear"])
def test_without_a_pool_shares_are_those_of_the_lessons(seen: tuple[np.ndarray, np.ndarray], strength: float) -> None:
    lessons = made_up_lessons.lessons((30, 10), noises=(0.5,))

    model = compose(lessons, choice=_choice(_member(), seen=seen), pool=None)

    plain = fit_head(lessons.problem(lessons.X), C=3.0)
    assert np.allclose(model.head.bias - plain.bias, strength * np.log([1.5, 0.5]), atol=1e-5)


@pytest.mark.slow
def test_with_a_pool_shares_are_those_of_the_pool() -> None:
    # The lessons are even; three of four texts without a label are of the second one.
    lessons = made_up_lessons.lessons((30, 30), noises=(0.4,))
    pool = made_up_lessons.pool((50, 150), noises=(0.4,))
    choices = [_choice(_member(), seen=seen) for seen in (_BLIND, _CLEAR)]

    blind, clear = (compose(lessons, choice=choice, pool=pool).head.bias for choice in choices)

    step = (clear[1] - clear[0]) - (blind[1] - blind[0])
    assert 0.3 * np.log(3) < step < 0.8 * np.log(3)


def test_a_small_pool_changes_nothing() -> None:
    lessons = made_up_lessons.lessons((10, 10), noises=(0.5,))
    pool = made_up_lessons.pool((LEAST_POOL - 1, 0), noises=(0.5,))

    with_pool, without = (compose(lessons, choice=_choice(_member()), pool=each) for each in (pool, None))

    assert with_pool.head.weights.tobytes() == without.head.weights.tobytes()
    assert with_pool.head.bias.tobytes() == without.head.bias.tobytes()


def _accuracy(lessons: Lessons, pool: Pool | None, *, asked: Lessons) -> float:
    """Return the share of right answers of the model that is best chosen."""
    folds = assign_folds(lessons.y, fold_count=5, rng=np.random.default_rng(0))
    everything = np.ones(len(lessons.y), dtype=np.bool_)
    scope = Scope(most_members=1, has_spelling=False)
    choice = choose(lessons, folds=folds, is_measured=everything, scope=scope)
    model = compose(lessons, choice=choice, pool=pool)
    return float((predict_proba(model, asked.X, texts=asked.texts).argmax(axis=1) == asked.y).mean())


@pytest.mark.slow
def test_texts_without_a_label_teach_what_few_examples_leave_open() -> None:
    gains = []
    for seed in range(6):
        few = made_up_lessons.lessons((8, 8), noises=(0.45,), seed=seed)
        asked = made_up_lessons.lessons((300, 300), noises=(0.45,), seed=seed + 100)
        pool = made_up_lessons.pool((150, 150), noises=(0.45,), seed=seed + 200)

        gains.append(_accuracy(few, pool, asked=asked) - _accuracy(few, None, asked=asked))

    # .88 and .91.
    assert np.mean(gains) > 0.02
    assert min(gains) > 0.0


@pytest.mark.slow
def test_where_the_examples_are_enough_a_pool_does_no_harm() -> None:
    X, y = make_moons(700, noise=0.15, random_state=0)
    X = X.astype(np.float32)
    moons = Lessons(X=X, y=y, texts=[""] * 700, label_count=2, layer_count=1)
    lessons, asked = moons.take(np.arange(100)), moons.take(np.arange(400, 700))
    pool = Pool(X=X[100:400], texts=[""] * 300)

    assert _accuracy(lessons, pool, asked=asked) > _accuracy(lessons, None, asked=asked) - 0.02


@pytest.mark.slow
def test_the_same_pool_gives_the_same_bytes() -> None:
    lessons = made_up_lessons.lessons((12, 12), noises=(0.8, 0.8), is_telling=True)
    pool = made_up_lessons.pool((60, 60), noises=(0.8, 0.8))
    choice = _choice(_member((0,)), _member((0, 1)), spelling=0.5, seen=_CLEAR)

    first, second = (compose(lessons, choice=choice, pool=pool) for _ in range(2))

    assert first.head.weights.tobytes() == second.head.weights.tobytes()
    assert first.ngrams is not None and second.ngrams is not None
    assert first.ngrams.grams == second.ngrams.grams
    assert first.ngrams.weights.tobytes() == second.ngrams.weights.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("pool_count", [0, 120])
def test_a_label_without_an_example_gets_no_probability_and_breaks_nothing(pool_count: int) -> None:
    # As in a fold that lacks it.
    whole = made_up_lessons.lessons((20, 20, 1), noises=(0.5, 0.5), is_telling=True)
    lessons = whole.take(np.arange(40))
    pool = made_up_lessons.pool((pool_count // 2, pool_count // 2), noises=(0.5, 0.5)) if pool_count else None
    seen = (4 * np.eye(3, dtype=np.float32), np.arange(3))
    choice = _choice(_member((0,)), _member((0, 1)), spelling=0.5, seen=seen)

    model = compose(lessons, choice=choice, pool=pool)

    proba = predict_proba(model, whole.X, texts=whole.texts)
    assert np.isfinite(proba).all()
    assert (proba[:, 2] == 0).all()
    assert np.allclose(proba.sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.slow
def test_many_labels_and_texts_that_look_like_one_only() -> None:
    lessons = made_up_lessons.lessons((4,) * 12, noises=(0.15,))
    pool = made_up_lessons.pool((110,), noises=(0.15,))
    seen = (4 * np.eye(12, dtype=np.float32), np.arange(12))

    model = compose(lessons, choice=_choice(_member(), seen=seen), pool=pool)

    proba = predict_proba(model, lessons.X, texts=lessons.texts)
    assert np.isfinite(proba).all()
    assert (proba.argmax(axis=1) == lessons.y).mean() > 0.9


def test_all_guesses_together_weigh_as_much_as_the_lessons_and_labels_are_half_balanced() -> None:
    # Three lessons, of which two are of the first label, and two texts taken for it.
    weights = composing._weigh(np.array([0, 0, 1]), np.array([0, 0, 1, 0, 0]), label_count=2)

    # Lessons .75, .75, 1.5 and guesses 1.5 each make 4.5 and 1.5 a label, where 3 would be even.
    unbalanced = np.array([0.75, 0.75, 1.5, 1.5, 1.5])
    assert np.allclose(weights, unbalanced * np.sqrt([3 / 4.5, 3 / 4.5, 3 / 1.5, 3 / 4.5, 3 / 4.5]))


def test_of_each_label_the_surest_are_learnt_from_and_one_at_least() -> None:
    proba = np.array([[0.6, 0.4], [0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.7, 0.3]], dtype=np.float32)

    surest = composing._surest(proba, proba.argmax(axis=1), share=0.5)

    assert surest.tolist() == [1, 2, 3]
