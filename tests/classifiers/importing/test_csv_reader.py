"""CSV files as people and programs write them, read for real."""

from __future__ import annotations

import codecs
import csv
from pathlib import Path
from typing import Any

import pytest

from classifiers.importing import csv_reader
from classifiers.importing.csv_records import BrokenQuotes, CutOff, RowTooLong
from classifiers.importing.delimiters import UnknownDelimiter
from classifiers.importing.encodings import UnknownEncoding, Utf16WithoutMark
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.headers import BadHeader, TooManyColumns
from classifiers.importing.kinds import WrongKind
from classifiers.importing.rows import NoRows, NoSuchColumn, Refused, Row, TooManyRows
from tests.classifiers.importing.conftest import Write


def _read(path: Path, **choices: Any) -> list[Row | Refused]:
    """Read the file as its preview proposes, text in the first column and the label in the second."""
    seen = csv_reader.look(path)
    proposed = {"encoding": seen.encoding, "delimiter": seen.delimiter, "text_column": 0, "label_column": 1}
    return list(csv_reader.read_rows(path, **proposed | choices))


def _refused(path: Path, **choices: Any) -> dict[int, str]:
    return {row.number: row.reason for row in _read(path, **choices) if isinstance(row, Refused)}


TAKEN = {
    "plain": b"text,label\nhello,0\nworld,1\n",
    "UTF-8 mark": codecs.BOM_UTF8 + b"text,label\nhello,0\nworld,1\n",
    "UTF-16 little": codecs.BOM_UTF16_LE + "text,label\nhello,0\nworld,1\n".encode("utf-16-le"),
    "UTF-16 big": codecs.BOM_UTF16_BE + "text,label\nhello,0\nworld,1\n".encode("utf-16-be"),
    "carriage returns only": b"text,label\rhello,0\rworld,1\r",
    "mixed line ends": b"text,label\r\nhello,0\rworld,1",
    "semicolons": b"text;label\nhello;0\nworld;1\n",
    "tabs": b"text\tlabel\nhello\t0\nworld\t1\n",
    "quotes": b'"text","label"\n"hello","0"\n"world","1"\n',
    "white space around": b"text,label\n hello ,0\nworld\t,1\n",
}


@pytest.mark.parametrize("content", TAKEN.values(), ids=TAKEN.keys())
def test_the_same_rows_come_out_however_the_file_is_written(write_file: Write, content: bytes) -> None:
    path = write_file(content)

    assert csv_reader.look(path).header == ("text", "label")
    assert _read(path) == [Row(2, "hello", "0"), Row(3, "world", "1")]


def test_a_preview_tells_all_that_the_screen_needs(write_file: Write) -> None:
    path = write_file("text;label\nhällo;0\n" + "".join(f"row {number};1\n" for number in range(3, 31)))

    seen = csv_reader.look(path)

    assert (seen.encoding, seen.certain, seen.encoding_note, seen.delimiter) == ("utf-8", True, "UTF-8.", ";")
    assert (seen.header, seen.header_problems, seen.warnings) == (("text", "label"), (), ())
    assert (len(seen.first_rows), seen.row_count) == (20, 29)
    assert seen.first_rows[0] == ("hällo", "0")


def test_a_preview_shortens_long_cells_and_shows_what_cannot_be_shown_as_escapes(write_file: Write) -> None:
    seen = csv_reader.look(write_file("text,label\n" + "x" * 1_000 + ",a\0b\n"))

    assert seen.first_rows == (("x" * 299 + "…", "a\\x00b"),)


def test_a_preview_warns_of_rows_that_will_be_refused(write_file: Write) -> None:
    content = "text,label\nüber,0\nüber,1\na,b,c\n".encode() + b"\xfcber,0\n" + b"d\n"

    seen = csv_reader.look(write_file(content))

    assert seen.warnings == (
        "Rows that don't have as many cells as the header will be refused: 2, the first is row 4.",
        "Rows that hold bytes that aren't in this encoding will be refused: 1, the first is row 5.",
    )


def test_a_quoted_line_end_is_part_of_one_row(write_file: Write) -> None:
    path = write_file('text,label\n"one\r\ntwo, ""three""",0\nlast,1\n')

    assert _read(path) == [Row(2, 'one\ntwo, "three"', "0"), Row(3, "last", "1")]


def test_rows_are_numbered_as_a_spreadsheet_does_blank_lines_included(write_file: Write) -> None:
    path = write_file("\ntext,label\nfirst,0\n\n\nsecond,1\n\n")

    assert [row.number for row in _read(path)] == [3, 6]
    assert csv_reader.look(path).row_count == 2


