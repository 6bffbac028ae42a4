"""What a row is, and when one is refused: the same for every kind of file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from classifiers.importing import apostrophes, texts
from classifiers.importing.file_problem import FileProblem

# As many rows as one file may have, unless the caller sets another limit.
LIMIT_ROWS: Final = 200_000
# What Python's csv takes for too long by default, and four times what a spreadsheet's cell can hold.
MAX_CELL_CHARS: Final = 131_072
_NONE_MARKED: Final[frozenset[str]] = frozenset()


class NoRows(FileProblem):
    """The file is empty, or has a header and nothing below it."""

    code = "no_rows"

    def __init__(self) -> None:
        super().__init__(
            "The file has no rows. Its first row must hold the names of the columns; at least one more must follow."
        )


class TooManyRows(FileProblem):
    """The file has more rows than one import takes."""

    code = "too_many_rows"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The file has more than {limit:,} rows, the limit for one import. Split it and upload the parts."
        )
        self.limit = limit


class NoSuchColumn(FileProblem):
    """A column asked for isn't in the file, or one column was asked for twice."""

    code = "no_such_column"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can become an example.

    `number` is the row's number as a spreadsheet shows it: the header is row 1, the first row below it 2; blank
    lines count, and a row whose quoted cells hold line ends counts once. (JSON has no header: there it is the number
    of the line, or the place in the list.) `text` is clean; `label_cell` is as given, None if there is no label
    column.
    """

    number: int
    text: str
    label_cell: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that isn't taken: `reason` is a sentence, `excerpt` one line to recognize the row by."""

    number: int
    reason: str
    excerpt: str


class Rows(Iterator[Row | Refused]):
    """The rows of a file, read as they are asked for. `total` is how many there are."""

    def __init__(self, rows_read: Iterator[Row | Refused], *, total: int) -> None:
        self._rows = rows_read
        self.total = total

    def __next__(self) -> Row | Refused:
        return next(self._rows)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold what. Columns count from 0; `width` is how many there are.

    `mark` is the column in which an export of ours says which cells of the row it put an apostrophe before.
    """

    width: int
    text: int
    label: int | None
    mark: int | None = None


def choose_columns(header: Sequence[str], *, text: int, label: int | None) -> Columns:
    """Return the columns to read. Raises NoSuchColumn."""
    for column in (text, label):
        if column is not None and not 0 <= column < len(header):
            raise NoSuchColumn(f"There is no column {column + 1}: the file has {len(header)}. Choose another one.")
    if text == label:
        raise NoSuchColumn(f"Column {text + 1} can't hold the text and the label at once. Choose two columns.")
    mark = header.index(apostrophes.MARK_COLUMN) if apostrophes.MARK_COLUMN in header else None
    return Columns(width=len(header), text=text, label=label, mark=mark)


def read_row(number: int, *, cells: Sequence[str], columns: Columns) -> Row | Refused:
    """Return the row that these cells make, or why they make none."""
    if len(cells) != columns.width:
        reason = (
            f"The row has {_cells(len(cells))}, but the header has {columns.width:,}. Write a text that holds the "
            "delimiter or a line end between double quotes."
        )
        return refuse(number, reason=reason, cells=cells)
    for position, cell in enumerate(cells, 1):
        if len(cell) > MAX_CELL_CHARS:
            reason = (
                f"The cell in column {position} is {len(cell):,} characters long; the limit is {MAX_CELL_CHARS:,}. "
                "Shorten it."
            )
            return refuse(number, reason=reason, cells=cells)
    marked = _NONE_MARKED if columns.mark is None else apostrophes.read_mark(cells[columns.mark])
    try:
        text = texts.clean_text(apostrophes.unguard(cells[columns.text], name=apostrophes.TEXT, marked=marked))
    except texts.BadText as problem:
        return refuse(number, reason=problem.sentence, cells=cells)
    if columns.label is None:
        return Row(number, text, None)
    return Row(number, text, apostrophes.unguard(cells[columns.label], name=apostrophes.LABEL, marked=marked))


def refuse(number: int, *, reason: str, cells: Sequence[str]) -> Refused:
    """Return a refusal that shows the start of the row."""
    return Refused(number, reason, texts.excerpt(" | ".join(cell[:200] for cell in cells[:10])))


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"
