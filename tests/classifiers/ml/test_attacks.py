"""Disguises made on purpose."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.ml.attacks import ATTACKS, attack
from classifiers.ml.disguises import undisguise
from moderation.text import normalize

TEXT = "please send some money right now, it costs nothing"


@pytest.mark.parametrize("kind", ATTACKS)
def test_half_of_the_words_are_disguised_and_the_rest_stays(kind: str) -> None:
    attacked = attack(TEXT, kind=kind, rng=np.random.default_rng(0))

    assert attacked != TEXT
    untouched = [word for word in TEXT.replace(",", "").split() if word in attacked.replace(",", "").split()]
    assert len(untouched) >= 3


@pytest.mark.parametrize("kind", ATTACKS)
def test_the_same_generator_gives_the_same_text(kind: str) -> None:
    first, second = (attack(TEXT, kind=kind, rng=np.random.default_rng(7)) for _ in range(2))

    assert first == second


@pytest.mark.parametrize("kind", ATTACKS)
@pytest.mark.parametrize("text", ["", "ok", "12 34", "明日の午後"])
def test_a_text_without_a_word_of_three_letters_comes_back_as_it_was(kind: str, text: str) -> None:
    assert attack(text, kind=kind, rng=np.random.default_rng(0)) == text


@pytest.mark.parametrize("kind", ["look-alikes", "zero-width", "spaced"])
def test_some_disguises_are_undone_whole(kind: str) -> None:
    known = frozenset(TEXT.replace(",", "").split())

    attacked = attack(TEXT, kind=kind, rng=np.random.default_rng(1), share=1.0)

    assert undisguise(normalize(attacked).content, is_word=known.__contains__) == TEXT


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyError):
        attack(TEXT, kind="nonsense", rng=np.random.default_rng(0))
