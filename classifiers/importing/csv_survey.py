"""One pass over a whole CSV file, before a single row is given: can it be split, and what is in it?"""

from __future__ import annotations

from pathlib import Path

from classifiers.importing import csv_records, headers
from classifiers.importing.looks import PREVIEW_ROWS, Survey, Tally, preview
from classifiers.importing.rows import NoRows, TooManyRows


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
    count, ragged, damaged = 0, Tally(), Tally()
    for record in records:
        count += 1
        if count > limit_rows:
            raise TooManyRows(limit_rows)
        if count <= PREVIEW_ROWS:
            first_rows.append(preview(record.cells))
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
            *ragged.warnings("don't have as many cells as the header"),
            *damaged.warnings("hold bytes that aren't in this encoding"),
        ),
        first_rows=tuple(first_rows),
        row_count=count,
    )
