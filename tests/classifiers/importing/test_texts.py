"""What a text may hold, and the form in which it is kept."""

from __future__ import annotations

import time
import unicodedata

import pytest

from classifiers.importing.texts import MAX_TEXT_CHARS, BadText, clean_text, excerpt, shown

KEPT = {
    "emoji only": ("😀", "😀"),
    "white space around": (" \t\n is it there? \u00a0\n", "is it there?"),
    "white space within": ("a  b\tc", "a  b\tc"),
    "windows line ends": ("one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
    "decomposed": ("u\u0308ber", "über"),
    "right-to-left override": ("\u202eabc", "\u202eabc"),
    "zero-width within": ("pay\u200bpal", "pay\u200bpal"),
    "formula": ("=1+1", "=1+1"),
    "replacement character": ("a\ufffdb", "a\ufffdb"),
    "Arabic number sign alone": ("\u0600", "\u0600"),
    "ten thousand marks": ("a" + "\u0323\u0301" * 5_000, "ạ" + "\u0323" * 4_999 + "\u0301" * 5_000),
}
REFUSED = {
    "nothing": ("", "blank"),
    "white space": (" \t\n\u00a0\u3000", "blank"),
    "zero-width": ("\u200b\u200d\ufeff", "blank"),
    "empty Braille cells": ("\u2800\u2800", "blank"),
    "Hangul fillers": ("\u3164\u115f", "blank"),
    "NUL": ("ab\0c", "the NUL character, as its character 3"),
    "control character": ("a\x07", "the control character U+0007, as its character 2"),
    "control character at the edge": ("abc\x1c", "the control character U+001C, as its character 4"),
    "next line of old hosts": ("a\x85b", "U+0085"),
    "half a surrogate pair": ("ab\ud83d", "half of a surrogate pair, as its character 3"),
    "too long": ("a" * (MAX_TEXT_CHARS + 1), "100,001 characters long; the limit is 100,000"),
    "too long once composed": ("\ufb2c" * (MAX_TEXT_CHARS // 2), "150,000 characters long"),
}


@pytest.mark.parametrize(("raw", "kept"), KEPT.values(), ids=KEPT.keys())
def test_a_text_is_kept_trimmed_in_nfc_and_otherwise_as_given(raw: str, kept: str) -> None:
    assert clean_text(raw) == kept


@pytest.mark.parametrize(("raw", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_text_is_refused_with_a_sentence(raw: str, reason: str) -> None:
    with pytest.raises(BadText) as caught:
        clean_text(raw)

    assert reason in caught.value.sentence
    assert caught.value.sentence.endswith(".")


def test_a_text_of_exactly_the_limit_is_kept_whole() -> None:
    text = "ä" * MAX_TEXT_CHARS

    assert clean_text(f" {text} ") == text


def test_cleaning_twice_changes_nothing() -> None:
    once = clean_text(" u\u0308 \r\n x ")

    assert clean_text(once) == once


def test_the_worst_text_is_cleaned_in_a_blink() -> None:
    # One by one these are no marks, but each is made of two that have to be sorted.
    worst = "\u0f73" * (MAX_TEXT_CHARS // 2)
    started = time.perf_counter()

    cleaned = clean_text(worst)

    assert time.perf_counter() - started < 1.0
    assert cleaned == "\u0f71" * (MAX_TEXT_CHARS // 2) + "\u0f72" * (MAX_TEXT_CHARS // 2)
    assert unicodedata.is_normalized("NFC", cleaned)


@pytest.mark.parametrize(
    ("text", "on_screen"),
    [
        ("plain", "plain"),
        ("a\0b", "a\\x00b"),
        ("a\udcfcb", "a\\xfcb"),
        ("a\ud83db", "a\\ud83db"),
        ("123456789", "1234567…"),
        ("1234567\0", "1234567…"),
    ],
    ids=["plain", "NUL", "undecoded byte", "half character", "too long", "too long once escaped"],
)
def test_what_cannot_be_shown_is_shown_as_an_escape(text: str, on_screen: str) -> None:
    assert shown(text, limit=8) == on_screen


def test_an_excerpt_is_one_line() -> None:
    assert excerpt(" one\r\n  two\tthree ") == "one two three"
