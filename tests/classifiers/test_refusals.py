"""Refused rows as a file: complete, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from classifiers.importing.labels import LabelBook, LabelName
from classifiers.services import column_guess, refusals
from tests.factories import ImportRunFactory


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_kept_from_it(start: str) -> None:
    assert refusals.escape_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("value", ["", "plain", "a=1", "1+1", "'=1"])
def test_other_cells_stay_as_they_are(value: str) -> None:
    assert refusals.escape_cell(value) == value


@pytest.mark.django_db
def test_every_refused_row_is_in_the_file_in_order() -> None:
    run = ImportRunFactory()
    run.refusals.create(row_number=7, reason="The text is blank.", excerpt="")
    run.refusals.create(row_number=3, reason="“=x” is not a label.", excerpt='=1+1, "quoted"\nsecond line')

    rows = list(csv.reader(io.StringIO("".join(refusals.as_csv(run)), newline="")))

    assert rows == [
        ["\ufeffrow", "reason", "text"],
        ["3", "“=x” is not a label.", '\'=1+1, "quoted"\nsecond line'],
        ["7", "The text is blank.", ""],
    ]


@pytest.mark.parametrize(
    ("header", "rows", "guessed"),
    [
        (["text", "label"], [], (0, 1)),
        (["Label", " TEXT "], [], (1, 0)),
        (["id", "words"], [["1", "a long text"]], (1, None)),
        (["words"], [], (0, None)),
        (["label"], [["0"]], (0, None)),
        (["a", "b"], [["only one cell"]], (0, None)),
        (["post", "kind"], [["my mail", ""], ["too much", "spam"], ["hello", " Fine "]], (0, 1)),
        (["post", "no"], [["my mail", "0"], ["too much", "1"], ["hello", "0"]], (0, 1)),
        (["no", "post"], [["0", "my mail"], ["1", "too much"], ["2", "hello"]], (1, None)),
        (["post", "kind"], [["my mail", "spam"], ["too much", "advert"]], (0, None)),
        (["post", "source"], [["my mail", "Spam"], ["too much", "Spam"]], (0, None)),
    ],
    ids=[
        "by name",
        "case and blanks",
        "by length",
        "one column",
        "only a label",
        "ragged",
        "by the labels' names",
        "by the labels' numbers",
        "counted rows",
        "some other words",
        "one word only",
    ],
)
def test_the_columns_are_proposed(header: list[str], rows: list[list[str]], guessed: tuple[int, int | None]) -> None:
    book = LabelBook([LabelName(0, "Fine"), LabelName(1, "Spam")])

    assert column_guess.guess(header, rows=rows, book=book) == guessed
