"""The one door: each kind of file is told by its bytes, and read by the reader of its kind."""

from __future__ import annotations

import codecs
import io
import json
import zipfile
from pathlib import Path

import pytest

from classifiers.importing import tables
from classifiers.importing.jsonl_records import NotUtf8
from classifiers.importing.kinds import Unreadable, WrongKind
from classifiers.importing.rows import Row, TooManyRows
from classifiers.importing.tables import NotSettled, Options
from classifiers.importing.xlsx_reader import NoSuchSheet
from tests.classifiers.importing import workbooks

CSV = "text,label\nhello,Fine\nwin,Spam\n"
JSONL = '{"text": "hello", "label": "Fine"}\n{"text": "win", "label": "Spam"}\n'


def _write(folder: Path, *, kind: str) -> Path:
    """Write the same table as a file of this kind, under a name that lies."""
    path = folder / {"csv": "a.xlsx", "xlsx": "a.jsonl", "jsonl": "a.csv", "json": "a.xls"}[kind]
    if kind == "xlsx":
        return workbooks.save(path, ["text", "label"], ["hello", "Fine"], ["win", "Spam"])
    objects = [json.loads(line) for line in JSONL.splitlines()]
    path.write_text({"csv": CSV, "jsonl": JSONL, "json": json.dumps(objects, indent=1)}[kind], encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl", "json"])
def test_a_file_is_looked_at_by_its_kind_whatever_its_name_says(tmp_path: Path, kind: str) -> None:
    seen = tables.look(_write(tmp_path, kind=kind), options=Options())

    assert seen.kind == ("jsonl" if kind == "json" else kind)
    assert (seen.header, seen.header_problems, seen.warnings) == (("text", "label"), (), ())
    assert (seen.first_rows, seen.row_count) == ((("hello", "Fine"), ("win", "Spam")), 2)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl", "json"])
def test_the_same_rows_come_out_of_each_kind(tmp_path: Path, kind: str) -> None:
    options = Options(encoding="utf-8", delimiter=",")

    rows = tables.read_rows(_write(tmp_path, kind=kind), options=options, text_column=0, label_column=1)

    assert rows.total == 2
    assert [(row.text, row.label_cell) for row in rows if isinstance(row, Row)] == [("hello", "Fine"), ("win", "Spam")]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_the_limit_of_rows_holds_for_each_kind(tmp_path: Path, kind: str) -> None:
    path = _write(tmp_path, kind=kind)

    with pytest.raises(TooManyRows):
        tables.look(path, options=Options(limit_rows=1))
    with pytest.raises(TooManyRows):
        options = Options(encoding="utf-8", delimiter=",", limit_rows=1)
        tables.read_rows(path, options=options, text_column=0, label_column=1)


def test_the_sheet_of_the_options_is_read(tmp_path: Path) -> None:
    path = _write(tmp_path, kind="xlsx")

    assert tables.look(path, options=Options(sheet="Messages")).sheet == "Messages"
    with pytest.raises(NoSuchSheet):
        tables.read_rows(path, options=Options(sheet="Others"), text_column=0, label_column=None)


def test_the_encoding_and_delimiter_of_the_options_are_used(tmp_path: Path) -> None:
    path = tmp_path / "a.upload"
    path.write_bytes("text;label\nПривет;0\n".encode("cp1251"))

    seen = tables.look(path, options=Options(encoding="cp1251", delimiter=";"))

    assert (seen.encoding, seen.delimiter, seen.first_rows) == ("cp1251", ";", (("Привет", "0"),))


@pytest.mark.parametrize("options", [Options(encoding="utf-8"), Options(delimiter=",")], ids=["delimiter", "encoding"])
def test_the_rows_of_a_csv_file_are_never_read_by_a_guess(tmp_path: Path, options: Options) -> None:
    with pytest.raises(NotSettled, match="Say in which encoding"):
        tables.read_rows(_write(tmp_path, kind="csv"), options=options, text_column=0, label_column=1)


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"%PDF-1.7\n")

    with pytest.raises(WrongKind, match="a PDF document"):
        tables.look(path, options=Options())


def _zip(**members: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


OTHER_SPREADSHEETS = {
    "xls, or an encrypted xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500,
    "xlsm": _zip(**{"xl/workbook.xml": "", "xl/vbaProject.bin": ""}),
    "ods": _zip(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
}


@pytest.mark.parametrize("content", OTHER_SPREADSHEETS.values(), ids=OTHER_SPREADSHEETS.keys())
def test_a_spreadsheet_of_another_kind_is_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)

    with pytest.raises(WrongKind) as caught:
        tables.look(path, options=Options())

    assert caught.value.sentence.endswith("Open it and save it as .xlsx or as CSV in UTF-8, then upload that.")


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE], ids=["little", "big"])
def test_json_in_utf_16_is_not_taken_for_csv(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(mark + JSONL.encode("utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"))

    with pytest.raises(NotUtf8):
        tables.look(path, options=Options())


def test_a_key_that_holds_a_quote_is_still_json(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"say \\"hi\\"": "hello"}', encoding="utf-8")

    assert tables.look(path, options=Options()).header == ('say "hi"',)


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        tables.look(tmp_path / "none", options=Options())
