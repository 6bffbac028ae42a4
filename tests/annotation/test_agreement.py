"""Agreement beyond chance: the published examples, to the digit."""

from __future__ import annotations

import pytest

from annotation.agreement import cohen_kappa, in_words, krippendorff_alpha

# J. Cohen 1960, table 2: two judges sort 200 patients into three groups; rows are the one, columns the other.
_COHEN = ((88, 14, 18), (10, 40, 10), (2, 6, 12))
# K. Krippendorff 2011, section C: four observers, twelve units, a dot where one has seen none.
_KRIPPENDORFF = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def test_kappa_of_the_example_of_1960() -> None:
    pairs = [(a, b) for a, row in enumerate(_COHEN) for b, count in enumerate(row) for _ in range(count)]

    kappa = cohen_kappa([a for a, _ in pairs], [b for _, b in pairs])

    assert kappa == pytest.approx((0.70 - 0.41) / (1 - 0.41))


def test_alpha_of_the_example_of_2011() -> None:
    units = ["".join(column).replace(".", "") for column in zip(*_KRIPPENDORFF, strict=True)]

    alpha = krippendorff_alpha(units)

    assert alpha == pytest.approx(0.743, abs=0.0005)


def test_full_agreement_is_one() -> None:
    assert cohen_kappa("abab", "abab") == 1
    assert krippendorff_alpha(["aa", "bbb"]) == 1


def test_agreement_by_chance_is_zero() -> None:
    assert cohen_kappa("aabb", "abab") == 0


def test_agreeing_less_than_by_chance_is_below_zero() -> None:
    assert cohen_kappa("ab", "ba") == -1


@pytest.mark.parametrize("units", [[], ["a"], ["aa", "aaa"]], ids=["nothing", "single labels", "one label only"])
def test_without_anything_to_disagree_about_alpha_is_undefined(units: list[str]) -> None:
    assert krippendorff_alpha(units) is None


@pytest.mark.parametrize("labels", ["", "aa"], ids=["nothing", "one label only"])
def test_without_anything_to_disagree_about_kappa_is_undefined(labels: str) -> None:
    assert cohen_kappa(labels, labels) is None


def test_kappa_refuses_labels_of_different_texts() -> None:
    with pytest.raises(ValueError, match="3 labels of one person, 2 of the other"):
        cohen_kappa("abc", "ab")


@pytest.mark.parametrize(
    ("value", "words"),
    [(-0.2, "poor"), (0.1, "slight"), (0.3, "fair"), (0.5, "moderate"), (0.7, "substantial"), (0.9, "almost perfect")],
)
def test_an_agreement_has_its_usual_word(value: float, words: str) -> None:
    assert in_words(value) == words
