"""Excel workbooks as people and programs write them, read for real."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classifiers.importing import xlsx_reader
from classifiers.importing.headers import BadHeader, TooManyColumns
from classifiers.importing.rows import NoRows, NoSuchColumn, Refused, Row, TooManyRows
from tests.classifiers.importing import workbooks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.upload"


def _read(path: Path, **choices: Any) -> list[Row | Refused]:
    """Read the sheet that is proposed, text in the first column and the label in the second."""
    return list(xlsx_reader.read_rows(path, **{"text_column": 0, "label_column": 1} | choices))


def test_rows_come_out_as_they_were_written(path: Path) -> None:
    workbooks.save(path, ["text", "label"], [" hello ", "Fine"], ["über 😀\nzwei", None], ["win", 1])

    assert _read(path) == [Row(2, "hello", "Fine"), Row(3, "über 😀\nzwei", ""), Row(4, "win", "1")]


def test_a_preview_tells_all_that_the_screen_needs(path: Path) -> None:
    workbooks.save(path, ["text", "label"], *[[f"row {number}", 1] for number in range(2, 31)], [None, "Fine"])

    seen = xlsx_reader.look(path)

    assert (seen.kind, seen.sheets, seen.sheet) == ("xlsx", {"Messages": "visible"}, "Messages")
    assert (seen.encoding, seen.certain, seen.encoding_note, seen.delimiter) == ("", True, "", "")
    assert (seen.header, seen.header_problems, seen.warnings) == (("text", "label"), (), ())
    assert (len(seen.first_rows), seen.row_count) == (20, 30)
    assert seen.first_rows[0] == ("row 2", "1")


def test_a_preview_fills_short_rows_and_shortens_long_cells(path: Path) -> None:
    workbooks.save(path, ["text", "label"], ["x" * 1_000])

    assert xlsx_reader.look(path).first_rows == (("x" * 299 + "…", ""),)


FORMATTED = ("<r><t>Sp</t></r>\n<r><rPr><b/></rPr><t>am</t></r>", "<t>東</t><rPh><t>トウ</t></rPh>")


def test_texts_that_cells_share_are_found(path: Path) -> None:
    rows = workbooks.table('<c r="A2" t="s"><v>2</v></c><c r="B2" t="s"><v>1</v></c>', '<c t="s"><v>0</v></c>')
    workbooks.build(
        path,
        rows,
        strings=["<t>plain</t>", *FORMATTED],
    )

    assert _read(path) == [Row(2, "東", "Spam"), Row(3, "plain", "")]


def test_formatting_phonetic_hints_and_line_ends_between_elements_are_no_part_of_a_text(path: Path) -> None:
    spam, east = (f"<is>{content}</is>" for content in FORMATTED)
    workbooks.build(path, workbooks.table(f'<c t="inlineStr">{east}</c><c t="inlineStr">{spam}</c>'))

    assert _read(path) == [Row(2, "東", "Spam")]


def test_both_names_of_the_format_are_understood(path: Path) -> None:
    workbooks.build(path, workbooks.table(workbooks.text("A2", "hello")), namespace=workbooks.STRICT)

    assert _read(path) == [Row(2, "hello", "")]


@pytest.mark.parametrize(
    "rename", [str.upper, lambda name: name.replace("/", "\\")], ids=["other case", "separators of Windows"]
)
def test_parts_are_found_however_their_names_are_written(path: Path, rename: Callable[[str], str]) -> None:
    honest = workbooks.build(path.with_name("honest"), workbooks.table(workbooks.text("A2", "hello")))
    with zipfile.ZipFile(honest) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.infolist():
            new.writestr(rename(member.filename), old.read(member))

    assert _read(path) == [Row(2, "hello", "")]


def test_rows_have_the_numbers_that_excel_shows_and_blank_ones_are_left_out(path: Path) -> None:
    workbooks.save(path, [], [None, ""], ["text", "label"], ["first", 0], [], ["second", 1], [])

    assert [row.number for row in _read(path)] == [4, 6]
    assert xlsx_reader.look(path).row_count == 2


def test_rows_and_cells_without_a_reference_follow_each_other(path: Path) -> None:
    cells = "<c t='inlineStr'><is><t>text</t></is></c><c t='inlineStr'><is><t>label</t></is></c>"
    workbooks.build(path, f"<row>{cells}</row><row><c><v>7</v></c></row><row r='9'><c r='B9'><v>1</v></c></row>")

    assert xlsx_reader.look(path).first_rows == (("7", ""), ("", "1"))


def test_a_row_of_empty_texts_is_blank(path: Path) -> None:
    workbooks.build(path, workbooks.table(workbooks.text("A2", "hello"), '<c t="s"><v>0</v></c>'), strings=["<t/>"])

    assert [row.number for row in _read(path)] == [2]


def test_without_a_label_column_rows_have_no_label_cell(path: Path) -> None:
    workbooks.save(path, ["text", "label"], ["hello", "Fine"])

    assert _read(path, label_column=None) == [Row(2, "hello", None)]


def test_columns_count_from_the_first_one_of_the_sheet(path: Path) -> None:
    workbooks.save(path, ["id", "label", "date", "text"], [7, "Spam", None, "hello"])

    assert _read(path, text_column=3, label_column=1) == [Row(2, "hello", "Spam")]


@pytest.mark.parametrize(
    "text",
    ["+49 30 1234", "-5", "@home", "'quoted", "007", "<b>bold</b>", "\u202eabc", "😀", 'say "hi"', "a\tb"],
    ids=["plus", "minus", "at", "apostrophe", "zeros", "markup", "override", "emoji", "quotes", "tab"],
)
def test_a_text_comes_back_as_it_was_written(path: Path, text: str) -> None:
    workbooks.save(path, ["text", "label"], [text, "0"])

    assert _read(path) == [Row(2, text, "0")]


ROWS_REFUSED = {
    "blank": ("<t>  </t>", "The text is blank."),
    "zero-width": ("<t>\u200b\u200d</t>", "The text is blank."),
    "NUL": ("<t>a_x0000_b</t>", "The text holds the NUL character, as its character 2."),
    "half of a surrogate pair": ("<t>a_xD83D_</t>", "The text holds half of a surrogate pair, as its character 2."),
    "text too long": (f"<t>{'a' * 100_001}</t>", "100,001 characters long; the limit is 100,000"),
    "cell too long": (
        f"<t>{'a' * 150_000}</t>",
        "Cell A2 is 150,000 characters long; the limit is 131,072. Shorten it.",
    ),
}


@pytest.mark.parametrize(("string", "reason"), ROWS_REFUSED.values(), ids=ROWS_REFUSED.keys())
@pytest.mark.parametrize("is_shared", [True, False], ids=["shared", "inline"])
def test_a_bad_text_is_refused_and_the_others_are_taken(path: Path, string: str, reason: str, is_shared: bool) -> None:
    cell = '<c t="s"><v>0</v></c>' if is_shared else f'<c t="inlineStr"><is>{string}</is></c>'
    workbooks.build(path, workbooks.table(cell + workbooks.text("B2", "0"), "<c><v>5</v></c>"), strings=[string])

    refused, taken = _read(path)

    assert isinstance(refused, Refused)
    assert refused.number == 2
    assert reason in refused.reason
    assert taken == Row(3, "5", "")


def test_a_cell_that_is_too_long_does_no_harm_in_a_column_that_is_not_chosen(path: Path) -> None:
    workbooks.build(path, workbooks.table(workbooks.text("A2", "hello") + workbooks.text("B2", "a" * 150_000)))

    assert _read(path, label_column=None) == [Row(2, "hello", None)]


def test_a_text_of_exactly_the_limit_is_taken_whole(path: Path) -> None:
    workbooks.build(path, workbooks.table('<c t="s"><v>0</v></c>'), strings=[f"<t>{'ä' * 100_000}</t>"])

    assert _read(path) == [Row(2, "ä" * 100_000, "")]


def test_a_value_that_the_header_does_not_name_is_refused_with_its_column(path: Path) -> None:
    workbooks.save(path, ["text", "label"], ["hello", 0, None, "note"], ["win", 1])

    rows = _read(path)

    assert rows == [
        Refused(
            2,
            "There is a value in column D, but the header doesn't name it. Name the column or delete it.",
            "hello | 0 | | note",
        ),
        Row(3, "win", "1"),
    ]
    assert xlsx_reader.look(path).warnings == (
        "Rows that hold a value in a column that the header doesn't name will be refused: 1, the first is row 2.",
    )


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (["text", "text"], "Columns 1 and 2 are both named “text”."),
        (["text", "Text"], "Columns 1 and 2 have names that differ in case only: “text”, “Text”."),
        (["text", None, "label"], "Column 2 has no name."),
        (["text", "=A1"], "Cell B1 holds a formula without value."),
    ],
    ids=["doubled", "case", "blank", "formula"],
)
def test_a_bad_header_is_shown_in_the_preview_and_cannot_be_read(
    path: Path, header: list[str | None], problem: str
) -> None:
    workbooks.save(path, header, ["hello", "0"])

    (shown,) = xlsx_reader.look(path).header_problems

    assert shown.startswith(problem)
    with pytest.raises(BadHeader, match="The header can't be used"):
        _read(path)


def test_a_header_that_looks_like_values_is_warned_of(path: Path) -> None:
    workbooks.save(path, ["hello", 5], ["win", 1])

    (warning,) = xlsx_reader.look(path).warnings

    assert "“5” looks like a value" in warning


@pytest.mark.parametrize(
    "rows", [[], [["text", "label"]], [["text"], [], [None]]], ids=["empty", "header only", "header and blank rows"]
)
def test_a_workbook_without_rows_is_refused(path: Path, rows: list[list[str]]) -> None:
    workbooks.save(path, *rows)

    with pytest.raises(NoRows):
        xlsx_reader.look(path)


def test_as_many_rows_as_the_limit_are_read_and_one_more_is_too_many(path: Path) -> None:
    workbooks.save(path, ["text"], ["a"], [], ["b"])

    assert xlsx_reader.look(path, limit_rows=2).row_count == 2
    with pytest.raises(TooManyRows, match="more than 1 rows, the limit for one import"):
        xlsx_reader.look(path, limit_rows=1)


@pytest.mark.parametrize("columns", [(2, None), (-1, None), (0, 2), (0, 0)], ids=["text", "negative", "label", "twice"])
def test_a_column_that_does_not_fit_is_refused(path: Path, columns: tuple[int, int | None]) -> None:
    workbooks.save(path, ["text", "label"], ["hello", 0])

    with pytest.raises(NoSuchColumn):
        _read(path, text_column=columns[0], label_column=columns[1])


def test_the_sheet_is_judged_before_the_first_row_is_given(path: Path) -> None:
    workbooks.save(path, ["text", "label"], ["ok", 0], [*[None] * 100, "far"])

    with pytest.raises(TooManyColumns):
        xlsx_reader.read_rows(path, text_column=0, label_column=1)
