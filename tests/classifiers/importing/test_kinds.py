"""What a file is by its bytes, whatever its name says."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from classifiers.importing import kinds
from tests.classifiers.importing.conftest import Write


def _zip(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _open_document() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return packed.getvalue()


KINDS = {
    "xlsx": (_zip(**{"[Content_Types].xml": b"", "xl/workbook.xml": b"<x/>"}), "an Excel workbook, not CSV"),
    "xlsm": (_zip(**{"xl/workbook.xml": b"", "xl/vbaProject.bin": b""}), "an Excel workbook with macros"),
    "ods": (_open_document(), "an OpenDocument file"),
    "docx": (_zip(**{"word/document.xml": b""}), "a Word document"),
    "zip of a CSV": (_zip(**{"a.csv": b"text\nhello\n"}), "a zip archive"),
    "zip bomb": (_zip(**{"xl/sharedStrings.xml": b"\0" * 20_000_000}), "an Excel workbook"),
    "empty zip": (_zip(), "a zip archive"),
    "xls, or an encrypted xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "an old or an encrypted Office"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture"),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0", "a gzip archive"),
    "SQLite": (b"SQLite format 3\0" + b"\0" * 100, "an SQLite database"),
    "HTML": (b"\xef\xbb\xbf  <!DOCTYPE html><html>", "an HTML or XML page"),
    "XML with a DOCTYPE": (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>', "an HTML or XML page"),
    "JSON": (b'[\n {"text": "hello"}]', "JSON"),
    "JSON lines": (b'{"text": "hello", "label": 0}\n', "JSON"),
    "a program": (bytes(range(256)) * 16, "a file of bytes that are no text"),
}
TEXTS = {
    "CSV": b"text,label\nhello,0\n",
    "empty": b"",
    "one byte": b"t",
    "UTF-16": "text,label\n".encode("utf-16"),
    "UTF-16 without a mark": "text,label\n".encode("utf-16-le"),
    "cp1252": "Grüße,0\n".encode("cp1252"),
    "starts like markup": b"<3 you,0\n",
    "starts like an object": b"{smile},0\n",
    "a few control characters": b"text,label\na\0b,0\nsome more text,1\n",
    "starts with PK": b"PK,label\n",
}


@pytest.mark.parametrize(("content", "name"), KINDS.values(), ids=KINDS.keys())
def test_a_file_of_another_kind_is_refused_by_its_bytes(write_file: Write, content: bytes, name: str) -> None:
    with pytest.raises(kinds.WrongKind) as caught:
        kinds.require_text(write_file(content))

    assert caught.value.sentence.startswith(f"This file is {name}")
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS.keys())
def test_text_is_let_through(write_file: Write, content: bytes) -> None:
    kinds.require_text(write_file(content))


def test_a_workbook_is_told_how_to_become_csv(write_file: Write) -> None:
    kind = kinds.find_kind(write_file(KINDS["xlsx"][0]))

    assert kind == kinds.XLSX
    assert "save it as CSV in UTF-8" in kind.sentence


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(kinds.Unreadable, match="Upload it again"):
        kinds.find_kind(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "is_workbook"),
    [("a.csv", True), ("a.TSV", True), ("a.b.jsonl", True), ("a.xlsx", False), ("A.XLSX", False)],
)
def test_a_name_that_says_the_opposite_of_the_bytes_is_refused(name: str, is_workbook: bool) -> None:
    with pytest.raises(kinds.Misnamed) as caught:
        kinds.require_name(name, is_workbook=is_workbook)

    assert "If it's the right file, name it" in caught.value.sentence
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    ("name", "is_workbook"),
    [("a.xlsx", True), ("a.csv", False), ("a", True), ("a", False), ("", True), ("a.dat", True)],
)
def test_a_name_that_promises_nothing_else_is_taken(name: str, is_workbook: bool) -> None:
    kinds.require_name(name, is_workbook=is_workbook)
