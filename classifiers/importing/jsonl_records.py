"""A file of JSON objects as numbered records: one object in each line, or all in one list."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TextIO

from classifiers.importing import encodings, kinds
from classifiers.importing.csv_records import MAX_RECORD_CHARS, RowTooLong
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.jsonl_objects import NoJson, ObjectReader, Parsed

_PIECE_CHARS = 65_536
_SPACE = re.compile("[ \t\n\r]*")


class NotUtf8(FileProblem):
    """JSON is UTF-8 by its standard, and this file is in another encoding."""

    code = "not_utf_8"


class BrokenList(FileProblem):
    """From this object on nobody can tell where the others begin."""

    code = "broken_list"


class Record(NamedTuple):
    """One object of the file.

    `number` is that of its line, blank ones counted; in a list it's the object's place, from 1. If it can't be
    taken, `damage` is a sentence that says why. `source` is what stands in the file, or the start of it.
    """

    number: int
    values: Mapping[str, Any]
    damage: str
    source: str


def read_records(path: Path) -> Iterator[Record]:
    """Yield each object of a file, and whatever stands in the place of one.

    Raises NotUtf8 and Unreadable at once; RowTooLong and BrokenList while iterating, at the object in question.
    """
    head = kinds.read_head(path)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NotUtf8("The file looks like JSON in UTF-16. Save it as UTF-8.")
    is_list = head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")
    return _read_list(path) if is_list else _read_lines(path)


def _read_lines(path: Path) -> Iterator[Record]:
    reader = ObjectReader()
    offset = encodings.mark_size_bytes(path)
    number = 0
    with encodings.open_text(path, encoding="utf-8") as file:
        while line := file.readline(MAX_RECORD_CHARS + 1):
            number += 1
            if len(line) > MAX_RECORD_CHARS:
                raise RowTooLong(f"Line {number:,} is longer than {MAX_RECORD_CHARS:,} characters. Shorten it.")
            source = line.strip()
            if source:
                damage = _find_damage(line, start=0, end=len(line), offset=offset)
                yield Record(number, *_read_line(source, reader=reader, damage=damage), source)
            offset += _size_bytes(line)


def _read_line(source: str, *, reader: ObjectReader, damage: str) -> tuple[Mapping[str, Any], str]:
    if damage:
        return {}, damage
    try:
        parsed = reader.read(source, start=0)
    except NoJson as problem:
        return {}, f"{problem.sentence} Correct it."
    if parsed.end < len(source):
        return {}, f"Something follows the object, at character {parsed.end + 1:,}. Write one object a line."
    return ({}, parsed.fault) if parsed.fault else (parsed.value, "")


def _read_list(path: Path) -> Iterator[Record]:
    with encodings.open_text(path, encoding="utf-8") as file:
        window = _Window(file, offset=encodings.mark_size_bytes(path))
        window.take("[")
        number = 0
        while window.peek() != "]":
            if number:
                window.take(",")
            number += 1
            yield window.read_record(number)
        window.take("]")
        window.require_end()


class _Window:
    """The part of a list that is in memory: a piece of the file, or a whole object where one is longer."""

    def __init__(self, file: TextIO, *, offset: int) -> None:
        self._file = file
        self._reader = ObjectReader()
        self._offset = offset
        self._text = ""
        self._at = 0
        self._is_last = False
        self._number = 0

    def peek(self) -> str:
        """Return the next character that isn't white space, "" at the file's end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text) or self._is_last:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def take(self, character: str) -> None:
        """Pass the character that must stand here. Raises BrokenList."""
        found = self.peek()
        if found != character:
            self._refuse(f"there is no “{character}” behind it" if found else "there the file ends")
        self._at += 1

    def require_end(self) -> None:
        """Raise BrokenList if anything follows."""
        if self.peek():
            self._refuse("something follows the list's end")

    def read_record(self, number: int) -> Record:
        """Return the object that starts here. Raises BrokenList, RowTooLong."""
        self._number = number
        self.peek()
        parsed = self._parse()
        start, self._at = self._at, parsed.end
        source = self._text[start : parsed.end]
        if len(source) > MAX_RECORD_CHARS:
            raise RowTooLong(f"Object {number:,} is longer than {MAX_RECORD_CHARS:,} characters. Shorten it.")
        damage = _find_damage(self._text, start=start, end=parsed.end, offset=self._offset) or parsed.fault
        return Record(number, {} if damage else parsed.value, damage, source)

    def _parse(self) -> Parsed:
        while True:
            try:
                parsed = self._reader.read(self._text, start=self._at)
            except NoJson as problem:
                what = problem.sentence.rstrip(".")
                if self._is_last:
                    self._refuse(what, cause=problem)
                # Otherwise the rest of it is perhaps still to be read.
                if len(self._text) - self._at > MAX_RECORD_CHARS:
                    self._refuse(f"{what}, or it's longer than {MAX_RECORD_CHARS:,} characters", cause=problem)
            else:
                if parsed.end < len(self._text) or self._is_last:
                    return parsed
            self._read_on()

    def _read_on(self) -> None:
        self._offset += _size_bytes(self._text[: self._at])
        rest = self._text[self._at :]
        # Twice as much each time, so that a long object isn't parsed over and over.
        piece = self._file.read(max(_PIECE_CHARS, len(rest)))
        self._is_last = not piece
        self._text, self._at = rest + piece, 0

    def _refuse(self, what: str, *, cause: Exception | None = None) -> NoReturn:
        raise BrokenList(
            f"The list of objects can't be read on at object {self._number:,}: {what}. Correct it, or write one object "
            "a line instead, without brackets around them all."
        ) from cause


def _find_damage(text: str, *, start: int, end: int, offset: int) -> str:
    """Return a sentence about the first byte of `text[start:end]` that isn't UTF-8; `text` starts at `offset`."""
    if text.isascii():
        return ""
    at = encodings.find_surrogate(text[start:end])
    if at is None:
        return ""
    byte, where = ord(text[start + at]) - 0xDC00, offset + _size_bytes(text[: start + at])
    return f"The byte 0x{byte:02X} at offset {where:,} of the file is not UTF-8. Correct it."


def _size_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))