def test_without_a_label_column_rows_have_no_label_cell(write_file: Write) -> None:
    assert _read(write_file("text,label\nhello,0\n"), label_column=None) == [Row(2, "hello", None)]


def test_the_columns_can_stand_anywhere(write_file: Write) -> None:
    path = write_file("id,label,date,text\n7,spam,2026-01-01,hello\n")

    assert _read(path, text_column=3, label_column=1) == [Row(2, "hello", "spam")]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+49 30 1234", "-5", "@home", "'quoted", "007", "<b>bold</b>", "\u202eabc", "😀", 'say "hi"', "a; b"],
    ids=["equals", "plus", "minus", "at", "apostrophe", "zeros", "markup", "override", "emoji", "quotes", "semicolon"],
)
def test_a_text_comes_back_as_it_was_written(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.upload"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "label"], [text, "0"]])

    assert _read(path) == [Row(2, text, "0")]


ROWS_REFUSED = {
    "blank": ("text,label\n  ,0\nok,1\n", {2: "The text is blank."}),
    "zero-width": ("text,label\nok,1\n\u200b\u200d,0\n", {3: "The text is blank."}),
    "NUL": ("text,label\na\0b,0\nok,1\n", {2: "The text holds the NUL character"}),
    "control character": ("text,label\na\x07b,0\nok,1\n", {2: "the control character U+0007"}),
    "too few cells": ("text,label\nalone\nok,1\n", {2: "The row has 1 cell, but the header has 2."}),
    "too many cells": ("text,label\na,0,x\nok,1\n", {2: "The row has 3 cells, but the header has 2."}),
    "text too long": (
        "text,label\n" + "a" * 100_001 + ",0\nok,1\n",
        {2: "100,001 characters long; the limit is 100,000"},
    ),
    "cell too long": (
        "text,label\na," + "b" * 131_073 + "\nok,1\n",
        {2: "The cell in column 2 is 131,073 characters long; the limit is 131,072"},
    ),
}


@pytest.mark.parametrize(("content", "reasons"), ROWS_REFUSED.values(), ids=ROWS_REFUSED.keys())
def test_a_bad_row_is_refused_and_the_others_are_taken(
    write_file: Write, content: str, reasons: dict[int, str]
) -> None:
    rows = _read(write_file(content))

    refused = {row.number: row.reason for row in rows if isinstance(row, Refused)}
    assert refused.keys() == reasons.keys()
    assert all(reasons[number] in reason for number, reason in refused.items())
    assert [row.text for row in rows if isinstance(row, Row)] == ["ok"]


def test_a_text_of_exactly_the_limit_is_taken_whole(write_file: Write) -> None:
    (row,) = _read(write_file("text,label\n" + "ä" * 100_000 + ",0\n"))

    assert row == Row(2, "ä" * 100_000, "0")


def test_a_row_of_damaged_bytes_is_refused_with_the_byte_and_its_offset(write_file: Write) -> None:
    content = "text,label\nüber,0\nüber,0\n".encode() + b"sch\xf6n,0\nok,1\n"

    (*_, damaged, last) = _read(write_file(content))

    offset = content.index(b"\xf6")
    assert damaged == Refused(
        4,
        f"The byte 0xF6 at offset {offset} of the file is not UTF-8. Correct it or choose another encoding.",
        "sch\\xf6n | 0",
    )
    assert last == Row(5, "ok", "1")


def test_nothing_becomes_a_replacement_character(write_file: Write) -> None:
    rows = _read(write_file("text,label\nüber,0\nüber,0\n".encode() + b"a\xffb,0\n"))

    assert "\ufffd" not in repr(rows)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("text,label\nüber,0\nüber,0\n".encode() + b"a\xed\xa0\xbdb,0\n", "utf-8"),
        (codecs.BOM_UTF16_LE + "text,label\nü,0\nü,0\na\ud83d,0\n".encode("utf-16-le", "surrogatepass"), "utf-16"),
    ],
    ids=["UTF-8", "UTF-16"],
)
def test_half_a_surrogate_pair_is_refused_with_its_offset(write_file: Write, content: bytes, encoding: str) -> None:
    half = content.index(b"\xed\xa0\xbd" if encoding == "utf-8" else b"\x3d\xd8")

    reasons = _refused(write_file(content), encoding=encoding)

    sentence = f"At byte offset {half} of the file stands half of a surrogate pair, no character. Remove it."
    assert reasons == {4: sentence}


