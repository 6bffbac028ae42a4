"""The texts of a workbook, which its cells name by number."""

from __future__ import annotations

from array import array
from typing import IO, Final

from classifiers.importing.file_problem import FileProblem
from classifiers.importing.rows import MAX_CELL_CHARS
from classifiers.importing.xlsx_xml import CellText, Start, feed

# Ten different texts in each of 200,000 rows.
MAX_STRINGS: Final = 2_000_000


class TooManyStrings(FileProblem):
    """The workbook has more different texts than a table of examples can need."""

    code = "too_many_strings"


class SharedStrings:
    """Texts by number, as one run of UTF-8: a third of what a list of `str` takes, and no more for one emoji."""

    def __init__(self) -> None:
        self._utf_8 = bytearray()
        self._ends = array("Q", [0])
        self._long: dict[int, int] = {}

    def add(self, text: str, *, chars: int) -> None:
        """Keep the next text, `chars` long before it was cut. Raises TooManyStrings."""
        number = len(self._ends) - 1
        if number == MAX_STRINGS:
            raise TooManyStrings(
                f"The workbook has more than {MAX_STRINGS:,} different texts. Delete the columns and sheets you don't "
                "need, or save the sheet with the texts alone as CSV in UTF-8."
            )
        self._utf_8 += text.encode()
        self._ends.append(len(self._utf_8))
        if chars > MAX_CELL_CHARS:
            self._long[number] = chars

    def get(self, number: int) -> tuple[str, int]:
        """Return a text, and its length before it was cut. Raises LookupError."""
        if number < 0:
            raise IndexError
        text = self._utf_8[self._ends[number] : self._ends[number + 1]].decode()
        return text, self._long.get(number) or len(text)


def read_strings(file: IO[bytes]) -> SharedStrings:
    """Return the texts of a workbook's table of strings, in which formatting is ignored.

    Raises TooManyStrings, BrokenWorkbook, DoctypeFound.
    """
    reader = _StringsReader()
    starts: dict[str, Start] = {"si": reader.begin, "t": reader.open, "rPh": reader.begin_hint}
    ends = {"si": reader.end, "t": reader.close, "rPh": reader.end_hint}
    for _ in feed(file, starts=starts, ends=ends, text=reader.string.add):
        pass
    return reader.strings


class _StringsReader:
    """Put the texts together from their elements."""

    def __init__(self) -> None:
        self.strings = SharedStrings()
        self.string = CellText()
        # Phonetic hints stand beside the text that they are about, in elements of the same name.
        self._is_hint = False

    def begin(self, _attributes: object) -> None:
        self.string.begin()

    def open(self, _attributes: object) -> None:
        self.string.is_open = not self._is_hint

    def begin_hint(self, _attributes: object) -> None:
        self._is_hint = True

    def close(self) -> None:
        self.string.is_open = False

    def end_hint(self) -> None:
        self._is_hint = False

    def end(self) -> None:
        self.strings.add(self.string.text, chars=self.string.chars)
