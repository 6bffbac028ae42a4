"""What a file looks like before its columns are chosen: the same for every kind of file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from classifiers.importing import headers, texts

PREVIEW_ROWS: Final = 20

_PREVIEW_CELL_CHARS = 300


@dataclass(frozen=True)
class Look:
    """What a file looks like, for the screen on which the user chooses the columns.

    Unless `certain`, the user confirms the encoding. A file with `header_problems` can't be imported. The cells of
    `header` and `first_rows` can be shown and stored: what can't, stands as an escape; long cells are shortened.

    `kind` is csv, xlsx or jsonl. Encoding and delimiter are a CSV file's and blank otherwise. A workbook has
    `sheets`, by name, each visible or hidden; this is a look at the one named `sheet`.
    """

    encoding: str
    certain: bool
    encoding_note: str
    delimiter: str
    header: tuple[str, ...]
    header_problems: tuple[str, ...]
    warnings: tuple[str, ...]
    first_rows: tuple[tuple[str, ...], ...]
    row_count: int
    kind: str = "csv"
    sheets: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""


@dataclass(frozen=True)
class Survey:
    """What one pass over a whole file found. `header_number` is the row that the header is, 0 if it is none.

    `first_rows` are for the screen: cells shortened, what can't be shown as an escape. `header_problems` keep the
    file from being read; `warnings` don't.
    """

    header: tuple[str, ...]
    header_number: int
    header_problems: tuple[str, ...]
    warnings: tuple[str, ...]
    first_rows: tuple[tuple[str, ...], ...]
    row_count: int


@dataclass
class Tally:
    """Rows of one fault: how many, and the number of the first."""

    count: int = 0
    first: int = 0

    def add(self, number: int) -> None:
        self.first = self.first or number
        self.count += 1

    def warnings(self, fault: str) -> tuple[str, ...]:
        """Return a warning that rows with this fault will be refused, if there are such."""
        if not self.count:
            return ()
        return (f"Rows that {fault} will be refused: {self.count:,}, the first is row {self.first:,}.",)


def preview(cells: Sequence[str]) -> tuple[str, ...]:
    """Return a row's cells for the screen: shortened, what can't be shown as an escape."""
    return tuple(texts.shown(cell, limit=_PREVIEW_CELL_CHARS) for cell in cells[: headers.MAX_COLUMNS])
