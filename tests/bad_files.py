"""The catalogue of bad uploads, rows U1 to U32: a real file for each, and how it ends on the form and in the API.

U16 and the first half of U32 are about the connection and not the file: see `tests/api/test_uploads_over_http`.
"""

from __future__ import annotations

import codecs
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openpyxl import Workbook

from tests import uploads
from tests.classifiers.importing import workbooks

HELLO = workbooks.table(workbooks.text("A2", "hello"))
SHEET = "xl/worksheets/sheet1.xml"
GOOD_ROW = "good,0\n"


@dataclass(frozen=True)
class Refused:
    """The file as a whole is refused with a sentence in which `sentence` stands.

    `where`: the form says so when the file is sent, or in the preview, where the import is then closed.
    """

    status: int
    code: str | None
    sentence: str
    field: str = "file"
    where: str = "upload"


@dataclass(frozen=True)
class Taken:
    """Texts with their labels' names that become examples, and rows that are refused with part of the reason.

    `seen` is what the preview says. The sums: rows read are those taken, duplicates and refused.
    """

    labels: Mapping[str, str | None]
    refused: Mapping[int, str] = field(default_factory=dict)
    duplicates: int = 0
    seen: Sequence[str] = ()


Outcome = Refused | Taken


@dataclass(frozen=True)
class BadFile:
    """One file. `reading` is what is chosen in the preview, and sent as fields to the API; `there` are labels of texts
    that are among the examples already. Without `api` the API ends as the form does."""

    row: str
    what: str
    content: bytes | Callable[[], bytes]
    form: Outcome
    api: Outcome | None = None
    name: str = ""
    reading: Mapping[str, str] = field(default_factory=dict)
    limit_rows: int | None = None
    there: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.row} {self.what}"

    def bytes(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content()


def _table(rows: str) -> bytes:
    return f"text,label\n{rows}".encode()


def _built(rows: str = HELLO, **parts: Any) -> bytes:
    """Return a workbook made part by part."""
    file = io.BytesIO()
    workbooks.build(file, rows, **parts)  # type: ignore[arg-type]
    return file.getvalue()


def _saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _zip(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _encrypted_member() -> bytes:
    content = bytearray(_built())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _bomb() -> bytes:
    return _built(parts={"xl/media/image1.png": workbooks.repeated(" " * 10_000, times=20_000)})


def _merged() -> bytes:
    book = Workbook()
    for row in (["text", "label"], ["one", "Spam"], ["two", None], ["three", "Fine"]):
        book.active.append(row)
    book.active.merge_cells("B2:B3")
    book.active.row_dimensions[4].hidden = True
    for name, state in (("More", "visible"), ("Secret", "hidden")):
        sheet = book.create_sheet(name)
        sheet.append(["text", "label"])
        sheet.append(["elsewhere", "Fine"])
        sheet.sheet_state = state
    return _saved(book)


def _values() -> bytes:
    values = [1.0, dt.date(2026, 1, 31), dt.datetime(2026, 1, 31, 8, 30), True, 0.1]
    return uploads.workbook(["text", "label"], *([value, 0] for value in values))


EXCEL_AS = "save it as .xlsx or as CSV in UTF-8"
UNQUOTED = "a quote opened in row 3 never closes"
LONG_CELL = "x" * 131_073
# In NFC, as it is kept.
ZALGO = "\u1ea1" + "\u0323" * 10_000
FORMULAS = ("=1+1", "+49 30 1234", "-5", "@home")


def _refused_files() -> Iterator[BadFile]:
    yield BadFile("U1", "empty", b"", Refused(400, "no_rows", "The file is empty."), Refused(400, "no_rows", "no rows"))
    yield BadFile("U1", "header only", _table(""), Refused(400, "no_rows", "The file has no rows."))
    without_mark = "text,label\nhello,0\n".encode("utf-16-le")
    yield BadFile("U4", "UTF-16 without a mark", without_mark, Refused(400, "utf16_without_mark", "looks like UTF-16"))
    yield BadFile("U11", "quote never closed", _table('ok,0\n"never,1\nx,0\n'), Refused(400, "broken_quotes", UNQUOTED))
    for what, header, sentence in (
        ("double header", "text,text", "Columns 1 and 2 are both named “text”."),
        ("case-variant header", "text,Text", "differ in case only: “text”, “Text”."),
        ("missing header", "text,", "Column 2 has no name."),
        ("blank header", "text, ", "Column 2 has no name."),
    ):
        content = f"{header}\nhello,0\n".encode()
        yield BadFile("U13", what, content, Refused(400, "bad_header", sentence, where="preview"))
    too_many = Refused(413, "too_many_rows", "more than 2 rows, the limit for one import")
    yield BadFile("U15", "more rows than the limit", _table("a,0\nb,0\nc,0\n"), too_many, limit_rows=2)
    for what, content, name in (
        ("PDF", b"%PDF-1.7\nsome", "messages.csv"),
        ("PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "messages.csv"),
        ("PDF named .xlsx", b"%PDF-1.7\nsome", "messages.xlsx"),
    ):
        yield BadFile("U17", what, content, Refused(415, "wrong_kind", "not CSV, whatever its name says"), name=name)
    named = Refused(
        415, "wrong_kind", "its bytes are those of an Excel workbook. If it's the right file, name it .xlsx"
    )
    yield BadFile("U17", "workbook named .csv", _built(), named, name="messages.csv")
    named = Refused(415, "wrong_kind", "its bytes are text and no Excel workbook")
    yield BadFile("U17", "CSV named .xlsx", uploads.CSV.encode(), named, name="messages.xlsx")
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500
    for what, content in (
        ("xls, or encrypted with a password", ole),
        ("xlsm", _zip(**{"xl/workbook.xml": "", "xl/vbaProject.bin": ""})),
        ("ods", _zip(mimetype="application/vnd.oasis.opendocument.spreadsheet")),
        ("encrypted member", _encrypted_member()),
    ):
        yield BadFile("U18", what, content, Refused(415, "wrong_kind", EXCEL_AS), name="messages.xlsx")
    yield BadFile("U19", "zip bomb", _bomb, Refused(413, "too_large_unpacked", "unpacks to 200 MB (limit 200 MB)"))
    parts = {f"xl/media/image{number}.png": b"" for number in range(994)}
    yield BadFile("U19", "1,001 members", _built(parts=parts), Refused(413, "too_many_parts", "more than 1,000 parts"))
    wide = Refused(400, "too_many_columns", "too many columns")
    yield BadFile("U20", "far cell", _built(HELLO + '<row r="9"><c r="XFD9"><v>1</v></c></row>'), wide)
    yield BadFile("U20", "16,384 columns", _built("<row>" + "<c><v>1</v></c>" * 16_384 + "</row>"), wide)
    doctype = f'<!DOCTYPE x [<!ENTITY a "aaa">]><worksheet xmlns="{workbooks.MAIN}"><sheetData/></worksheet>'
    yield BadFile("U21", "doctype", _built(parts={SHEET: doctype}), Refused(400, "doctype", "DOCTYPE"))


def _encodings() -> Iterator[BadFile]:
    taken = Taken({"hello": "Fine"}, seen=["<bdi>text</bdi>", "1 row."])
    yield BadFile("U2", "UTF-8 mark", codecs.BOM_UTF8 + _table("hello,0\n"), taken)
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        utf_16 = Taken({"grüße": "Fine"}, seen=['<option value="utf-16" selected>'])
        yield BadFile("U3", codec, mark + "text,label\ngrüße,0\n".encode(codec), utf_16)
    cp1252 = "text,label\ncafé,0\n".encode("cp1252")
    asked = Taken({"café": "Fine"}, seen=["Check that the letters below are right", "café"])
    in_doubt = Refused(400, None, "Name it as “encoding”", field="encoding")
    yield BadFile("U5", "cp1252, unnamed", cp1252, asked, in_doubt)
    yield BadFile("U5", "cp1252, named", cp1252, Taken({"café": "Fine"}), reading={"encoding": "cp1252"})
    mixed = "text,label\n" + "".join(f"über {number},0\n" for number in range(5))
    damaged = mixed.encode() + b"sch\xf6n,0\nlast,1\n"
    offset = damaged.index(b"\xf6")
    texts = {f"über {number}": "Fine" for number in range(5)} | {"last": "Spam"}
    reason = f"The byte 0xF6 at offset {offset} of the file is not UTF-8."
    yield BadFile("U6", "invalid byte in row 7", damaged, Taken(texts, {7: reason}))
    for what, text, reason in (
        ("NUL", "a\0b", "The text holds the NUL character"),
        ("control character", "a\x07b", "the control character U+0007"),
    ):
        yield BadFile("U7", what, _table(f"{text},0\n{GOOD_ROW}"), Taken({"good": "Fine"}, {2: reason}))
    half = "half of a surrogate pair"
    lone = "text,label\nüber,0\nüber zwei,0\n".encode() + b"a\xed\xa0\xbdb,0\n"
    yield BadFile("U8", "in CSV", lone, Taken({"über": "Fine", "über zwei": "Fine"}, {4: half}))
    lines = b'{"text": "a\\ud83d", "label": 0}\n{"text": "good", "label": 0}\n'
    yield BadFile("U8", "in JSON", lines, Taken({"good": "Fine"}, {1: half}), name="messages.jsonl")


def _shapes() -> Iterator[BadFile]:
    both = Taken({"one": "Fine", "two": "Spam"})
    yield BadFile("U9", "CR only", b"text,label\rone,0\rtwo,1\r", both)
    yield BadFile("U9", "mixed line ends", b"text,label\r\none,0\rtwo,1\n", both)
    for what, delimiter in (("semicolon", ";"), ("tab", "\t")):
        content = f'text{delimiter}label\n"one, and\ntwo"{delimiter}0\n'.encode()
        seen = [f'<option value="{delimiter}" selected>', "1 row."]
        yield BadFile("U10", what, content, Taken({"one, and\ntwo": "Fine"}, seen=seen))
    reasons = {2: "The row has 1 cell, but the header has 2.", 3: "The row has 3 cells, but the header has 2."}
    yield BadFile("U12", "ragged rows", _table(f"alone\na,0,x\n{GOOD_ROW}"), Taken({"good": "Fine"}, reasons))
    reasons = {
        2: "is 131,073 characters long; the limit is 131,072",
        3: "100,001 characters long; the limit is 100,000",
    }
    long = _table(f"a,{LONG_CELL}\n{'b' * 100_001},0\n{GOOD_ROW}")
    yield BadFile("U14", "long cell, long text", long, Taken({"good": "Fine"}, reasons))
    just = Taken({"a": "Fine", "b": "Fine"})
    yield BadFile("U15", "as many rows as the limit", _table("a,0\nb,0\n"), just, limit_rows=2)


def _workbooks() -> Iterator[BadFile]:
    formulas = workbooks.table('<c r="A2"><f>1+1</f><v>2</v></c>', '<c r="A3"><f>1+1</f></c>')
    yield BadFile(
        "U22", "formulas", _built(formulas), Taken({"2": None}, {3: "Cell A3 holds a formula without value."})
    )
    reasons = {3: "Cell B3 is merged with B2 and has no value of its own.", 4: "The row is hidden."}
    seen = ["Merged areas: 1.", "Rows that are hidden will be refused: 1", "Hidden sheets aren't read: 1 (“Secret”)."]
    yield BadFile("U23", "merged cells, hidden row", _merged(), Taken({"one": "Spam"}, reasons, seen=seen))
    yield BadFile("U23", "another sheet", _merged(), Taken({"elsewhere": "Fine"}), reading={"sheet": "More"})
    texts = ("1", "2026-01-31", "2026-01-31T08:30:00", "TRUE", "0.1")
    yield BadFile("U24", "numbers, dates, booleans", _values(), Taken(dict.fromkeys(texts, "Fine")))
    error = _built(workbooks.table("<c r='A2' t='e'><v>#N/A</v></c>", workbooks.text("A3", "good")))
    yield BadFile("U24", "error", error, Taken({"good": None}, {2: "Cell A2 holds the error #N/A."}))
    numeric = uploads.workbook(["text", "label", "order"], ["hello", 0, 123456789012])
    seen = ["Column 3, “order”, is numeric: zeros in front and digits after the 15th are lost."]
    yield BadFile("U25", "long ids as numbers", numeric, Taken({"hello": "Fine"}, seen=seen))


def _labels_and_texts() -> Iterator[BadFile]:
    names = "a,Spam \nb,spam\nc,Spma\nd,Sp\u0430m\n"
    reasons = {
        4: "The nearest is “Spam”",
        5: "looks like the label “Spam”, but holds other or hidden characters (U+0430)",
    }
    yield BadFile("U26", "blanks, case, unknown, look-alike", _table(names), Taken({"a": "Spam", "b": "Spam"}, reasons))
    odd = "The same text has different labels in rows 2 and 3."
    rows = "odd,0\nodd,1\nsame,0\nsame ,0\nthere,0\n there,1\n"
    known = "The same text has different labels in rows 6 and 7."
    yield BadFile(
        "U27", "in the file", _table(rows), Taken({"same": "Fine"}, {2: odd, 3: odd, 6: known, 7: known}, duplicates=1)
    )
    other = "This text is among the examples already, labelled “Spam”."
    taken = Taken({"there": "Spam", "too": "Fine"}, {2: other}, duplicates=1)
    stored = {"there": "Spam", "too": "Fine"}
    yield BadFile("U27", "across files", _table("there,0\ntoo,0\n"), taken, there=stored)
    blank = "The text is blank."
    rows = ",0\n  ,0\n\u200b\u200d,0\n😀,0\n"
    yield BadFile(
        "U28", "blank, zero-width, emoji", _table(rows), Taken({"😀": "Fine"}, {2: blank, 3: blank, 4: blank})
    )
    for what, text in (("Zalgo", ZALGO), ("right-to-left override", "\u202egood")):
        yield BadFile("U29", what, _table(f"{text},0\n"), Taken({text: "Fine"}))
    decomposed = Taken({"über": "Fine"})
    yield BadFile("U29", "decomposed", _table("u\u0308ber,0\n"), decomposed)
    formulas = _table("".join(f"{text},0\n" for text in FORMULAS))
    yield BadFile("U30", "formulas", formulas, Taken(dict.fromkeys(FORMULAS, "Fine")))
    hello = Taken({"hello": "Fine"})
    for what, name in (
        ("path", "../../x.csv"),
        ("HTML", "<b>x.csv"),
        ("300 characters", "x" * 296 + ".csv"),
        ("right to left", "\u202evsc.csv"),
    ):
        yield BadFile("U31", what, _table("hello,0\n"), hello, name=name)


FILES = [*_refused_files(), *_encodings(), *_shapes(), *_workbooks(), *_labels_and_texts()]
