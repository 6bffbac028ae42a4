"""Which texts are duplicates of each other."""

from __future__ import annotations

import pytest

from classifiers.importing.fingerprint import text_key


def test_the_key_of_a_text_never_changes() -> None:
    # Stored with every example: if this fails, version 3 and a migration are due.
    assert text_key("Is the  lamp\nstill there? é") == (
        "93de5be2fdb65cba19e77111240c175853e35740512d945fa4dc048b5e8da014"
    )


@pytest.mark.parametrize(
    "other",
    ["free  gift", " free gift ", "free\r\ngift", "free\u00a0gift", "free\tgift"],
    ids=["two blanks", "blanks around", "line end", "no-break space", "tab"],
)
def test_texts_that_differ_in_white_space_are_duplicates(other: str) -> None:
    assert text_key(other) == text_key("free gift")


def test_texts_that_differ_in_composition_are_duplicates() -> None:
    assert text_key("u\u0308ber") == text_key("über")


@pytest.mark.parametrize("other", ["Free gift", "FREE GIFT", "fREE Gift"])
def test_texts_that_differ_in_case_are_duplicates(other: str) -> None:
    assert text_key(other) == text_key("free gift")


def test_case_is_folded_as_unicode_has_it() -> None:
    assert text_key("STRASSE") == text_key("Straße")


@pytest.mark.parametrize(
    "other",
    ["free gift!", "freegift", "free\u200b gift", "fr\u0435e gift", "ｆree gift"],
    ids=["punctuation", "no blank", "zero-width", "look-alike", "full width"],
)
def test_texts_that_teach_different_things_are_no_duplicates(other: str) -> None:
    assert text_key(other) != text_key("free gift")


def test_half_a_surrogate_pair_has_no_key() -> None:
    with pytest.raises(UnicodeEncodeError):
        text_key("a\ud83d")
