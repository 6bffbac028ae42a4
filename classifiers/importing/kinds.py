"""What a file is, told by its bytes; a name that contradicts them is refused, and otherwise never asked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath

from classifiers.importing.file_problem import FileProblem

_HEAD_BYTES = 4_096
# A zip lists its members at its end; those of a workbook fit in this.
_TAIL_BYTES = 65_536
# Texts hold hardly any control characters; packed or compiled bytes are full of them.
_MOST_CONTROLS_SHARE = 0.1
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b") + b"\x7f"
_BYTE_ORDER_MARKS_16 = (b"\xff\xfe", b"\xfe\xff")

_AS_CSV = "Open it and save it as CSV in UTF-8, then upload that."
_AS_XLSX = "Open it and save it as .xlsx or as CSV in UTF-8, then upload that."
_UNPACK = "Unpack it and upload the CSV file that is in it."
_NO_TABLE = "Upload a CSV file in UTF-8."


@dataclass(frozen=True)
class Kind:
    """A kind of file. `code` is for programs, `name` stands in a sentence after “This file is”."""

    code: str
    name: str
    advice: str = _AS_CSV

    @property
    def sentence(self) -> str:
        return f"This file is {self.name}, not CSV, whatever its name says. {self.advice}"


XLSX = Kind("xlsx", "an Excel workbook")
XLSM = Kind("xlsm", "an Excel workbook with macros", _AS_XLSX)
XLSB = Kind("xlsb", "an Excel workbook in binary form", _AS_XLSX)
OPEN_DOCUMENT = Kind("open_document", "an OpenDocument file, such as a LibreOffice spreadsheet", _AS_XLSX)
WORD = Kind("word", "a Word document")
ZIP = Kind("zip", "a zip archive", _UNPACK)
OLE = Kind("ole", "an old or an encrypted Office file, such as an .xls workbook", _AS_XLSX)
UNKNOWN = Kind("binary", "a file of bytes that are no text", _NO_TABLE)
# Sources: each format's own specification; gathered in https://en.wikipedia.org/wiki/List_of_file_signatures.
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"%PDF-", Kind("pdf", "a PDF document", _NO_TABLE)),
    (b"\x89PNG\r\n\x1a\n", Kind("png", "a PNG picture", _NO_TABLE)),
    (b"GIF87a", Kind("gif", "a GIF picture", _NO_TABLE)),
    (b"GIF89a", Kind("gif", "a GIF picture", _NO_TABLE)),
    (b"\xff\xd8\xff", Kind("jpg", "a JPEG picture", _NO_TABLE)),
    (b"\x1f\x8b", Kind("gzip", "a gzip archive", _UNPACK)),
    (b"BZh", Kind("bzip2", "a bzip2 archive", _UNPACK)),
    (b"\xfd7zXZ\x00", Kind("xz", "an xz archive", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Kind("zstd", "a Zstandard archive", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Kind("7z", "a 7-Zip archive", _UNPACK)),
    (b"Rar!\x1a\x07", Kind("rar", "a RAR archive", _UNPACK)),
    (b"SQLite format 3\x00", Kind("sqlite", "an SQLite database", "Export the table as CSV in UTF-8.")),
    (b"PAR1", Kind("parquet", "a Parquet file", "Export it as CSV in UTF-8.")),
    (b"{\\rtf", Kind("rtf", "a rich text document")),
)
_TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml)\b", re.IGNORECASE)
_HTML = Kind("markup", "an HTML or XML page")
_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*"(?:[^"\\\r\n]|\\.)*"\s*:')
JSON = Kind("json", "JSON", "Convert it to CSV in UTF-8, then upload that.")


class WrongKind(FileProblem):
    """The bytes are of another kind of file, which `kind` names."""

    code = "wrong_kind"

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind.sentence)
        self.kind = kind


class Misnamed(FileProblem):
    """The name promises a workbook where there is none, or something else where there is one."""

    code = "wrong_kind"


class Unreadable(FileProblem):
    """The file can't be opened."""

    code = "unreadable"


def find_kind(path: Path) -> Kind | None:
    """Return what kind of file this is, or None for text. Raises Unreadable."""
    head = read_head(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(head + _read_tail(path))
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if _MARKUP.match(head):
        return _HTML
    if _OBJECT.match(_as_utf_8(head)):
        return JSON
    return UNKNOWN if _is_binary(head) else None


def require_text(path: Path) -> None:
    """Raise WrongKind unless the file is text, and Unreadable if it can't be opened."""
    kind = find_kind(path)
    if kind is not None:
        raise WrongKind(kind)


def require_name(name: str, *, is_workbook: bool) -> None:
    """Raise Misnamed where a file's name says the opposite of what its bytes are: it may be the wrong file.

    A name that ends with nothing we know, or with another kind of text, promises nothing.
    """
    ending = PurePath(name).suffix.lower()
    if is_workbook and ending in _TEXT_ENDINGS:
        raise Misnamed(
            f"This file is named {ending}, but its bytes are those of an Excel workbook. If it's the right file, name "
            "it .xlsx and upload it again."
        )
    if not is_workbook and ending == ".xlsx":
        raise Misnamed(
            "This file is named .xlsx, but its bytes are text and no Excel workbook. If it's the right file, name it "
            ".csv and upload it again."
        )


def read_head(path: Path) -> bytes:
    """Return the file's first bytes, enough to tell what it is. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        raise Unreadable("The file can't be opened. Upload it again.") from error


def _read_tail(path: Path) -> bytes:
    with path.open("rb") as file:
        size_bytes = file.seek(0, os.SEEK_END)
        file.seek(max(0, size_bytes - _TAIL_BYTES))
        return file.read()


def _zip_kind(ends: bytes) -> Kind:
    if b"application/vnd.oasis.opendocument" in ends:
        return OPEN_DOCUMENT
    if b"xl/vbaProject" in ends:
        return XLSM
    if b"xl/" in ends:
        return XLSX
    return WORD if b"word/document" in ends else ZIP


def _as_utf_8(head: bytes) -> bytes:
    if head.startswith(_BYTE_ORDER_MARKS_16):
        return head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    return head


def _is_binary(head: bytes) -> bool:
    # UTF-16 is full of NULs and yet text; `encodings` judges it, with or without its mark.
    if not head or head.startswith(_BYTE_ORDER_MARKS_16) or looks_like_utf_16(head):
        return False
    return len(head) - len(head.translate(None, _CONTROLS)) > _MOST_CONTROLS_SHARE * len(head)


def looks_like_utf_16(head: bytes) -> bool:
    """Tell whether every second byte is a NUL, as in Western text stored as UTF-16 without its mark."""
    even, odd = head[0::2], head[1::2]
    if not odd:
        return False
    shares = sorted((even.count(0) / len(even), odd.count(0) / len(odd)))
    return shares[0] < 0.1 and shares[1] > 0.5
