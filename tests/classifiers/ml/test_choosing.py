"""What a model is made of: which layers, how strong a penalty, whether spelling counts, how far labels' shares do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from classifiers.ml import calibration, choosing
from classifiers.ml.choosing import Choice, Scope, choose
from classifiers.ml.folds import assign_folds
from classifiers.ml.lessons import Lessons
from tests import made_up_lessons

_ALL = Scope(most_members=5, has_spelling=True)
_NOTHING = float("inf")


def _choose(lessons: Lessons, *, scope: Scope = _ALL, is_measured: np.ndarray | None = None) -> Choice:
    folds = assign_folds(lessons.y, fold_count=5, rng=np.random.default_rng(0))
    counted = np.ones(len(lessons.y), dtype=np.bool_) if is_measured is None else is_measured
    return choose(lessons, folds=folds, is_measured=counted, scope=scope)


@pytest.mark.slow
@pytest.mark.parametrize("knowing", [0, 1])
def test_with_many_examples_nearly_all_weight_goes_to_the_layer_that_knows(knowing: int) -> None:
    noises = tuple(0.5 if layer == knowing else _NOTHING for layer in range(2))

    choice = _choose(made_up_lessons.lessons((60, 60), noises=noises))

    strongest = max(choice.members, key=lambda member: member.factor)
    assert strongest.layers == (knowing,)
    assert strongest.factor > 0.8 * sum(member.factor for member in choice.members)


@pytest.mark.slow
def test_with_few_examples_several_sets_of_layers_share_the_weight() -> None:
    choice = _choose(made_up_lessons.lessons((8, 8), noises=(0.8, 0.8)))

    assert len(choice.members) == 3
    assert all(member.factor > 0 for member in choice.members)


@pytest.mark.slow
def test_a_narrow_scope_takes_one_set_of_layers_and_no_spelling() -> None:
    lessons = made_up_lessons.lessons((60, 60), noises=(0.8, 1.5), is_telling=True)

    choice = _choose(lessons, scope=Scope(most_members=1, has_spelling=False))

    assert (len(choice.members), choice.spelling) == (1, 0.0)


def test_parts_sum_to_one_and_the_hopeless_get_none() -> None:
    assert choosing._parts([0.5, 0.5], count=10, most=5) == [0.5, 0.5]
    assert choosing._parts([0.5, 0.6, 9.0], count=10, most=1) == [1.0, 0.0, 0.0]

    parts = choosing._parts([0.5, 0.6, 0.7, 9.0], count=10, most=5)

    # exp(-.3 * 10 * gap), and none for the last.
    weights = np.exp([0.0, -0.3, -0.6])
    assert np.allclose(parts[:3], weights / weights.sum())
    assert (parts[3], sum(parts)) == (0.0, pytest.approx(1.0))


@pytest.mark.slow
def test_noise_is_regularized_more_than_signal() -> None:
    signal = made_up_lessons.lessons((40, 40), noises=(0.1,))
    noise = replace(signal, X=np.random.default_rng(0).standard_normal(signal.X.shape).astype(np.float32))

    chosen = [_choose(lessons).members[0].C for lessons in (noise, signal)]
    # Both ends of the grid.
    assert chosen == [0.1, 100.0]


@pytest.mark.slow
def test_c_is_chosen_by_the_examples_that_are_measured() -> None:
    # The half that isn't measured is noise: by it alone the strongest penalty would win.
    clear = made_up_lessons.lessons((30, 30), noises=(0.1,))
    noise = 3 * np.random.default_rng(0).standard_normal(clear.X.shape)
    both = replace(
        clear,
        X=np.concatenate([clear.X, noise.astype(np.float32)]),
        y=np.tile(clear.y, 2),
        texts=[*clear.texts, *clear.texts],
    )
    is_clear = np.arange(120) < 60

    by_clear, by_noise = (_choose(both, is_measured=mask) for mask in (is_clear, ~is_clear))

    # The lowest of the grid.
    assert by_noise.members[0].C == 0.1
    assert by_clear.members[0].C > 0.1
    assert (len(by_clear.y), by_clear.held_out.shape) == (60, (60, 2))


@pytest.mark.slow
def test_of_few_examples_c_is_not_chosen() -> None:
    assert _choose(made_up_lessons.lessons((29, 30), noises=(_NOTHING,))).members[0].C == 10.0


@pytest.mark.slow
def test_spelling_counts_where_it_tells_the_label() -> None:
    choice = _choose(made_up_lessons.lessons((50, 50), noises=(1.5,), is_telling=True))

    assert choice.spelling > 0
    assert (choice.held_out.argmax(axis=1) == choice.y).mean() > 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    ("counts", "is_telling"), [((49, 50), True), ((50, 50), False)], ids=["too few examples", "spelling says nothing"]
)
def test_spelling_is_left_out_elsewhere(counts: tuple[int, int], is_telling: bool) -> None:
    choice = _choose(made_up_lessons.lessons(counts, noises=(0.8,), is_telling=is_telling))

    assert choice.spelling == 0


@pytest.mark.slow
def test_without_texts_spelling_is_left_out() -> None:
    lessons = replace(made_up_lessons.lessons((60, 60), noises=(0.8,)), texts=[""] * 119 + [" \n"])

    assert _choose(lessons).spelling == 0


@pytest.mark.slow
def test_spelling_is_tried_though_a_fold_lacks_a_label() -> None:
    # The only example of the last label is held out once: then nothing is known of that label.
    lessons = made_up_lessons.lessons((60, 60, 1), noises=(1.5,), is_telling=True)

    choice = _choose(lessons)

    assert choice.spelling > 0
    assert not np.isnan(choice.held_out).any()
    assert choice.held_out[-1, 2] == -np.inf


@pytest.mark.slow
def test_held_out_logits_are_at_their_best_temperature() -> None:
    # Many coordinates of noise and few examples: what is fitted is far too sure.
    lessons = made_up_lessons.lessons((40, 40), noises=(1.2, _NOTHING))

    choice = _choose(lessons)

    assert calibration.fit_temperature(choice.held_out, choice.y) == pytest.approx(1.0, abs=0.02)


def _choice(held_out: np.ndarray, y: np.ndarray) -> Choice:
    return Choice(members=(), spelling=0.0, held_out=held_out.astype(np.float32), y=y)


_SHARES = np.array([0.8, 0.2])


def test_labels_shares_count_half_for_a_model_that_sees_clearly() -> None:
    y = np.tile([0, 1], 40)

    shift = _choice(4 * np.eye(2)[y], y).shift(_SHARES)

    assert np.allclose(shift, 0.5 * np.log([1.6, 0.4]))


@pytest.mark.parametrize("each", [40, 200], ids=["few", "many"])
def test_labels_shares_do_not_count_for_a_model_that_is_blind(each: int) -> None:
    y = np.tile([0, 0, 1, 1], each // 2)
    held_out = np.eye(2)[np.tile([0, 1], each)]

    assert _choice(held_out, y).shift(_SHARES).tolist() == [0.0, 0.0]


def test_labels_shares_count_less_for_a_model_that_hardly_sees() -> None:
    # 79 of 100 are right: .58 of the way from guessing, and .5 to .65 is from blind to clear.
    y = np.repeat([0, 1], 50)
    predicted = np.where(np.arange(100) % 50 < 40, y, 1 - y)
    predicted[49] = 1
    predicted[40] = 0
    recall = (predicted == y).mean()

    shift = _choice(np.eye(2)[predicted], y).shift(_SHARES)

    trust = (2 * recall - 1 - 0.5) / 0.15
    assert 0 < trust < 1
    assert np.allclose(shift, 0.5 * trust * np.log([1.6, 0.4]), atol=1e-6)


def test_even_shares_shift_nothing() -> None:
    y = np.tile([0, 1], 40)

    assert _choice(4 * np.eye(2)[y], y).shift(np.array([0.5, 0.5])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("leaning", "strength"),
    [(-1.5, 0.0), (0.0, 0.5), (1.0, 0.75)],
    ids=["leans to the frequent label", "leans to none", "leans to the rare label"],
)
def test_with_many_examples_the_held_out_ones_decide_about_shares(leaning: float, strength: float) -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 200)
    held_out = 3 * np.eye(2)[y] + 1.2 * rng.standard_normal((400, 2)) + [0.0, leaning]
    step = np.log(2 * _SHARES)

    shift = _choice(held_out, y).shift(_SHARES)

    def score(strength: float) -> float:
        answers = (held_out + strength * step).argmax(axis=1)
        return float(f1_score(y, answers, average="macro", sample_weight=_SHARES[y]))

    assert np.allclose(shift, strength * step)
    assert score(strength) == max(score(each) for each in (0.0, 0.25, 0.5, 0.75))


def test_what_is_hardly_better_does_not_decide_about_shares() -> None:
    # A quarter would have .004 more than the usual half.
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 200)
    held_out = 3 * np.eye(2)[y] + 1.2 * rng.standard_normal((400, 2))

    assert np.allclose(_choice(held_out, y).shift(_SHARES), 0.5 * np.log(2 * _SHARES))


def test_a_label_that_no_measured_example_has_breaks_nothing() -> None:
    y = np.tile([0, 1], 150)
    held_out = np.concatenate([4 * np.eye(2)[y], np.full((300, 1), -np.inf)], axis=1)

    shift = _choice(held_out, y).shift(np.array([0.6, 0.3, 0.1]))

    assert np.isfinite(shift).all()
