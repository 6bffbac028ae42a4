"""What a sheet hides, merges or takes for numbers, and which sheet of several is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from classifiers.importing import xlsx_reader
from classifiers.importing.rows import Refused, Row
from classifiers.importing.xlsx_reader import NoSuchSheet
from tests.classifiers.importing import workbooks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.upload"


def _read(path: Path, **choices: Any) -> list[Row | Refused]:
    """Read the sheet that is proposed, text in the first column and the label in the second."""
    return list(xlsx_reader.read_rows(path, **{"text_column": 0, "label_column": 1} | choices))


def _reasons(rows: list[Row | Refused]) -> dict[int, str]:
    return {row.number: row.reason for row in rows if isinstance(row, Refused)}


def _several_sheets(path: Path, *, state: str = "hidden") -> Path:
    book = Workbook()
    book.active.title = "Blank"
    for name, text in {"Notes": "a note", "Messages": "a message", "More": "one more"}.items():
        sheet = book.create_sheet(name)
        sheet.append(["text"])
        sheet.append([text])
    book["Notes"].sheet_state = state
    book.save(path)
    return path


def test_the_first_sheet_that_is_neither_blank_nor_hidden_is_proposed(path: Path) -> None:
    seen = xlsx_reader.look(_several_sheets(path))

    assert seen.sheet == "Messages"
    assert seen.sheets == {"Blank": "visible", "Notes": "hidden", "Messages": "visible", "More": "visible"}
    assert seen.warnings == ("Hidden sheets aren't read: 1 (“Notes”).",)
    assert _read(path, label_column=None) == [Row(2, "a message", None)]


def test_a_sheet_of_charts_is_none_to_choose(path: Path) -> None:
    book = Workbook()
    book.create_chartsheet("Chart", 0)
    book["Sheet"].append(["text"])
    book["Sheet"].append(["hello"])
    book.save(path)

    assert xlsx_reader.look(path).sheets == {"Sheet": "visible"}


def test_another_sheet_can_be_chosen(path: Path) -> None:
    _several_sheets(path)

    assert xlsx_reader.look(path, sheet="More").first_rows == (("one more",),)
    assert _read(path, sheet="More", label_column=None) == [Row(2, "one more", None)]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_cannot_be_chosen(path: Path, state: str) -> None:
    _several_sheets(path, state=state)

    with pytest.raises(NoSuchSheet, match="The sheet “Notes” is hidden"):
        xlsx_reader.look(path, sheet="Notes")


def test_a_sheet_that_is_not_there_cannot_be_chosen(path: Path) -> None:
    _several_sheets(path)

    with pytest.raises(NoSuchSheet) as caught:
        xlsx_reader.look(path, sheet="messages\0")

    assert caught.value.sentence == "There is no sheet “messages\\x00” in the workbook. Choose another one."


def test_hidden_rows_are_refused_and_counted(path: Path) -> None:
    book = Workbook()
    for row in (["old header"], ["text"], ["shown"], ["hidden"], ["shown too"]):
        book.active.append(row)
    for number in (1, 4):
        book.active.row_dimensions[number].hidden = True
    book.save(path)

    rows = _read(path, label_column=None)

    reason = "The row is hidden. If it's to be imported, show it in Excel, save, and upload that."
    assert rows == [Refused(1, reason, "old header"), Row(3, "shown", None), Refused(4, reason, "hidden"), *rows[3:]]
    assert xlsx_reader.look(path).warnings == ("Rows that are hidden will be refused: 2, the first is row 1.",)
    assert xlsx_reader.look(path).first_rows == (("shown",), ("shown too",))


def test_of_merged_cells_only_the_top_left_one_has_a_value_and_the_other_rows_are_refused(path: Path) -> None:
    book = Workbook()
    for row in (["text", "label"], ["one", "Spam"], ["two", None], ["three", None], ["four", "Fine"], ["wide", None]):
        book.active.append(row)
    book.active.merge_cells("B2:B4")
    book.active.merge_cells("A6:B6")
    book.save(path)

    rows = _read(path)

    assert [row.number for row in rows if isinstance(row, Row)] == [2, 5]
    assert _reasons(rows) == {
        3: "Cell B3 is merged with B2 and has no value of its own. Unmerge them and fill in both.",
        4: "Cell B4 is merged with B2 and has no value of its own. Unmerge them and fill in both.",
        6: "Cell B6 is merged with A6 and has no value of its own. Unmerge them and fill in both.",
    }
    assert xlsx_reader.look(path).warnings == (
        "Merged areas: 2. Only the cell at the top left of each has a value; a row whose text or label is in another "
        "will be refused.",
    )


def test_a_cell_that_is_merged_with_itself_keeps_its_value(path: Path) -> None:
    area = '<mergeCells><mergeCell ref="A2"/></mergeCells>'
    workbooks.build(path, workbooks.table(workbooks.text("A2", "hello")), after=area)

    assert _read(path) == [Row(2, "hello", "")]


def test_merged_cells_in_other_columns_do_no_harm(path: Path) -> None:
    book = Workbook()
    for row in (["text", "label", "week"], ["one", "Spam", 1], ["two", "Fine", None]):
        book.active.append(row)
    book.active.merge_cells("C2:C3")
    book.save(path)

    assert _read(path) == [Row(2, "one", "Spam"), Row(3, "two", "Fine")]


NUMERIC = {
    "long numbers": ("order", [123456789012, "x"], "General", True),
    "zeros in front": ("order", [7, "x"], "00000", True),
    "a name of ids": ("customer_id", [7, 8], "General", True),
    "a name in camel case": ("orderId", [7, 8], "General", True),
    "ids of which some are text": ("id", [7, "A8"], "General", False),
    "ids as text": ("id", ["007", "008"], "General", False),
    "numbers of labels": ("label", [0, 1], "General", False),
    "a name that only ends so": ("paid", [0, 1], "General", False),
}


@pytest.mark.parametrize(("name", "values", "number_format", "is_warned"), NUMERIC.values(), ids=NUMERIC.keys())
def test_digits_that_excel_took_for_numbers_are_warned_of(
    path: Path, name: str, values: list[Any], number_format: str, is_warned: bool
) -> None:
    book = Workbook()
    book.active.append(["text", name])
    for number, value in enumerate(values, 2):
        book.active.append(["hello", value])
        book.active.cell(number, 2).number_format = number_format
    book.save(path)

    warnings = xlsx_reader.look(path).warnings

    expected = (
        f"Column 2, “{name}”, is numeric: zeros in front and digits after the 15th are lost. If they matter, format "
        "the column as text and enter them again.",
    )
    assert warnings == (expected if is_warned else ())
