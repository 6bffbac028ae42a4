"""Which cells of a sheet are merged into another one, and so have no value of their own."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple

from classifiers.importing.file_problem import FileProblem

MAX_MERGES: Final = 100_000

_REFERENCE = re.compile("([A-Z]{1,3})([0-9]{1,7})")


class TooManyMerges(FileProblem):
    """The sheet has more merged areas than anybody would make by hand."""

    code = "too_many_merges"


class _Area(NamedTuple):
    first_row: int
    last_row: int
    first_column: int
    last_column: int
    owner: str


class Covered:
    """The rows of one column whose cells are merged into another cell."""

    def __init__(self, areas: Iterable[tuple[int, int, str]]) -> None:
        self._areas = sorted(areas)
        self._starts = [area[0] for area in self._areas]

    def find_owner(self, row: int) -> str | None:
        """Return the name of the cell that this row's cell is merged into, or None if it's its own."""
        at = bisect_right(self._starts, row) - 1
        if at < 0 or row > self._areas[at][1]:
            return None
        return self._areas[at][2]


class Merges:
    """The merged areas of a sheet. In each, only the cell at the top left has a value."""

    def __init__(self) -> None:
        self._areas: list[_Area] = []

    def __len__(self) -> int:
        return len(self._areas)

    def add(self, reference: str) -> None:
        """Take in an area such as A1:B3. Raises TooManyMerges, and ValueError if it's none."""
        if len(self._areas) == MAX_MERGES:
            raise TooManyMerges(
                f"The sheet has more than {MAX_MERGES:,} merged areas. Unmerge all cells, or save the sheet as CSV in "
                "UTF-8, and upload that."
            )
        owner, _, end = reference.partition(":")
        first_column, first_row = parse_reference(owner)
        last_column, last_row = parse_reference(end or owner)
        self._areas.append(_Area(first_row, last_row, first_column, last_column, owner))

    def find_covered(self, column: int) -> Covered:
        """Return the rows of a column, counted from 0, whose cells are merged into another cell."""
        return Covered(
            (area.first_row + (column == area.first_column), area.last_row, area.owner)
            for area in self._areas
            if area.first_column <= column <= area.last_column
        )


def parse_reference(reference: str) -> tuple[int, int]:
    """Return a cell's column, counted from 0, and its row, counted from 1. Raises ValueError."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(reference)
    return column_index(match.group(1)), int(match.group(2))


def column_index(letters: str) -> int:
    """Return the column that these letters name, counted from 0: A is 0, Z 25, AA 26."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def column_letters(index: int) -> str:
    """Return the letters that name a column, counted from 0."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
