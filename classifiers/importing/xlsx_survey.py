"""One pass over a whole sheet, before a single row is given: what is in it, and what of it can't be read?"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from classifiers.importing import headers
from classifiers.importing.looks import PREVIEW_ROWS, Survey, Tally, preview
from classifiers.importing.rows import NoRows, TooManyRows
from classifiers.importing.xlsx_merges import Merges
from classifiers.importing.xlsx_records import Record, read_records
from classifiers.importing.xlsx_workbook import Sheet, Workbook

# The last word of a header that announces digits which are no number.
_ID = re.compile(r"(?:.*[\W_])?(?i:ids?|no|nr|number|phone|mobile|zip|postcode|code)|.*[a-z]I[dD]")


@dataclass(frozen=True)
class SheetSurvey(Survey):
    """What one pass over a whole sheet found; `merges` are its merged areas."""

    merges: Merges


@dataclass
class _Tallies:
    """What of a sheet can't be read, or may not be what it was."""

    hidden: Tally = field(default_factory=Tally)
    wide: Tally = field(default_factory=Tally)
    faults: defaultdict[int, Tally] = field(default_factory=lambda: defaultdict(Tally))
    fragile: set[int] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)

    def add(self, record: Record, *, width: int) -> None:
        if record.is_hidden:
            self.hidden.add(record.number)
            return
        if len(record.cells) > width:
            self.wide.add(record.number)
        for column in record.faults:
            self.faults[column].add(record.number)
        for column, cell in enumerate(record.cells):
            if column in record.numbers:
                self.numbers.add(column)
                if record.numbers[column]:
                    self.fragile.add(column)
            elif cell:
                self.others.add(column)


def survey(workbook: Workbook, *, sheet: Sheet, limit_rows: int) -> SheetSurvey:
    """Return what a sheet holds, reading all of it. Its header is the first row that is neither blank nor hidden.

    Raises NoRows, TooManyRows, TooManyColumns, TooManyMerges, BrokenWorkbook, DoctypeFound.
    """
    merges, tallies = Merges(), _Tallies()
    first: Record | None = None
    header: tuple[str, ...] = ()
    first_rows: list[tuple[str, ...]] = []
    count = 0
    for record in read_records(workbook, sheet=sheet, merges=merges):
        if first is None and not record.is_hidden:
            first, header = record, headers.read_header(record.cells)
            continue
        count += 1
        if count > limit_rows:
            raise TooManyRows(limit_rows)
        tallies.add(record, width=len(header))
        if len(first_rows) < PREVIEW_ROWS and not record.is_hidden:
            first_rows.append(preview(record.cells + [""] * (len(header) - len(record.cells))))
    if first is None or not count:
        raise NoRows
    return SheetSurvey(
        header=header,
        header_number=first.number,
        header_problems=(*first.faults.values(), *headers.find_problems(header)),
        warnings=(*headers.find_values(header), *_warnings(tallies, header=header, merges=merges)),
        first_rows=tuple(first_rows),
        row_count=count,
        merges=merges,
    )


def _warnings(tallies: _Tallies, *, header: tuple[str, ...], merges: Merges) -> tuple[str, ...]:
    found = [
        *tallies.hidden.warnings("are hidden"),
        *tallies.wide.warnings("hold a value in a column that the header doesn't name"),
    ]
    if merges:
        found.append(
            f"Merged areas: {len(merges):,}. Only the cell at the top left of each has a value; a row whose text or "
            "label is in another will be refused."
        )
    for column, name in enumerate(header):
        if column in tallies.faults:
            tally = tallies.faults[column]
            found.append(
                f"Cells of column {column + 1}, “{name}”, that hold an error or a formula without value: "
                f"{tally.count:,}, the first is in row {tally.first:,}. Their rows are refused if you choose this "
                "column."
            )
        is_id = column in tallies.numbers and column not in tallies.others and _ID.fullmatch(name)
        if column in tallies.fragile or is_id:
            found.append(
                f"Column {column + 1}, “{name}”, is numeric: zeros in front and digits after the 15th are lost. If "
                "they matter, format the column as text and enter them again."
            )
    return tuple(found)
