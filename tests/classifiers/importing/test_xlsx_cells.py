"""What cells of each kind say, and which can't be taken."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from classifiers.importing import xlsx_reader
from classifiers.importing.rows import Refused, Row
from tests.classifiers.importing import workbooks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.upload"


def _read_one(path: Path, *, text_column: int = 0, label_column: int | None = None) -> Row | Refused:
    (row,) = xlsx_reader.read_rows(path, text_column=text_column, label_column=label_column)
    return row


WRITTEN: dict[str, tuple[Any, str]] = {
    "whole number": (5, "5"),
    "float without a fraction": (1.0, "1"),
    "fraction": (0.1, "0.1"),
    "negative": (-2.50, "-2.5"),
    "true": (True, "TRUE"),
    "false": (False, "FALSE"),
    "date": (dt.date(2026, 1, 31), "2026-01-31"),
    "date and time": (dt.datetime(2026, 1, 31, 14, 5), "2026-01-31T14:05:00"),
    "midnight": (dt.datetime(2026, 1, 31), "2026-01-31"),
    "milliseconds": (dt.datetime(2026, 1, 31, 14, 5, 0, 250_000), "2026-01-31T14:05:00.250"),
    "time": (dt.time(9, 30), "09:30:00"),
    "span of time": (dt.timedelta(hours=26, minutes=3), "26:03:00"),
    "early date": (dt.date(1900, 1, 1), "1900-01-01"),
}


@pytest.mark.parametrize(("value", "text"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_value_becomes_the_text_that_a_person_would_write(path: Path, value: Any, text: str) -> None:
    workbooks.save(path, ["text"], [value])

    assert _read_one(path) == Row(2, text, None)


STORED = {
    "1.0": ("<c><v>1.0</v></c>", "1"),
    "power of ten": ("<c><v>1E3</v></c>", "1000"),
    "minus zero": ("<c><v>-0</v></c>", "0"),
    "17 digits of a fraction": ("<c><v>3.1400000000000001</v></c>", "3.14"),
    "more digits than a double holds": ("<c><v>12345678901234567890</v></c>", "12345678901234567890"),
    "huge": ("<c><v>1E+20</v></c>", "1e+20"),
    "built-in date": ('<c s="4"><v>46053</v></c>', "2026-01-31"),
    "date in another calendar's words": ('<c s="1"><v>46053</v></c>', "2026-01-31"),
    "just before midnight": ('<c s="1"><v>46052.9999999999</v></c>', "2026-01-31"),
    "color and literal, no date": ('<c s="2"><v>5</v></c>', "5"),
    "span of time below zero": ('<c s="3"><v>-0.5</v></c>', "-12:00:00"),
    "built-in span of time": ('<c s="5"><v>1.25</v></c>', "30:00:00"),
    "date below zero only": ('<c s="6"><v>5</v></c>', "5"),
    "date as text": ('<c t="d"><v>2026-01-31T00:00:00</v></c>', "2026-01-31"),
    "carriage return": ('<c t="inlineStr"><is><t>a_x000D_\nb</t></is></c>', "a\nb"),
    "an escape that is escaped": ('<c t="inlineStr"><is><t>_x005F_x0041_</t></is></c>', "_x0041_"),
    "formula's number": ("<c><f>1+1</f><v>2</v></c>", "2"),
    "formula's text": ('<c t="str"><f>A1</f><v>hello</v></c>', "hello"),
    "formula's boolean": ('<c t="b"><f>1=1</f><v>1</v></c>', "TRUE"),
}


@pytest.mark.parametrize(("cell", "text"), STORED.values(), ids=STORED.keys())
def test_a_cell_is_read_as_excel_shows_it(path: Path, cell: str, text: str) -> None:
    codes = ["[$-407]d\\. mmmm yyyy;@", "[Red]&quot;days&quot; 0_d", "[h]:mm", "0;yyyy"]
    styles = (
        f'<styleSheet xmlns="{workbooks.MAIN}"><numFmts>'
        + "".join(f'<numFmt numFmtId="{201 + at}" formatCode="{code}"/>' for at, code in enumerate(codes))
        + '</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="201"/>'
        '<xf numFmtId="202"/><xf numFmtId="203"/><xf numFmtId="14"/><xf numFmtId="46"/><xf numFmtId="204"/></cellXfs>'
        "</styleSheet>"
    )
    workbooks.build(path, workbooks.table(cell), parts={"xl/styles.xml": styles})

    assert _read_one(path) == Row(2, text, None)


def test_days_count_from_1904_where_the_workbook_says_so(path: Path) -> None:
    workbooks.build(
        path, workbooks.table('<c s="1"><v>44591</v></c>'), formats=["yyyy-mm-dd"], properties='date1904="1"'
    )

    assert _read_one(path) == Row(2, "2026-01-31", None)


REFUSED = {
    "formula without value": ("<c r='A2'><f>1+1</f></c>", "=1+1", "holds a formula without value. Open the workbook"),
    "formula with an empty value": ("<c r='A2'><f>1+1</f><v></v></c>", "=1+1", "holds a formula without value."),
    "not available": ("<c r='A2' t='e'><v>#N/A</v></c>", "#N/A", "holds the error #N/A. Correct it, or write"),
    "error of a formula": ("<c r='A2' t='e'><f>1/0</f><v>#DIV/0!</v></c>", "#DIV/0!", "holds the error #DIV/0!."),
    "no number": ("<c r='A2'><v>1_000</v></c>", "1_000", "holds “1_000”, which is no number."),
    "not a number": ("<c r='A2'><v>nan</v></c>", "nan", "holds “nan”, which is no number."),
    "too large a number": ("<c r='A2'><v>1E999</v></c>", "1E999", "holds “1E999”, which is no number."),
    "date before all dates": ("<c r='A2' s='1'><v>-5</v></c>", "-5", "holds a date that no calendar has."),
    "date after all dates": ("<c r='A2' s='1'><v>9999999</v></c>", "1e+07", "holds a date that no calendar has."),
}


@pytest.mark.parametrize(("cell", "shown", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_cell_without_a_value_is_refused_by_its_name_and_shown_in_the_preview(
    path: Path, cell: str, shown: str, reason: str
) -> None:
    workbooks.build(path, workbooks.table(cell), formats=["yyyy-mm-dd"])

    row = _read_one(path)

    assert isinstance(row, Refused)
    assert row.reason.startswith(f"Cell A2 {reason}")
    assert (row.excerpt, xlsx_reader.look(path).first_rows) == (shown, ((shown, ""),))


def test_a_formula_that_yields_nothing_is_a_blank_cell(path: Path) -> None:
    workbooks.build(
        path, workbooks.table(workbooks.text("A2", "hello") + '<c r="B2" t="str"><f>IF(1,"")</f><v></v></c>')
    )

    assert _read_one(path, label_column=1) == Row(2, "hello", "")


def test_an_error_counts_only_in_the_columns_that_are_chosen(path: Path) -> None:
    book = Workbook()
    book.active.append(["text", "label"])
    book.active.append(["hello", "=1+1"])
    book.save(path)

    assert _read_one(path) == Row(2, "hello", None)
    refused = _read_one(path, label_column=1)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("Cell B2 holds a formula without value.")


def test_a_preview_counts_the_errors_of_each_column(path: Path) -> None:
    workbooks.save(path, ["text", "label"], ["one", 1], ["two", "=A1"], ["#N/A", "=A2"])

    assert xlsx_reader.look(path).warnings == (
        "Cells of column 1, “text”, that hold an error or a formula without value: 1, the first is in row 4. Their "
        "rows are refused if you choose this column.",
        "Cells of column 2, “label”, that hold an error or a formula without value: 2, the first is in row 3. Their "
        "rows are refused if you choose this column.",
    )
