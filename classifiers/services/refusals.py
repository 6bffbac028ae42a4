"""Refused rows of an upload, as a file that a spreadsheet can open without harm."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from classifiers.models import ImportRefusal, ImportRun

# A cell that starts with one of these is run as a formula by spreadsheets (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(run: ImportRun) -> Iterator[str]:
    """Yield the lines of a CSV file: row number, reason, and the start of the row's text."""
    writer = csv.writer(_Lines())
    # The mark tells Excel that this is UTF-8.
    yield "\ufeff" + writer.writerow(["row", "reason", "text"])
    for refusal in run.refusals.order_by("row_number").iterator():
        yield writer.writerow([refusal.row_number, escape_cell(refusal.reason), escape_cell(refusal.excerpt)])


def page(run: ImportRun, *, after_row: int, limit: int) -> tuple[list[ImportRefusal], int | None]:
    """Return up to `limit` refused rows with numbers above `after_row`, and after which row the next page starts.

    Order: by row number. The second is None on the last page.
    """
    # One more than is given says whether there is a next page.
    found = list(run.refusals.filter(row_number__gt=after_row).order_by("row_number")[: limit + 1])
    given = found[:limit]
    return given, given[-1].row_number if len(found) > limit else None


def escape_cell(value: str) -> str:
    """Return the value so that no spreadsheet takes it for a formula.

    >>> escape_cell("=1+1"), escape_cell("fine")
    ("'=1+1", 'fine')
    """
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


class _Lines:
    """A file that hands each written line back to the writer's caller."""

    def write(self, line: str) -> Any:
        return line
