"""Which label a cell names."""

from __future__ import annotations

import time

import pytest

from classifiers.importing.labels import LabelBook, LabelName, Matched, Unknown, match_label

LABELS = (LabelName(0, "Fine"), LabelName(1, "Spam"), LabelName(7, "Über uns"), LabelName(8, "Not sure"))

MATCHED = {
    "number": ("0", 0),
    "number with blanks": (" 1 ", 1),
    "number of a spreadsheet": ("7.0", 7),
    "number with a plus": ("+1", 1),
    "full-width number": ("７", 7),
    "name": ("Spam", 1),
    "other case": ("sPAM", 1),
    "blanks around": ("\tFine ", 0),
    "blanks within": ("not   sure", 8),
    "no-break space": ("not\u00a0sure", 8),
    "decomposed": ("u\u0308ber UNS", 7),
    "full-width": ("Ｓｐａｍ", 1),
    "empty": ("", None),
    "blank": (" \t", None),
    "zero-width": ("\u200b", None),
    "two hundred blanks and more": (" " * 300, None),
    "name behind many blanks": (" " * 300 + "Spam", 1),
}
UNKNOWN = {
    "no such number": ("2", "There is no label 2. The labels are: 0 Fine, 1 Spam, 7 Über uns, 8 Not sure.", None),
    "negative": ("-1", "“-1” is not a label.", None),
    "fraction": ("1.5", "“1.5” is not a label.", None),
    "nothing near": ("weather", "“weather” is not a label. The labels are: 0 Fine", None),
    "a letter wrong": ("Spamm", "“Spamm” is not a label. The nearest is “Spam”, number 1.", 1),
    "Cyrillic a": ("Sp\u0430m", "looks like the label “Spam”, but holds other or hidden characters (U+0430)", 1),
    "zero-width within": ("Sp\u200bam", "(U+200B)", 1),
    "two labels": ("Fine, Spam", "is not a label", None),
    "a text": ("Is it there? " * 30, "is not a label. The labels are", None),
    "control characters": ("x\0y", "“x\\x00y” is not a label", None),
}


@pytest.mark.parametrize(("cell", "number"), MATCHED.values(), ids=MATCHED.keys())
def test_a_cell_names_a_label(cell: str, number: int | None) -> None:
    assert match_label(cell, labels=LABELS) == Matched(number)


@pytest.mark.parametrize(("cell", "reason", "nearest"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_cell_that_names_none_is_told_why(cell: str, reason: str, nearest: int | None) -> None:
    found = match_label(cell, labels=LABELS)

    assert isinstance(found, Unknown)
    assert reason in found.sentence
    assert found.sentence.endswith(".")
    assert (found.nearest and found.nearest.number) == nearest


def test_digits_are_a_number_even_where_a_label_is_named_so() -> None:
    labels = [LabelName(0, "5"), LabelName(1, "1")]

    found = match_label("5", labels=labels)

    assert isinstance(found, Unknown)
    assert "A label is named “5”, but digits are read as a label's number: write 0." in found.sentence
    assert match_label("1", labels=labels) == Matched(1)


def test_two_labels_that_differ_in_case_only_must_be_written_exactly() -> None:
    labels = [LabelName(0, "Ham"), LabelName(1, "HAM")]

    found = match_label("ham", labels=labels)

    assert match_label("HAM", labels=labels) == Matched(1)
    assert isinstance(found, Unknown)
    assert found.sentence == "“ham” could be “Ham” and “HAM”. Write the label's number."


@pytest.mark.slow
def test_a_wrong_column_does_not_make_hours_of_searching() -> None:
    book = LabelBook([LabelName(number, f"Label of some length {number}") for number in range(50)])
    started = time.perf_counter()

    for number in range(20_000):
        book.match(f"A text in the wrong column, {number}")

    assert time.perf_counter() - started < 5.0
