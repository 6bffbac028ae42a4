"""What counts as blank, and normal form C in time that grows with the length only."""

from __future__ import annotations

import random
import time
import unicodedata

import pytest

from moderation.text import is_blank, to_nfc


@pytest.mark.parametrize(
    "text",
    ["", " \t\r\n", "\u00a0\u3000", "\u200b\u200d\ufeff", "\u2800", "\u3164\u115f", "\ufe0f", "\u202e", "\x00\x07"],
    ids=["empty", "ASCII", "wide", "zero-width", "Braille", "fillers", "selector", "override", "control"],
)
def test_a_text_in_which_nothing_can_be_seen_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "text",
    ["a", " \u200b.", "😀", "\u0301", "\u0600", "\ufffd", "\ue000"],
    ids=["letter", "dot", "emoji", "mark", "Arabic number sign", "replacement", "private use"],
)
def test_a_text_in_which_something_can_be_seen_is_not_blank(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.slow
def test_a_long_text_is_composed_as_a_short_one() -> None:
    rng = random.Random(0)
    points = range(0x110000)
    made_of_parts = [chr(point) for point in points if unicodedata.decomposition(chr(point))]
    marks = [chr(point) for point in points if unicodedata.combining(chr(point))]
    text = "".join(rng.choices([*made_of_parts, *marks, *"aeiou" * 100], k=5_000))

    assert to_nfc(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "unit",
    ["\u0323\u0301", "\u0301\u0323", "\u0f73", "\u0344"],
    ids=["in order", "out of order", "no mark but made of two", "mark made of two"],
)
def test_composing_takes_no_longer_for_hostile_marks(unit: str) -> None:
    # With plain `unicodedata.normalize` the worst of these takes half a minute.
    text = "a" + unit * (100_000 // len(unit))
    started = time.perf_counter()

    composed = to_nfc(text)

    assert time.perf_counter() - started < 2.0
    assert unicodedata.is_normalized("NFC", composed)
