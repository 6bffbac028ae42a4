"""A sheet as numbered records, read as they are asked for, with a bound on memory whatever the file holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from classifiers.importing.csv_records import MAX_RECORD_CHARS, RowTooLong
from classifiers.importing.headers import MAX_COLUMNS, TooManyColumns
from classifiers.importing.xlsx_cells import CellReader
from classifiers.importing.xlsx_merges import Merges, column_letters
from classifiers.importing.xlsx_package import MAX_UNPACKED_BYTES, TooLargeUnpacked
from classifiers.importing.xlsx_sheet import RawRow, read_sheet
from classifiers.importing.xlsx_workbook import Sheet, Workbook


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

    Raises TooManyColumns, TooManyMerges, RowTooLong, TooLargeUnpacked, BrokenWorkbook, DoctypeFound - while
    iterating.
    """
    reader = CellReader(workbook)
    chars = 0
    with workbook.package.open(sheet.part) as file:
        for row in read_sheet(file, merges=merges):
            record = _read(row, reader=reader)
            if record.cells:
                chars += sum(map(len, record.cells))
                # Many cells can share one long text, so that a sheet says far more than it takes.
                if chars > MAX_UNPACKED_BYTES:
                    raise TooLargeUnpacked(
                        f"The sheet's cells hold more than {MAX_UNPACKED_BYTES:,} characters. Split it and upload the "
                        "parts."
                    )
                yield record


def _read(row: RawRow, *, reader: CellReader) -> Record:
    cells: list[str] = []
    faults: dict[int, str] = {}
    numbers: dict[int, bool] = {}
    chars = 0
    for cell in row.cells:
        value = reader.read(cell)
        if not value.text:
            continue
        column = cell.column
        if column >= MAX_COLUMNS:
            raise TooManyColumns(
                f"The file has too many columns: there is a value in cell {column_letters(column)}{row.number} (limit "
                f"{MAX_COLUMNS} columns). Delete the columns you don't need."
            )
        chars += len(value.text)
        if chars > MAX_RECORD_CHARS:
            raise RowTooLong(f"Row {row.number:,} is longer than {MAX_RECORD_CHARS:,} characters. Shorten its cells.")
        cells += [""] * (column - len(cells))
        cells.append(value.text)
        if value.fault:
            faults[column] = f"Cell {column_letters(column)}{row.number} {value.fault}"
        if value.is_number:
            numbers[column] = value.is_fragile
    return Record(row.number, cells, faults, numbers, row.is_hidden)
