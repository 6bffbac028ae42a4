"""A sheet as numbered records, read as they are asked for, with a bound on memory whatever the file holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from classifiers.importing.headers import MAX_COLUMNS, TooManyColumns
from classifiers.importing.xlsx_cells import CellReader, Value
from classifiers.importing.xlsx_merges import Merges, column_index, column_letters
from classifiers.importing.xlsx_workbook import Sheet, Workbook
from classifiers.importing.xlsx_xml import BrokenWorkbook, CellText, End, Start, feed

# What a sheet can have at most. Source: Excel specifications and limits, support.microsoft.com.
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384

_LETTERS = re.compile("[A-Z]{1,3}")
_COLUMNS = {column_letters(index): index for index in range(MAX_COLUMNS)}
_DIGITS = "0123456789"


class Record(NamedTuple):
    """One row of a sheet that isn't blank.

    `number` is the row's number as a spreadsheet shows it. `cells` ends with the last that isn't blank. `faults`
    are sentences, by column, about cells that can't be taken. `numbers` are the columns in which a number stands,
    with whether it was perhaps meant as a row of digits.
    """

    number: int
    cells: list[str]
    faults: Mapping[int, str]
    numbers: Mapping[int, bool]
    is_hidden: bool


def read_records(workbook: Workbook, *, sheet: Sheet, merges: Merges | None = None) -> Iterator[Record]:
    """Yield each row of a sheet that isn't blank; put the merged areas, which stand at its end, into `merges`.

    Raises TooManyColumns, TooManyMerges, BrokenWorkbook, DoctypeFound - while iterating.
    """
    reader = _SheetReader(workbook, merges=merges)
    with workbook.package.open(sheet.part) as file:
        for _ in feed(file, starts=reader.starts, ends=reader.ends, text=reader.text):
            yield from reader.records
            reader.records.clear()


class _SheetReader:
    """Put the rows of a sheet together from its elements."""

    def __init__(self, workbook: Workbook, *, merges: Merges | None) -> None:
        self._cells = CellReader(workbook)
        self._merges = merges
        self.starts: dict[str, Start] = {
            "row": self._begin_row,
            "c": self._begin_cell,
            "v": self._open_value,
            "t": self._open_text,
            "f": self._open_formula,
            "rPh": self._begin_hint,
            "mergeCell": self._add_merge,
        }
        self.ends: dict[str, End] = {
            "row": self._end_row,
            "c": self._end_cell,
            "v": self._close,
            "t": self._close,
            "f": self._close,
            "rPh": self._end_hint,
        }
        self.records: list[Record] = []
        self._number = 0
        self._is_hidden = False
        self._row: list[str] = []
        self._faults: dict[int, str] = {}
        self._numbers: dict[int, bool] = {}
        self._column = -1
        self._kind = self._style = ""
        self._raw = CellText()
        self._formula: CellText | None = None
        self._open: CellText | None = None
        self._is_hint = False

    def text(self, piece: str) -> None:
        if self._open is not None:
            self._open.add(piece)

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        number = int(attributes.get("r") or self._number + 1)
        if not self._number < number <= _MOST_ROWS:
            raise BrokenWorkbook
        self._number = number
        self._is_hidden = attributes.get("hidden") in ("1", "true")
        self._row, self._faults, self._numbers = [], {}, {}
        self._column = -1

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        column = self._find_column(attributes.get("r"))
        if not self._column < column < _MOST_COLUMNS:
            raise BrokenWorkbook
        self._column = column
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._raw = CellText()
        self._formula = self._open = None
        self._is_hint = False

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

    def _open_value(self, _attributes: object) -> None:
        self._open = self._raw

    def _open_text(self, _attributes: object) -> None:
        # Phonetic hints stand beside the text that they are about, in elements of the same name.
        self._open = None if self._is_hint else self._raw

    def _open_formula(self, _attributes: object) -> None:
        self._formula = CellText()
        self._open = self._formula

    def _close(self) -> None:
        self._open = None

    def _begin_hint(self, _attributes: object) -> None:
        self._is_hint = True

    def _end_hint(self) -> None:
        self._is_hint = False

    def _add_merge(self, attributes: Mapping[str, str]) -> None:
        if self._merges is not None:
            self._merges.add(attributes["ref"])

    def _end_cell(self) -> None:
        if not self._raw.chars and self._formula is None:
            return
        value = self._cells.read(self._kind, style=self._style, raw=self._raw, formula=self._formula)
        if value.text:
            self._put(value)

    def _put(self, value: Value) -> None:
        column = self._column
        if column >= MAX_COLUMNS:
            raise TooManyColumns(
                f"The file has too many columns: there is a value in cell {self._cell_name()} (limit {MAX_COLUMNS} "
                "columns). Delete the columns you don't need."
            )
        self._row += [""] * (column - len(self._row))
        self._row.append(value.text)
        if value.fault:
            self._faults[column] = f"Cell {self._cell_name()} {value.fault}"
        if value.is_number:
            self._numbers[column] = value.is_fragile

    def _cell_name(self) -> str:
        return f"{column_letters(self._column)}{self._number}"

    def _end_row(self) -> None:
        if self._row:
            self.records.append(Record(self._number, self._row, self._faults, self._numbers, self._is_hidden))
            self._row = []
