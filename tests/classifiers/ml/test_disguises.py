"""Words spelled out of shape are read as what they mean, and honest text stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.ml.disguises import undisguise, words_of

KNOWN = frozenset(
    ("send", "free", "money", "now", "idiot", "you", "are", "an", "the", "call", "cash", "fool", "i", "stupid", "usa")
)


def _read(text: str) -> str:
    return undisguise(text, is_word=KNOWN.__contains__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("get F R E E stuff", "get free stuff"),
        ("f-r-e-e", "free"),
        ("f.r.e.e.", "free."),
        ("f*r*e*e m_o_n_e_y", "free money"),
        ("f r e e m o n e y", "free money"),
        ("y o u a r e a n i d i o t", "you are an idiot"),
        ("f r 3 3 money", "free money"),
        ("c a l l 0800 12", "call 0800 12"),
        ("call n o w stupid", "call now stupid"),
        ("U.S.A.", "usa."),
        ("s e n d m*o*n*e*y", "send money"),
        ("s e n d x y", "send x y"),
    ],
)
def test_spaced_out_words_are_joined(text: str, expected: str) -> None:
    assert _read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fr33 m0ney", "free money"),
        ("c@$h", "cash"),
        ("f00l!", "fool!"),
        ("1d10t", "idiot"),
        ("ca11", "call"),
        ("FR33", "free"),
    ],
)
def test_digits_and_signs_that_stand_for_letters_are_read_as_letters(text: str, expected: str) -> None:
    assert _read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b c",
        "1 2 3 4",
        "4x4 wheels, 205/55 R16",
        "the 1st of 80th, 8mg of it, ip4",
        "covid19 and mp3",
        "now!",
        "NOW, you are nice",
        "x-ray, e-mail, a.m.",
        "zzz qqq w w w w q",
        "12345",
        "$$$",
        "é è ê 4",
    ],
)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert _read(text) == text


@given(st.text(max_size=80))
def test_a_text_that_was_read_is_not_read_otherwise_again(text: str) -> None:
    once = _read(text)

    assert _read(once) == once


@pytest.mark.parametrize("piece", ["a.b.", "a1", "1.1.", "a_", "f r e e m o n e y ", "@a", "a b c d e f "])
def test_a_hostile_text_asks_for_words_as_often_as_it_is_long_and_no_more(piece: str) -> None:
    def count(chars: int) -> int:
        asked: list[str] = []
        undisguise((piece * chars)[:chars], is_word=lambda word: bool(asked.append(word)))  # type: ignore[func-returns-value]
        return len(asked)

    # Sixteen times the length: sixteen times as often, not 256.
    assert count(64_000) <= 17 * count(4_000) + 1_000


def test_words_come_from_any_kind_of_vocabulary() -> None:
    class Vocabulary:
        def __init__(self, *pieces: str) -> None:
            self._pieces = pieces

        def get_vocab(self) -> dict[str, int]:
            return {piece: place for place, piece in enumerate(self._pieces)}

    word_pieces = words_of(Vocabulary("[CLS]", "free", "##dom", "naïve", "4"))
    sentence_pieces = words_of(Vocabulary("<s>", "\u2581Free", "dom", "\u2581"))

    assert [word_pieces(word) for word in ("free", "dom", "##dom", "naïve", "4")] == [True, False, False, False, False]
    assert [sentence_pieces(word) for word in ("free", "dom")] == [True, False]
