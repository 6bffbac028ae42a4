"""The rows of a sheet as its XML has them, put together from their elements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import IO, Final, NamedTuple

from classifiers.importing.headers import MAX_COLUMNS
from classifiers.importing.xlsx_merges import Merges, column_index, column_letters
from classifiers.importing.xlsx_xml import BrokenWorkbook, CellText, End, Start, feed

# What a sheet can have at most. Source: Excel specifications and limits, support.microsoft.com.
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384

_LETTERS = re.compile("[A-Z]{1,3}")
_COLUMNS = {column_letters(index): index for index in range(MAX_COLUMNS)}
_DIGITS = "0123456789"


class RawCell(NamedTuple):
    """A cell that isn't blank. `kind` says what `raw` is: a number, a text, the number of a shared text and so on.

    Columns count from 0. `chars` is the length of `raw` before it was cut, `formula` None if there's none.
    """

    column: int
    kind: str
    style: str
    raw: str
    chars: int
    formula: str | None


class RawRow(NamedTuple):
    """A row, `number` as a spreadsheet shows it, and its cells that aren't blank."""

    number: int
    is_hidden: bool
    cells: list[RawCell]


def read_sheet(file: IO[bytes], *, merges: Merges | None = None) -> Iterator[RawRow]:
    """Yield each row of a sheet that has cells; put the merged areas, which stand at its end, into `merges`.

    Raises TooManyMerges, BrokenWorkbook, DoctypeFound - while iterating.
    """
    reader = _SheetReader(merges)
    for _ in feed(file, starts=reader.starts, ends=reader.ends, text=reader.text.add):
        yield from reader.rows
        reader.rows.clear()


class _SheetReader:
    """Put the rows of a sheet together from its elements."""

    def __init__(self, merges: Merges | None) -> None:
        self._merges = merges
        self.starts: dict[str, Start] = {
            "row": self._begin_row,
            "c": self._begin_cell,
            "v": self._open,
            "t": self._open,
            "f": self._open,
            "rPh": self._begin_hint,
            "mergeCell": self._add_merge,
        }
        self.ends: dict[str, End] = {
            "row": self._end_row,
            "c": self._end_cell,
            "v": self._close,
            "t": self._close,
            "f": self._close_formula,
            "rPh": self._end_hint,
        }
        self.rows: list[RawRow] = []
        self._number = 0
        self._is_hidden = False
        self._cells: list[RawCell] = []
        self._column = -1
        self._kind = self._style = ""
        self.text = CellText()
        self._formula: str | None = None
        self._is_hint = False

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        number = int(attributes.get("r") or self._number + 1)
        if not self._number < number <= _MOST_ROWS:
            raise BrokenWorkbook
        self._number = number
        self._is_hidden = attributes.get("hidden") in ("1", "true")
        self._cells = []
        self._column = -1

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        column = self._find_column(attributes.get("r"))
        if not self._column < column < _MOST_COLUMNS:
            raise BrokenWorkbook
        self._column = column
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._formula = None
        self.text.begin()

    def _find_column(self, reference: str | None) -> int:
        if reference is None:
            return self._column + 1
        letters = reference.rstrip(_DIGITS)
        column = _COLUMNS.get(letters)
        if column is None:
            if not _LETTERS.fullmatch(letters):
                raise BrokenWorkbook
            column = column_index(letters)
        return column

    def _open(self, _attributes: object) -> None:
        # Phonetic hints stand beside the text that they are about, in elements of the same name.
        self.text.is_open = not self._is_hint

    def _close(self) -> None:
        self.text.is_open = False

    def _close_formula(self) -> None:
        # The value follows the formula.
        self._formula = self.text.text
        self.text.begin()
        self._close()

    def _begin_hint(self, _attributes: object) -> None:
        self._is_hint = True

    def _end_hint(self) -> None:
        self._is_hint = False

    def _add_merge(self, attributes: Mapping[str, str]) -> None:
        if self._merges is not None:
            self._merges.add(attributes["ref"])

    def _end_cell(self) -> None:
        if self.text.chars or self._formula is not None:
            text = self.text
            self._cells.append(RawCell(self._column, self._kind, self._style, text.text, text.chars, self._formula))

    def _end_row(self) -> None:
        if self._cells:
            self.rows.append(RawRow(self._number, self._is_hidden, self._cells))
            self._cells = []
