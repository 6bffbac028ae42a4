"""What would help a version most: exact sentences from given scores."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.models import Version
from classifiers.services import advice
from classifiers.services.advice import Code, last_doubling

LABELS = [{"number": 0, "name": "Fine"}, {"number": 1, "name": "Spam"}, {"number": 4, "name": "Promo"}]


def _version(*, supports: tuple[int, ...] = (100, 60, 60), **scores: Any) -> Version:
    labels = [{**label, "support": support} for label, support in zip(LABELS, supports, strict=False)]
    return Version(labels=LABELS, scores={"macro_f1": 0.8, "labels": labels} | scores)


def _sentences(**scores: Any) -> list[str]:
    return [each.sentence for each in advice.give(_version(**scores))]


def _curve(*points: tuple[int, float]) -> list[dict[str, Any]]:
    return [{"count": count, "macro_f1": score} for count, score in points]


def test_a_version_from_before_anything_was_measured_gets_no_advice() -> None:
    assert advice.give(Version()) == []
    assert advice.give(Version(labels=LABELS, scores={"macro_f1": 0.8, "curve": [], "gains": None})) == []


def test_more_of_a_label_is_advised_with_what_it_would_gain() -> None:
    gains = [{"number": 4, "more": 60, "gain": 0.041}, {"number": 1, "more": 1_200, "gain": 0.012}]

    given = advice.give(_version(gains=gains))

    assert [each.sentence for each in given] == [
        "About 60 more “Promo” would gain about 4 points.",
        "About 1,200 more “Spam” would gain about 1 point.",
    ]
    assert [(each.code, each.labels, each.view) for each in given] == [
        (Code.MORE_OF_LABEL, (4,), "data"),
        (Code.MORE_OF_LABEL, (1,), "data"),
    ]


def test_a_gain_of_less_than_half_a_point_and_a_label_that_is_gone_are_not_spoken_of() -> None:
    assert _sentences(gains=[{"number": 1, "more": 60, "gain": 0.004}, {"number": 9, "more": 60, "gain": 0.2}]) == []


def test_at_most_three_labels_are_named() -> None:
    gains = [{"number": number, "more": 10, "gain": 0.1} for number in (0, 1, 4, 0)]

    assert len(_sentences(gains=gains)) == 3


def test_labels_that_are_mixed_up_either_way_are_hard_to_tell_apart() -> None:
    (given,) = advice.give(_version(confusion=[[100, 0, 0], [0, 54, 6], [0, 8, 52]]))

    assert given.sentence == (
        "“Promo” and “Spam” are hard to tell apart (mixed up 14 times; “Spam” has 60 examples): look at their "
        "descriptions."
    )
    # More “Promo” were taken for “Spam” than the other way round.
    assert (given.code, given.labels, given.view) == (Code.MIXED_UP, (4, 1), "labels")


@pytest.mark.parametrize(
    ("supports", "mixed", "is_hard"),
    [((60, 60), 9, False), ((60, 60), 10, True), ((1_000, 10), 2, False), ((1_000, 10), 3, True)],
    ids=["a share of .15", "more", "too few", "few, but many of the smaller label"],
)
def test_a_few_mix_ups_say_nothing(supports: tuple[int, int], mixed: int, is_hard: bool) -> None:
    confusion = [[supports[0] - mixed, mixed], [0, supports[1]]]

    given = advice.give(_version(supports=supports, confusion=confusion))

    assert bool(given) == is_hard


def test_the_pair_that_is_mixed_up_most_for_its_size_comes_first() -> None:
    confusion = [[70, 30, 0], [0, 60, 0], [20, 0, 40]]

    given = advice.give(_version(confusion=confusion))

    assert [each.labels for each in given] == [(0, 1), (4, 0)]


def test_a_curve_that_climbs_asks_for_more_of_any_kind() -> None:
    curve = _curve((20, 0.6), (40, 0.7), (60, 0.715), (80, 0.73))

    assert _sentences(curve=curve, interval=[0.78, 0.82]) == [
        "More examples of any kind would still help: the last doubling gained 3 points."
    ]


@pytest.mark.parametrize(("last", "said"), [(0.705, "less than 1 point"), (0.69, "nothing")])
def test_a_flat_curve_says_that_more_of_the_same_would_hardly_help(last: float, said: str) -> None:
    assert _sentences(curve=_curve((40, 0.7), (80, last)), interval=[0.78, 0.82]) == [
        f"More examples of the same kind would hardly help: the last doubling gained {said}. Clearer descriptions, "
        "corrected labels, or texts unlike those that are there may."
    ]


def test_a_score_that_is_hardly_known_says_so_and_a_flat_curve_then_says_nothing() -> None:
    assert _sentences(interval=[0.7, 0.88], measured_count=40, curve=_curve((16, 0.8), (32, 0.8))) == [
        "With 40 measured examples the F1 is only known to within ± 9 points: label or confirm more."
    ]


def test_a_score_that_is_known_well_is_not_spoken_of() -> None:
    assert _sentences(interval=[0.76, 0.84], measured_count=400) == []


def test_what_does_not_beat_doing_without_it_is_said_first_and_plainly() -> None:
    given = advice.give(
        _version(
            baseline_macro_f1=0.3,
            descriptions_macro_f1=0.83,
            gains=[{"number": 4, "more": 60, "gain": 0.041}],
        )
    )

    assert [each.code for each in given] == [Code.NO_BETTER, Code.MORE_OF_LABEL]
    assert given[0].sentence == (
        "It is no better than going by the label descriptions alone: F1 0.80 against 0.83. Its examples may be too "
        "few, or labelled by chance."
    )


@pytest.mark.parametrize(
    ("baseline", "descriptions", "named"),
    [(0.85, 0.8, "always answering the most frequent label"), (0.8, 0.85, "going by the label descriptions alone")],
)
def test_the_better_of_two_rivals_is_named(baseline: float, descriptions: float, named: str) -> None:
    (sentence,) = _sentences(baseline_macro_f1=baseline, descriptions_macro_f1=descriptions)

    assert sentence.startswith(f"It is no better than {named}: F1 0.80 against 0.85.")


def test_what_beats_doing_without_it_needs_no_word() -> None:
    assert _sentences(baseline_macro_f1=0.3, descriptions_macro_f1=None) == []


@pytest.mark.parametrize(
    ("points", "gained"),
    [
        (((50, 0.6), (100, 0.75)), 0.15),
        (((25, 0.5), (100, 0.7)), 0.1),
        (((25, 0.5), (50, 0.6), (75, 0.64), (100, 0.65)), 0.05),
        (((60, 0.5), (100, 0.7)), None),
        (((100, 0.7),), None),
        ((), None),
    ],
    ids=["two points", "halfway on a logarithm", "a point at the half", "no half", "one point", "no curve"],
)
def test_the_last_doubling(points: tuple[tuple[int, float], ...], gained: float | None) -> None:
    found = last_doubling(_curve(*points))

    assert found == (None if gained is None else pytest.approx(gained))
