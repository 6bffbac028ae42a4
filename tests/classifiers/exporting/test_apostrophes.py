"""What an export puts before a cell, an import takes off again: that and nothing else."""

from __future__ import annotations

import pytest

from classifiers.importing import apostrophes, rows
from classifiers.importing.rows import Row

HEADER = ["text", "label", apostrophes.MARK_COLUMN]


def _read(*cells: str, header: list[str] = HEADER) -> tuple[str, str | None]:
    columns = rows.choose_columns(header, text=0, label=1)
    row = rows.read_row(2, cells=cells, columns=columns)
    assert isinstance(row, Row)
    return row.text, row.label_cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_cell_that_a_spreadsheet_might_run_gets_an_apostrophe(start: str) -> None:
    assert apostrophes.guard(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("cell", ["", "plain", "a=1", "1+1", "'=1", "'", " =1"])
def test_another_cell_stays_as_it_is(cell: str) -> None:
    assert apostrophes.guard(cell) == cell


@pytest.mark.parametrize(
    ("mark", "taken"),
    [
        ("text", ("=1", "'=2")),
        ("label", ("'=1", "=2")),
        ("text label", ("=1", "=2")),
        ("", ("'=1", "'=2")),
        ("yes", ("'=1", "'=2")),
    ],
)
def test_the_apostrophe_is_taken_off_the_cells_that_the_mark_names(mark: str, taken: tuple[str, str]) -> None:
    assert _read("'=1", "'=2", mark) == taken


def test_only_one_apostrophe_is_taken_off() -> None:
    assert _read("''=1", "x", "text") == ("'=1", "x")


def test_a_marked_cell_from_which_somebody_took_it_off_stays() -> None:
    assert _read("=1", "x", "text") == ("=1", "x")


def test_a_file_without_the_column_of_marks_stays_as_given() -> None:
    assert _read("'=1", "'=2", "text", header=["text", "label", "note"]) == ("'=1", "'=2")
