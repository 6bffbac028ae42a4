"""Which character parts the cells of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from classifiers.importing import encodings
from classifiers.importing.file_problem import FileProblem

# The character, and how it is called on screen. Where two fit equally well, the first wins.
DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

_SAMPLE_LINES = 200
# Less than the longest cell that csv takes by default: a quote that never closes makes one cell of the whole sample.
_SAMPLE_CHARS = 100_000


class UnknownDelimiter(FileProblem):
    """The delimiter asked for isn't among DELIMITERS."""

    code = "unknown_delimiter"


def require_known(delimiter: str) -> None:
    """Raise UnknownDelimiter unless this is one of DELIMITERS."""
    if delimiter not in DELIMITERS:
        raise UnknownDelimiter("The cells must be parted by a comma, a semicolon, a tab or a vertical bar.")


def detect_delimiter(path: Path, *, encoding: str) -> str:
    """Return the delimiter under which a file's first lines look most like a table.

    One that splits the header comes before one that doesn't; then the larger share of rows as wide as the header
    wins, then the wider header, then the order of DELIMITERS. So a file of one column with commas in its texts
    isn't torn apart as long as its header has no comma.
    """
    sample = _read_sample(path, encoding=encoding)
    return max(DELIMITERS, key=lambda delimiter: _fit(sample, delimiter=delimiter))


def _fit(sample: Sequence[str], *, delimiter: str) -> tuple[bool, float, int]:
    # Not strict: a quote out of place is judged later, with its row's number.
    widths = [len(cells) for cells in csv.reader(sample, delimiter=delimiter) if cells]
    if not widths:
        return False, 0.0, 0
    width = widths[0]
    share = sum(other == width for other in widths) / len(widths)
    return width > 1, share, width


def _read_sample(path: Path, *, encoding: str) -> list[str]:
    lines: list[str] = []
    chars_left = _SAMPLE_CHARS
    with encodings.open_text(path, encoding=encoding) as file:
        while len(lines) < _SAMPLE_LINES and chars_left:
            try:
                line = file.readline(chars_left)
            except UnicodeDecodeError:
                # A cut-off file of UTF-16; the reader says so.
                break
            if not line:
                break
            lines.append(line)
            chars_left -= len(line)
    # A line that the sample's end cuts is narrower than it is.
    return lines if chars_left or len(lines) == 1 else lines[:-1]
