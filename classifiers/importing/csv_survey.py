"""One pass over a whole CSV file, before a single row is given: can it be split, and what is in it?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classifiers.importing import csv_records, headers, texts
from classifiers.importing.rows import NoRows, TooManyRows

PREVIEW_ROWS: Final = 20

_PREVIEW_CELL_CHARS = 300


@dataclass(frozen=True)
class Survey:
    """What a file holds. `first_rows` are for the screen: cells shortened, what can't be shown as an escape.

    `header_problems` keep the file from being read; `warnings` don't.
    """

    header: tuple[str, ...]
    header_number: int
    header_problems: tuple[str, ...]
    warnings: tuple[str, ...]
    first_rows: tuple[tuple[str, ...], ...]
    row_count: int


@dataclass
class _Tally:
    """Rows of one fault: how many, and the number of the first."""

    count: int = 0
    first: int = 0

    def add(self, number: int) -> None:
        self.first = self.first or number
        self.count += 1


def survey(path: Path, *, encoding: str, delimiter: str, limit_rows: int) -> Survey:
    """Return what a file holds, reading all of it.

    Raises NoRows, TooManyRows, TooManyColumns, BrokenQuotes, RowTooLong, CutOff.
    """
    records = csv_records.read_records(path, encoding=encoding, delimiter=delimiter)
    first = next(records, None)
    if first is None:
        raise NoRows
    header = headers.read_header(first.cells)
    first_rows: list[tuple[str, ...]] = []
    count, ragged, damaged = 0, _Tally(), _Tally()
    for record in records:
        count += 1
        if count > limit_rows:
            raise TooManyRows(limit_rows)
        if count <= PREVIEW_ROWS:
            first_rows.append(_preview(record.cells))
        if len(record.cells) != len(header):
            ragged.add(record.number)
        if record.damage:
            damaged.add(record.number)
    if not count:
        raise NoRows
    damage = (f"Row {first.number}: {first.damage}",) if first.damage else ()
    return Survey(
        header=header,
        header_number=first.number,
        header_problems=(*damage, *headers.find_problems(header)),
        warnings=(
            *headers.find_values(header),
            *_warnings(ragged, fault="don't have as many cells as the header"),
            *_warnings(damaged, fault="hold bytes that aren't in this encoding"),
        ),
        first_rows=tuple(first_rows),
        row_count=count,
    )


def _preview(cells: list[str]) -> tuple[str, ...]:
    return tuple(texts.shown(cell, limit=_PREVIEW_CELL_CHARS) for cell in cells[: headers.MAX_COLUMNS])


def _warnings(tally: _Tally, *, fault: str) -> tuple[str, ...]:
    if not tally.count:
        return ()
    return (f"Rows that {fault} will be refused: {tally.count:,}, the first is row {tally.first:,}.",)
