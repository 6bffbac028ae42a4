"""A whole training on made-up features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from classifiers.ml import calibration, training
from classifiers.ml.artifact import ArtifactLabel, Manifest, write_artifact
from classifiers.ml.lessons import Lessons, Pool
from classifiers.ml.model import predict_proba
from classifiers.ml.training import Trained
from tests import made_up_lessons

pytestmark = pytest.mark.slow

_NOTHING = float("inf")


def _data(*, noise: float = 0.6, layers: int = 1, seed: int = 0) -> Lessons:
    return made_up_lessons.lessons((20, 20, 20), noises=(noise,) * layers, seed=seed)


def _train(
    lessons: Lessons,
    *,
    is_confirmed: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    pool: Pool | None = None,
) -> Trained:
    return training.train(
        lessons,
        seed=0,
        on_progress=lambda share, step: None,
        is_confirmed=is_confirmed,
        groups=groups,
        pool=pool,
    )


def _bytes(trained: Trained) -> tuple[bytes, ...]:
    model = trained.model
    grams = () if model.ngrams is None else (model.ngrams.idf.tobytes(), model.ngrams.weights.tobytes())
    return (model.head.weights.tobytes(), model.head.bias.tobytes(), trained.held_out.tobytes(), *grams)


def test_a_real_signal_beats_the_majority() -> None:
    trained = _train(_data())

    assert trained.scores.macro_f1 > trained.scores.baseline_macro_f1 + 0.3


def test_scores_on_pure_noise_are_no_better_than_chance() -> None:
    # A score that was measured on what the model saw, or on what it was chosen by, would be far above a half.
    scores = []
    for seed in range(3):
        noise = made_up_lessons.lessons((60, 60), noises=(_NOTHING,) * 3, seed=seed)
        pool = made_up_lessons.pool((60, 60), noises=(_NOTHING,) * 3, seed=seed + 50)
        scores.append(_train(noise, pool=pool).scores.accuracy)

    assert 0.4 < np.mean(scores) < 0.55


def test_copies_in_one_fold_are_not_praised_for_knowing_each_other() -> None:
    # Of each text there are three copies; labels are chance. Who has seen a copy knows the label.
    once = made_up_lessons.lessons((40, 40), noises=(_NOTHING,))
    lessons = replace(
        once,
        X=np.repeat(once.X, 3, axis=0) + 0.0,
        y=np.repeat(np.random.default_rng(0).permutation(once.y), 3),
        texts=[text for text in once.texts for _ in range(3)],
    )
    # So far apart that a model can learn each of them by heart.
    lessons = replace(lessons, X=np.concatenate([lessons.X, np.repeat(3 * np.eye(80), 3, axis=0)], axis=1).astype("f4"))
    groups = np.repeat(np.arange(80), 3)

    together, apart = _train(lessons, groups=groups), _train(lessons)

    assert together.scores.macro_f1 < 0.65
    assert apart.scores.macro_f1 > 0.95
    assert all(len(set(together.folds[groups == group])) == 1 for group in range(80))


def test_the_same_data_give_the_same_bytes() -> None:
    lessons = made_up_lessons.lessons((60, 50), noises=(0.8, 0.8), is_telling=True)
    pool = made_up_lessons.pool((60, 60), noises=(0.8, 0.8))
    groups = np.arange(110) // 2

    first, second = (_train(lessons, pool=pool, groups=groups) for _ in range(2))

    assert first.model.ngrams is not None
    assert _bytes(first) == _bytes(second)
    assert (first.scores, first.curve, first.gains) == (second.scores, second.curve, second.gains)


def test_the_number_of_cores_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lessons = made_up_lessons.lessons((60, 50), noises=(0.8,), is_telling=True)
    found = []
    for cores in (1, 5):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        found.append(_bytes(_train(lessons)))

    assert found[0] == found[1]


def test_a_label_with_two_examples_can_be_trained() -> None:
    trained = _train(_data(layers=2).take(np.concatenate([np.arange(40), [40, 41]])))

    assert trained.scores.labels[2].support == 2
    assert np.isfinite(trained.model.head.weights).all() and np.isfinite(trained.model.head.bias).all()
    assert np.isfinite(trained.held_out).all()


def test_a_label_whose_two_examples_are_copies_of_each_other_can_be_trained() -> None:
    # They are in one fold: without it nothing is known of the label, and of two labels one is left.
    lessons = made_up_lessons.lessons((20, 2), noises=(0.5, 0.5))
    groups = np.array([*range(20), 20, 20])

    trained = _train(lessons, groups=groups, pool=made_up_lessons.pool((60, 60), noises=(0.5, 0.5)))

    assert trained.scores.labels[1].recall == 0.0
    assert np.isfinite(trained.held_out).all()
    assert np.isfinite(trained.model.head.bias).all()
    assert np.allclose(trained.held_out.sum(axis=1), 1.0, atol=1e-5)


def test_a_rare_label_does_not_keep_spelling_from_being_tried() -> None:
    lessons = made_up_lessons.lessons((70, 70, 2), noises=(1.5,), is_telling=True)

    trained = _train(lessons)

    assert trained.choice.spelling > 0
    assert np.isfinite(trained.held_out).all()


@pytest.mark.parametrize("counts", [(30, 30), (12,) * 12], ids=["two labels", "twelve labels"])
def test_two_labels_and_twelve_can_be_trained(counts: tuple[int, ...]) -> None:
    lessons = made_up_lessons.lessons(counts, noises=(0.25,))

    trained = _train(lessons)

    assert trained.scores.macro_f1 > 0.9
    assert trained.held_out.shape == (len(lessons.y), len(counts))
    assert np.allclose(trained.held_out.sum(axis=1), 1.0, atol=1e-5)


def test_a_label_without_an_example_is_refused() -> None:
    with pytest.raises(ValueError, match="A label has no example"):
        _train(replace(_data(), label_count=4))


def test_progress_is_told_in_order() -> None:
    told: list[float] = []

    training.train(_data(), seed=0, on_progress=lambda share, step: told.append(share))

    assert told == sorted(told)
    assert told[0] >= 0.0 and told[-1] < 1.0


def test_scores_count_the_confirmed_examples_only() -> None:
    # Every suggestion is wrong, and a quarter are: a score that counted them could hardly be above .75.
    lessons = _data(noise=0.2)
    is_confirmed = np.tile([True, True, True, False], 15)
    suggested = np.where(is_confirmed, lessons.y, (lessons.y + 1) % 3)

    trained = _train(replace(lessons, y=suggested), is_confirmed=is_confirmed)

    assert np.array_equal(trained.is_measured, is_confirmed)
    assert [label.support for label in trained.scores.labels] == [15, 15, 15]
    right = trained.held_out.argmax(axis=1)[is_confirmed] == lessons.y[is_confirmed]
    assert trained.scores.accuracy == pytest.approx(right.mean())
    assert trained.scores.accuracy > 0.8


def test_suggestions_are_learnt_from_in_every_fold() -> None:
    # Label 2's examples lie in two places; only suggestions tell of the second, where five confirmed ones lie too.
    place = np.repeat([0, 1, 2, 3, 3], [20, 20, 10, 5, 40])
    lessons = Lessons(
        X=made_up_lessons.clouds(place, noises=(0.2,), rng=np.random.default_rng(0)),
        y=np.minimum(place, 2),
        texts=[""] * 95,
        label_count=3,
        layer_count=1,
    )
    is_confirmed = np.repeat([True, False], [55, 40])

    trained = _train(lessons, is_confirmed=is_confirmed)

    assert (trained.held_out[50:55].argmax(axis=1) == 2).all()
    assert trained.scores.labels[2].support == 15


def test_with_few_confirmed_examples_all_count() -> None:
    trained = _train(_data(), is_confirmed=np.arange(60) % 20 < 4)

    assert trained.is_measured.all()
    assert sum(label.support for label in trained.scores.labels) == 60


def test_all_confirmed_is_the_same_as_not_saying_so() -> None:
    told, untold = _train(_data(), is_confirmed=np.ones(60, dtype=bool)), _train(_data())

    assert _bytes(told) == _bytes(untold)
    assert told.scores == untold.scores


def test_a_few_confirmed_examples_among_many_all_help_to_choose() -> None:
    is_measured = np.zeros(1_000, dtype=bool)
    is_measured[::50] = True

    drawn = training._draw(np.arange(1_000), is_measured=is_measured, most=40, rng=np.random.default_rng(0))

    assert len(drawn) == 40
    assert is_measured[drawn].sum() == 20
    assert drawn.tolist() == sorted(drawn.tolist())


def test_probabilities_are_honest_where_features_make_a_model_too_sure() -> None:
    # Hardly any signal in many coordinates: fitted with little penalty, a model is sure and often wrong.
    lessons = made_up_lessons.lessons((100, 100), noises=(1.2, _NOTHING, _NOTHING))
    asked = made_up_lessons.lessons((300, 300), noises=(1.2, _NOTHING, _NOTHING), seed=9)

    trained = _train(lessons)

    proba = predict_proba(trained.model, asked.X, texts=asked.texts)
    doubled = proba**3 / (proba**3).sum(axis=1, keepdims=True)
    error = calibration.expected_calibration_error(asked.y, proba)
    assert error < 0.08
    assert error < calibration.expected_calibration_error(asked.y, doubled) / 2
    assert calibration.expected_calibration_error(lessons.y, trained.held_out) < 0.12


def _course(lessons: Lessons, *, folds: np.ndarray, pool: Pool | None = None) -> training._Course:
    return training._Course(
        lessons=lessons,
        pool=pool,
        folds=folds,
        is_measured=np.ones(len(folds), dtype=np.bool_),
        scope=training._scope(lessons),
        rng=np.random.default_rng(0),
    )


def _turn(lessons: Lessons, *, rows: np.ndarray) -> Lessons:
    """Return the lessons with the two labels of these rows turned around."""
    return replace(lessons, y=np.where(rows, 1 - lessons.y, lessons.y))


@pytest.mark.parametrize("chosen_by_fold", [1_000, 10], ids=["each fold by itself", "folds together"])
def test_no_examples_own_label_has_a_part_in_its_answer(monkeypatch: pytest.MonkeyPatch, chosen_by_fold: int) -> None:
    # Not by what is fitted, nor by what is chosen: to the last bit.
    monkeypatch.setattr(training, "_CHOSEN_BY_FOLD", chosen_by_fold)
    lessons = made_up_lessons.lessons((70, 70), noises=(0.8, 0.8), is_telling=True)
    pool = made_up_lessons.pool((60, 60), noises=(0.8, 0.8))
    folds = np.arange(140) % 5
    is_asked = folds == 2

    before, after = (
        training._measure(_course(each, folds=folds, pool=pool), on_progress=lambda share, step: None)
        for each in (lessons, _turn(lessons, rows=is_asked))
    )

    assert before[is_asked].tobytes() == after[is_asked].tobytes()
    assert not np.allclose(before[~is_asked], after[~is_asked])


def test_no_examples_own_label_sets_its_temperature() -> None:
    lessons = made_up_lessons.lessons((50, 50), noises=(0.6,))
    trained = _train(lessons)
    turned = _turn(lessons, rows=trained.folds == 2)

    before, after = (
        training._temperatures(_course(each, folds=trained.folds), trained.held_out) for each in (lessons, turned)
    )

    assert before[2] == after[2]
    assert (before[[0, 1, 3, 4, 5]] != after[[0, 1, 3, 4, 5]]).all()


def test_each_folds_probabilities_are_at_the_temperature_of_the_others() -> None:
    lessons = made_up_lessons.lessons((60, 60), noises=(0.9,))
    trained = _train(lessons)
    course = _course(lessons, folds=trained.folds)
    raw = training._measure(course, on_progress=lambda share, step: None)
    temperatures = training._temperatures(course, raw)

    odds, raw_odds = (np.log(proba[:, 1] / proba[:, 0]) for proba in (trained.held_out, raw))

    assert np.allclose(odds * temperatures[trained.folds], raw_odds, atol=1e-3)
    assert np.abs(temperatures - 1).max() > 0.02


def test_without_a_pool_nothing_is_taught_and_with_one_it_is_said() -> None:
    lessons = _data()

    assert not _train(lessons).is_taught
    assert not _train(lessons, pool=made_up_lessons.pool((99,), noises=(0.6,))).is_taught
    assert _train(lessons, pool=made_up_lessons.pool((100,), noises=(0.6,))).is_taught


def test_the_learning_curve_rises_with_the_examples() -> None:
    trained = _train(_data())

    assert [point.count for point in trained.curve] == sorted(point.count for point in trained.curve)
    assert trained.curve[-1].count == 48
    assert trained.curve[-1].macro_f1 > trained.curve[0].macro_f1


@pytest.mark.parametrize(
    ("limit", "said", "is_left_out"),
    [
        ("_MOST_SPELLED", "How words are spelled", lambda trained: trained.model.ngrams is None),
        ("_MOST_MIXED", "averaging several", lambda trained: len(trained.choice.members) == 1),
        ("_MOST_GAINS", "of a single label", lambda trained: trained.gains == ()),
        ("_MOST_CURVE", "no learning curve", lambda trained: trained.curve == ()),
    ],
)
def test_what_would_take_too_long_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch, limit: str, said: str, is_left_out: Callable[[Trained], bool]
) -> None:
    lessons = made_up_lessons.lessons((60, 40), noises=(1.2,) * 2, is_telling=True)
    # Some marks are missing, so that more examples would help.
    lessons = replace(lessons, texts=[text if row % 4 else "lamp" for row, text in enumerate(lessons.texts)])
    whole = _train(lessons)
    monkeypatch.setattr(training, limit, 199)

    trained = _train(lessons)

    assert (whole.dropped, is_left_out(whole)) == ((), False)
    assert is_left_out(trained)
    assert len(trained.dropped) == 1 and said in trained.dropped[0]


def test_for_the_learning_curve_the_best_set_of_layers_is_enough_where_examples_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "_MOST_COMPOSED", 100)

    trained = _train(_data(layers=2))

    assert trained.dropped == ()
    assert trained.curve[-1].macro_f1 == pytest.approx(trained.scores.macro_f1, abs=0.15)


def test_many_examples_share_their_choices_and_are_still_measured_without_what_chose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "_CHOSEN_BY_FOLD", 100)
    monkeypatch.setattr(training, "_CHOOSE_ON", 60)
    noise = made_up_lessons.lessons((100, 100), noises=(_NOTHING,) * 2)
    signal = made_up_lessons.lessons((100, 100), noises=(0.3,) * 2)

    assert training._chosen_together(101) == [(0, 1), (2, 3, 4)]
    assert 0.35 < _train(noise).scores.accuracy < 0.62
    assert _train(signal).scores.accuracy > 0.95
    assert _bytes(_train(signal)) == _bytes(_train(signal))


def test_what_is_trained_can_be_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    trained = _train(made_up_lessons.lessons((60, 60, 2), noises=(1.5,), is_telling=True))
    labels = tuple(ArtifactLabel(number=number, name=str(number)) for number in range(3))
    manifest = Manifest(encoder_id="tiny-1", labels=labels, scores={}, settings={}, data_sha256="ab")

    assert write_artifact(tmp_path_factory.mktemp("made") / "a", manifest=manifest, model=trained.model)
