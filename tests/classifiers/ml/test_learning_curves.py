"""What more examples would give: with stand-ins for a fit whose answers are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.ml.folds import assign_folds
from classifiers.ml.learning_curves import CurvePoint, LabelGain, friendly_count, label_gains, learning_curve


class Fit:
    """A fit that knows a label, and answers it rightly, once it has seen `needs` examples of it; else it says 0."""

    def __init__(self, y: np.ndarray, *, needs: dict[int, int]) -> None:
        self.y, self.needs = y, needs
        self.asked: list[tuple[np.ndarray, np.ndarray]] = []

    def __call__(self, learn: np.ndarray, answer: np.ndarray) -> np.ndarray:
        self.asked.append((learn, answer))
        known = [label for label, need in self.needs.items() if (self.y[learn] == label).sum() >= need]
        label_count = max(self.needs) + 1
        return np.eye(label_count)[np.where(np.isin(self.y[answer], known), self.y[answer], 0)]


def _y(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def _ask(function: object, fit: Fit, *, seed: int = 0, measured: np.ndarray | None = None, **more: object) -> list:
    y = fit.y
    return function(  # type: ignore[operator]
        y,
        folds=assign_folds(y, fold_count=5, rng=np.random.default_rng(9)),
        fit_predict=fit,
        label_count=max(fit.needs) + 1,
        is_measured=np.ones(len(y), dtype=np.bool_) if measured is None else measured,
        rng=np.random.default_rng(seed),
        **more,
    )


def test_the_curve_rises_where_enough_has_been_seen() -> None:
    # A fold's training part has 16 of each label: 4, 8, 12, 16 of them.
    fit = Fit(_y(20, 20), needs={0: 0, 1: 8})

    points = _ask(learning_curve, fit)

    assert points == [CurvePoint(8, pytest.approx(1 / 3)), *(CurvePoint(count, 1.0) for count in (16, 24, 32))]


def test_no_model_answers_for_what_it_learnt_from() -> None:
    fit = Fit(_y(20, 9), needs={0: 0, 1: 1})

    _ask(learning_curve, fit)

    assert all(not set(learn) & set(answer) for learn, answer in fit.asked)
    assert len(fit.asked) == 4 * 5


def test_a_larger_share_holds_the_smaller_ones() -> None:
    fit = Fit(_y(20, 9), needs={0: 0, 1: 1})

    _ask(learning_curve, fit, shares=(0.5, 0.25, 1.0))

    for fold in range(5):
        quarter, half, whole = (set(fit.asked[share * 5 + fold][0]) for share in range(3))
        assert quarter < half < whole


def test_each_label_keeps_one_example_at_least() -> None:
    fit = Fit(_y(40, 2), needs={0: 0, 1: 1})

    _ask(learning_curve, fit, shares=(0.01,))

    assert [sorted(np.bincount(fit.y[learn])) for learn, _ in fit.asked] == [[1, 1]] * 5


def test_the_curve_counts_what_is_measured_only() -> None:
    fit = Fit(_y(20, 20), needs={0: 0, 1: 100})

    (point,) = _ask(learning_curve, fit, measured=fit.y == 0, shares=(1.0,))

    # All of label 0 are right; label 1 has no example that counts.
    assert point.macro_f1 == pytest.approx(0.5)


def test_a_curve_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to evaluate"):
        _ask(learning_curve, Fit(_y(5, 5), needs={0: 0, 1: 1}), measured=np.zeros(10, dtype=np.bool_))


def test_the_gain_of_a_label_is_what_its_half_costs() -> None:
    # Label 1 is lost with 8 of its 16, label 2 isn't.
    fit = Fit(_y(20, 20, 20), needs={0: 0, 1: 12, 2: 4})

    gains = _ask(label_gains, fit)

    # Without label 1, label 0 gets 20 too many: (2 / 3 + 0 + 1) / 3 instead of 1.
    assert gains == [LabelGain(label=1, more=20, gain=pytest.approx(0.7 * (1 - 5 / 9)))]


def test_gains_come_biggest_first() -> None:
    fit = Fit(_y(60, 20, 40), needs={0: 0, 1: 10, 2: 20})

    gains = _ask(label_gains, fit)

    assert [(each.label, each.more) for each in gains] == [(2, 40), (1, 20)]
    assert gains[0].gain > gains[1].gain > 0


def test_the_neediest_labels_are_the_worst_and_the_rarest_in_turn() -> None:
    # The worst: label 4, never known. The rarest with enough examples: label 1, then 2.
    y = _y(40, 10, 12, 30, 50, 7)
    fit = Fit(y, needs={0: 0, 1: 1, 2: 1, 3: 1, 4: 999, 5: 1})

    _ask(label_gains, fit, most_labels=2)

    whole = np.bincount(y[fit.asked[0][0]], minlength=6)
    halved = [np.bincount(y[fit.asked[5 * turn][0]], minlength=6) for turn in (1, 2)]
    assert [np.flatnonzero(counts < whole).tolist() for counts in halved] == [[4], [1]]
    assert len(fit.asked) == 3 * 5


def test_labels_of_a_few_examples_are_not_looked_at() -> None:
    fit = Fit(_y(7, 7), needs={0: 0, 1: 5})

    assert _ask(label_gains, fit) == []
    assert fit.asked == []


def test_the_same_seed_gives_the_same_halves() -> None:
    first, second, third = (Fit(_y(20, 20), needs={0: 0, 1: 9}) for _ in range(3))

    for fit, seed in ((first, 1), (second, 1), (third, 2)):
        _ask(label_gains, fit, seed=seed)

    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first.asked, second.asked, strict=True))
    assert not all(np.array_equal(a[0], b[0]) for a, b in zip(first.asked, third.asked, strict=True))


@pytest.mark.parametrize(
    ("count", "friendly"), [(8, 10), (10, 10), (17, 17), (20, 20), (21, 20), (25, 30), (138, 140), (1_274, 1_300)]
)
def test_counts_are_said_as_people_say_them(count: int, friendly: int) -> None:
    assert friendly_count(count) == friendly
