"""Cells that a spreadsheet would run as formulas: kept from it by an apostrophe on export, given back on import.

A CSV file can't say that a cell is text. So an export puts an apostrophe before such a cell and says so in a column of
its own, in the same row: an import takes off only what that column names. In a file of anybody else's, which has no
such column, and in a row that somebody has added, an apostrophe is the text's own and stays.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

# The column in which each row of an export names the cells that got an apostrophe, parted by blanks.
MARK_COLUMN: Final = "apostrophe_added"
TEXT, LABEL = "text", "label"

# Source: OWASP, "CSV Injection". The last four are the full-width forms of the first four.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def starts_formula(cell: str) -> bool:
    """Tell whether a spreadsheet may take the cell for a formula.

    >>> starts_formula("=1+1"), starts_formula("1+1"), starts_formula("'=1+1")
    (True, False, False)
    """
    return cell.startswith(_FORMULA_STARTS)


def guard(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula.

    >>> guard("=1+1"), guard("fine")
    ("'=1+1", 'fine')
    """
    return f"'{cell}" if starts_formula(cell) else cell


def read_mark(cell: str) -> frozenset[str]:
    """Return which cells of its row a mark names.

    >>> sorted(read_mark("text label")), sorted(read_mark("  "))
    (['label', 'text'], [])
    """
    return frozenset(cell.split())


def unguard(cell: str, *, name: str, marked: Collection[str]) -> str:
    """Return the cell called `name` as it was before `guard`, if its row's mark names it; else as it is.

    >>> unguard("'=1+1", name=TEXT, marked={TEXT}), unguard("'=1+1", name=TEXT, marked=())
    ('=1+1', "'=1+1")
    """
    return cell.removeprefix("'") if name in marked else cell
