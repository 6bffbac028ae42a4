"""Which headers can't be used, and which look like no header at all."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from classifiers.importing import texts
from classifiers.importing.file_problem import FileProblem
from moderation.text import is_blank

MAX_COLUMNS: Final = 100

_NAME_CHARS = 100
_MOST_PROBLEMS = 5
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


class TooManyColumns(FileProblem):
    """The header has more cells than a table of texts and labels can need."""

    code = "too_many_columns"


class BadHeader(FileProblem):
    """The columns can't be told apart by their names."""

    code = "bad_header"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(["The header can't be used.", *problems[:_MOST_PROBLEMS]]))


def read_header(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns, trimmed, in NFC and fit to be shown. Raises TooManyColumns."""
    if len(cells) > MAX_COLUMNS:
        raise TooManyColumns(f"The file has too many columns: {len(cells):,} (limit {MAX_COLUMNS}).")
    return tuple(_name(cell) for cell in cells)


def find_problems(header: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence for each name that is blank, doubled, or differs from another in case only."""
    problems = [f"Column {number} has no name." for number, name in enumerate(header, 1) if is_blank(name)]
    columns: defaultdict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(header, 1):
        if not is_blank(name):
            columns[name.casefold()].append(number)
    for numbers in columns.values():
        if len(numbers) > 1:
            problems.append(_same_names(numbers, names=[header[number - 1] for number in numbers]))
    return tuple(problems)


def find_values(header: Sequence[str]) -> tuple[str, ...]:
    """Return a warning if a name looks like a value, so that the file may have no header."""
    for name in header:
        if _NUMBER.fullmatch(name) or len(name) >= _NAME_CHARS:
            return (
                f"The first row must hold the names of the columns, but “{texts.excerpt(name, limit=40)}” looks like "
                "a value. If it is one, put a row of names above it: otherwise this first row is lost.",
            )
    return ()


def _name(cell: str) -> str:
    # Cut before it's normalized: a "name" of 100,000 marks is no name.
    start = cell.strip()[: _NAME_CHARS + 1]
    return texts.shown(unicodedata.normalize("NFC", start), limit=_NAME_CHARS)


def _same_names(numbers: Iterable[int], *, names: Sequence[str]) -> str:
    *first, last = map(str, numbers)
    columns = f"Columns {', '.join(first)} and {last}"
    if len(set(names)) == 1:
        return f"{columns} are all named “{names[0]}”." if len(first) > 1 else f"{columns} are both named “{names[0]}”."
    return f"{columns} have names that differ in case only: {', '.join(f'“{name}”' for name in names)}."
