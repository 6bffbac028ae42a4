"""The XML inside a workbook, read piece by piece, with a bound on what it can cost.

Not by openpyxl (3.1.5, measured here): it builds each row as a tree before anything can be said about it, so that 38
million empty cells in one row, a file of 190 KB, ended at a memory limit of 512 MB, and one text of 190 million letters
took 412 MB; 200,000 rows take it twice as long. And it hides what must be told: hidden rows, formulas without a value.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import IO, TypeVar
from xml.parsers import expat

from classifiers.importing.file_problem import FileProblem
from classifiers.importing.rows import MAX_CELL_CHARS

# What to do where an element starts, given its attributes, and where it ends.
Start = Callable[[dict[str, str]], None]
End = Callable[[], None]
Text = Callable[[str], None]
_Function = TypeVar("_Function")

_PIECE_BYTES = 65_536
# A tag, comment or instruction is kept whole until it ends; honest ones are short.
_MOST_TOKEN_BYTES = 1_000_000
# Honest sheets go down to eight; expat keeps an entry for each level.
_MOST_LEVELS = 64
# Of the elements that say something of a whole workbook. A style sheet has the most: at worst 65,490 styles.
_MOST_TAGS = 100_000
# Each vocabulary has two names: ECMA-376's transitional, which Excel writes, and its strict one.
# Source: ECMA-376, parts 1 and 4, annex A.
_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/package/2006/relationships",
    "http://schemas.openxmlformats.org/package/2006/content-types",
)


class BrokenWorkbook(FileProblem):
    """The file isn't as the format demands."""

    code = "broken_workbook"

    def __init__(self) -> None:
        super().__init__(
            "The workbook is damaged or was cut off. Open it, save it again as .xlsx or as CSV in UTF-8, and upload "
            "that."
        )


class DoctypeFound(FileProblem):
    """The XML declares a document type, and with it entities that may grow without end."""

    code = "doctype"

    def __init__(self) -> None:
        super().__init__(
            "The workbook holds a DOCTYPE, which no spreadsheet program writes. Open it, save it again as .xlsx, and "
            "upload that."
        )


class CellText:
    """Put the text of one cell together from its pieces: `text` up to `MAX_CELL_CHARS`; `chars` counts all of it."""

    def __init__(self) -> None:
        self.is_open = False
        self.begin()

    def begin(self) -> None:
        self.text = ""
        self.chars = 0

    def add(self, piece: str) -> None:
        if self.is_open:
            self.chars += len(piece)
            if len(self.text) < MAX_CELL_CHARS:
                self.text = (self.text + piece)[:MAX_CELL_CHARS]


def feed(
    file: IO[bytes], *, starts: Mapping[str, Start], ends: Mapping[str, End] | None = None, text: Text | None = None
) -> Iterator[None]:
    """Read a part of the workbook, hand its elements on by their names, without prefix, and yield after each piece.

    Raises BrokenWorkbook, DoctypeFound, and what the functions raise - but for ValueError and LookupError: an
    attribute that can't be read, or isn't there, makes the workbook a broken one.
    """
    parser = _make_parser(starts=_with_namespaces(starts), ends=_with_namespaces(ends or {}))
    parser.CharacterDataHandler = text
    fed_bytes = 0
    try:
        while piece := file.read(_PIECE_BYTES):
            parser.Parse(piece, False)
            fed_bytes += len(piece)
            if fed_bytes - parser.CurrentByteIndex > _MOST_TOKEN_BYTES:
                raise BrokenWorkbook
            yield
        parser.Parse(b"", True)
        yield
    except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, LookupError) as error:
        raise BrokenWorkbook from error


def read_tags(file: IO[bytes], *, names: Collection[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the name and attributes of each element called one of `names`, in order.

    Raises BrokenWorkbook, DoctypeFound.
    """
    found: list[tuple[str, dict[str, str]]] = []
    count = 0

    def note(name: str, attributes: dict[str, str]) -> None:
        found.append((name, attributes))

    for _ in feed(file, starts={name: partial(note, name) for name in names}):
        count += len(found)
        if count > _MOST_TAGS:
            raise BrokenWorkbook
        yield from found
        found.clear()


def _with_namespaces(functions: Mapping[str, _Function]) -> dict[str, _Function]:
    return {f"{namespace} {name}": function for namespace in _NAMESPACES for name, function in functions.items()}


def _make_parser(*, starts: Mapping[str, Start], ends: Mapping[str, End]) -> expat.XMLParserType:
    level = 0

    def open_element(tag: str, attributes: dict[str, str]) -> None:
        nonlocal level
        level += 1
        if level > _MOST_LEVELS:
            raise BrokenWorkbook
        start = starts.get(tag)
        if start:
            start(attributes)

    def close_element(tag: str) -> None:
        nonlocal level
        level -= 1
        end = ends.get(tag)
        if end:
            end()

    parser = expat.ParserCreate(None, " ")
    parser.buffer_text = True
    parser.StartElementHandler = open_element
    parser.EndElementHandler = close_element
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_declared: object) -> None:
    raise DoctypeFound
