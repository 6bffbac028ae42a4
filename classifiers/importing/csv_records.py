"""A CSV file as numbered records, split strictly, with a bound on memory whatever the file holds."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from classifiers.importing import encodings
from classifiers.importing.file_problem import FileProblem

# More than any honest row and little enough for memory: four bytes a character, twice over.
MAX_RECORD_CHARS: Final = 2_000_000

_LONE_SURROGATE_LEAD = 0xDCED


class BrokenQuotes(FileProblem):
    """From this row on nobody can tell where the rows begin."""

    code = "broken_quotes"


class RowTooLong(FileProblem):
    """A row is longer than any honest one."""

    code = "row_too_long"


class CutOff(FileProblem):
    """The file ends inside a character."""

    code = "cut_off"


class Record(NamedTuple):
    """One record of the file.

    `number` counts records from 1, blank lines included, as a spreadsheet does; a record whose quoted cells hold
    line ends counts once. `chars` is the record's length with quotes and line end. `damage` is a sentence about
    the first character of it that couldn't be decoded, or None.
    """

    number: int
    cells: list[str]
    chars: int
    damage: str | None


def read_records(path: Path, *, encoding: str, delimiter: str) -> Iterator[Record]:
    """Yield each record of a CSV file, blank lines left out but counted.

    Raises BrokenQuotes, RowTooLong, CutOff - while iterating, at the row in question.
    """
    with encodings.open_text(path, encoding=encoding) as file:
        lines = _Lines(file, encoding=encoding, offset=encodings.mark_size_bytes(path))
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        number = 0
        while True:
            number += 1
            lines.begin_record(number)
            cells = _next_cells(reader, lines=lines, number=number)
            if cells is None:
                return
            if cells:
                yield Record(number, cells, lines.record_chars, lines.damage)


def _next_cells(reader: Iterator[list[str]], *, lines: _Lines, number: int) -> list[str] | None:
    # The limit belongs to the whole process, so it's raised for one step only. The lines have a bound of their own.
    limit_before = csv.field_size_limit(MAX_RECORD_CHARS)
    try:
        return next(reader, None)
    except csv.Error as error:
        advice = 'Write a quote inside a quoted cell as two quotes (""), or export the file again.'
        if lines.at_end:
            raise BrokenQuotes(f"A quote opened in row {number:,} never closes. {advice}") from error
        raise BrokenQuotes(
            f"In row {number:,} a quoted cell goes on after its closing quote, in the file's line {lines.count:,}. "
            f"{advice}"
        ) from error
    except UnicodeDecodeError as error:
        raise CutOff("The file ends in the middle of a character: it was cut off. Upload it again.") from error
    finally:
        csv.field_size_limit(limit_before)


class _Lines:
    """Hand the lines of a file to csv.reader and remember, for the current record, its length and damage."""

    def __init__(self, file: TextIO, *, encoding: str, offset: int) -> None:
        self._file = file
        self._encoding = encoding
        self._codec = "utf-16-le" if encoding == "utf-16" else encoding
        self._errors = encodings.error_handler(encoding)
        self._bytes_per_ascii = 2 if encoding == "utf-16" else 1
        self._offset = offset
        self._number = 0
        self.count = 0
        self.at_end = False
        self.record_chars = 0
        self.damage: str | None = None

    def begin_record(self, number: int) -> None:
        self._number = number
        self.record_chars = 0
        self.damage = None

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_RECORD_CHARS + 1)
        if not line:
            self.at_end = True
            raise StopIteration
        self.count += 1
        self.record_chars += len(line)
        if self.record_chars > MAX_RECORD_CHARS:
            raise RowTooLong(
                f"Row {self._number:,} is longer than {MAX_RECORD_CHARS:,} characters. Perhaps a quote opened there "
                "never closes, or the file isn't CSV."
            )
        if line.isascii():
            self._offset += len(line) * self._bytes_per_ascii
        else:
            self._pass(line)
        return line

    def _pass(self, line: str) -> None:
        at = encodings.find_surrogate(line)
        if at is not None and self.damage is None:
            self.damage = self._describe(line, at=at)
        self._offset += self._size_bytes(line)

    def _describe(self, line: str, *, at: int) -> str:
        offset = self._offset + self._size_bytes(line[:at])
        code = ord(line[at])
        following = ord(line[at + 1]) if at + 1 < len(line) else 0
        is_half = self._encoding == "utf-16" or (
            # UTF-8 has no form for U+D800 to U+DFFF; programs that write one nevertheless write ED A0..BF xx.
            self._encoding == "utf-8" and code == _LONE_SURROGATE_LEAD and 0xDCA0 <= following <= 0xDCBF
        )
        if is_half:
            return f"At byte offset {offset:,} of the file stands half of a surrogate pair, no character. Remove it."
        name = encodings.ENCODINGS[self._encoding]
        byte = f"0x{code - 0xDC00:02X}"
        return f"The byte {byte} at offset {offset:,} of the file is not {name}. Correct it or choose another encoding."

    def _size_bytes(self, text: str) -> int:
        return len(text.encode(self._codec, self._errors))