FILES_REFUSED: dict[str, tuple[str | bytes, type[FileProblem], str]] = {
    "empty": ("", NoRows, "The file has no rows."),
    "blank lines only": ("\n\r\n\n", NoRows, "The file has no rows."),
    "header only": ("text,label\n", NoRows, "The file has no rows."),
    "header and blank lines": ("text,label\n\n\n", NoRows, "The file has no rows."),
    "UTF-16 without a mark": ("text,label\nhello,0\n".encode("utf-16-le"), Utf16WithoutMark, "looks like UTF-16"),
    "quote never closed": ('text,label\nok,0\n"never,1\nx,0\n', BrokenQuotes, "A quote opened in row 3 never closes."),
    "text behind a closing quote": ('text,label\nok,0\n"a"b,1\n', BrokenQuotes, "In row 3 a quoted cell goes on"),
    "cut within a character": (
        codecs.BOM_UTF16_LE + "text,label\nhello,0\n".encode("utf-16-le")[:-1],
        CutOff,
        "it was cut off. Upload it again.",
    ),
    "too many columns": (",".join(f"c{number}" for number in range(101)), TooManyColumns, "101 (limit 100)"),
    "row of two million characters": ('text,label\n"' + "a\n" * 1_100_000, RowTooLong, "Row 2 is longer than"),
    "no line ends": ("a" * 2_100_000, RowTooLong, "Row 1 is longer than 2,000,000 characters."),
    "workbook": (b"PK\x03\x04 xl/workbook.xml", WrongKind, "an Excel workbook, not CSV"),
}


@pytest.mark.parametrize(("content", "problem", "sentence"), FILES_REFUSED.values(), ids=FILES_REFUSED.keys())
def test_a_file_is_refused_as_a_whole(
    write_file: Write, content: str | bytes, problem: type[FileProblem], sentence: str
) -> None:
    with pytest.raises(problem) as caught:
        csv_reader.look(write_file(content))

    assert sentence in caught.value.sentence
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("text,text", "Columns 1 and 2 are both named “text”."),
        ("text,Text", "Columns 1 and 2 have names that differ in case only: “text”, “Text”."),
        ("text,", "Column 2 has no name."),
        ("text, ", "Column 2 has no name."),
    ],
    ids=["doubled", "case", "missing", "blank"],
)
def test_a_bad_header_is_shown_in_the_preview_and_cannot_be_read(write_file: Write, header: str, columns: str) -> None:
    path = write_file(f"{header}\nhello,0\n")

    assert csv_reader.look(path).header_problems == (columns,)
    with pytest.raises(BadHeader) as caught:
        _read(path)
    assert columns in caught.value.sentence


def test_a_header_with_damaged_bytes_cannot_be_read(write_file: Write) -> None:
    path = write_file("täxt,label\nhello,0\n".encode("cp1252"))

    seen = csv_reader.look(path, encoding="utf-8")

    assert seen.header_problems == (
        "Row 1: The byte 0xE4 at offset 1 of the file is not UTF-8. Correct it or choose another encoding.",
    )
    with pytest.raises(BadHeader):
        _read(path, encoding="utf-8")


def test_as_many_rows_as_the_limit_are_read_and_one_more_is_too_many(write_file: Write) -> None:
    path = write_file("text,label\na,0\nb,0\n")

    assert csv_reader.look(path, limit_rows=2).row_count == 2
    with pytest.raises(TooManyRows, match="more than 1 rows, the limit for one import"):
        csv_reader.look(path, limit_rows=1)


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        ({"text_column": 2}, NoSuchColumn),
        ({"text_column": -1}, NoSuchColumn),
        ({"label_column": 2}, NoSuchColumn),
        ({"label_column": 0}, NoSuchColumn),
        ({"encoding": "utf-7"}, UnknownEncoding),
        ({"delimiter": ":"}, UnknownDelimiter),
    ],
    ids=["no such text column", "negative", "no such label column", "one column twice", "encoding", "delimiter"],
)
def test_a_choice_that_does_not_fit_is_refused(
    write_file: Write, choices: dict[str, Any], problem: type[FileProblem]
) -> None:
    with pytest.raises(problem):
        _read(write_file("text,label\nhello,0\n"), **choices)


def test_the_file_is_judged_before_the_first_row_is_given(write_file: Write) -> None:
    path = write_file('text,label\nok,0\nok too,0\n"never,1\n')

    with pytest.raises(BrokenQuotes):
        csv_reader.read_rows(path, encoding="utf-8", delimiter=",", text_column=0, label_column=1)


def test_a_chosen_encoding_is_used(write_file: Write) -> None:
    path = write_file("text,label\nПривет,0\n".encode("cp1251"))

    assert csv_reader.look(path).certain is False
    assert _read(path, encoding="cp1251") == [Row(2, "Привет", "0")]


def test_reading_leaves_csv_as_it_was(write_file: Write) -> None:
    default = 131_072
    csv.field_size_limit(default)

    _read(write_file("text,label\nhello,0\n"))

    assert csv.field_size_limit() == default
