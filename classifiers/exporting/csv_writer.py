"""Examples as CSV: UTF-8 with a byte order mark, commas, every cell quoted, line ends as RFC 4180 has them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from classifiers.exporting.columns import LABEL, TEXT, ExportRow
from classifiers.importing import apostrophes

_PIECE_CHARS = 65_536
# Excel takes a file without it for one in an encoding of last century.
_BYTE_ORDER_MARK = "\ufeff"


def write_csv(rows: Iterable[ExportRow]) -> Iterator[bytes]:
    """Yield the file in pieces. No cell of it is run by a spreadsheet: see `importing.apostrophes`."""
    piece = io.StringIO(newline="")
    # All are quoted: where a comma doesn't part the cells, a spreadsheet might find one to run in the middle of a text.
    writer = csv.writer(piece, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    piece.write(_BYTE_ORDER_MARK)
    writer.writerow([TEXT, LABEL, apostrophes.MARK_COLUMN])
    for row in rows:
        writer.writerow(_cells(row))
        if piece.tell() >= _PIECE_CHARS:
            yield piece.getvalue().encode()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue().encode()


def _cells(row: ExportRow) -> tuple[str, str, str]:
    named = {apostrophes.TEXT: row.text, apostrophes.LABEL: row.label}
    mark = " ".join(name for name, cell in named.items() if apostrophes.starts_formula(cell))
    return apostrophes.guard(row.text), apostrophes.guard(row.label), mark
