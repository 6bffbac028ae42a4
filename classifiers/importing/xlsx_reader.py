"""Excel workbooks: a preview of one sheet, and its rows one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from classifiers.importing import headers, rows, texts
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.looks import Look
from classifiers.importing.rows import LIMIT_ROWS, Columns, NoRows, Refused, Row, Rows
from classifiers.importing.xlsx_merges import Covered, column_letters
from classifiers.importing.xlsx_records import Record, read_records
from classifiers.importing.xlsx_survey import SheetSurvey, survey
from classifiers.importing.xlsx_workbook import Sheet, Workbook, open_workbook

_LISTED_SHEETS = 5


class NoSuchSheet(FileProblem):
    """The sheet asked for isn't in the workbook, or is hidden."""

    code = "no_such_sheet"


def look(path: Path, *, sheet: str | None = None, limit_rows: int = LIMIT_ROWS) -> Look:
    """Return what a sheet of a workbook looks like: the one asked for, or the first that is neither hidden nor blank.

    Raises a FileProblem: NoSuchSheet, NoRows, TooManyRows, TooManyColumns, TooManyMerges, TooManyStrings,
    TooLargeUnpacked, TooManyParts, WrongKind, BrokenWorkbook, DoctypeFound.
    """
    workbook = open_workbook(path)
    chosen = _choose_sheet(workbook, asked=sheet)
    seen = survey(workbook, sheet=chosen, limit_rows=limit_rows)
    return Look(
        encoding="",
        certain=True,
        encoding_note="",
        delimiter="",
        header=seen.header,
        header_problems=seen.header_problems,
        warnings=(*_hidden_sheets(workbook), *seen.warnings),
        first_rows=seen.first_rows,
        row_count=seen.row_count,
        kind="xlsx",
        sheets={sheet.name: "hidden" if sheet.is_hidden else "visible" for sheet in workbook.sheets},
        sheet=chosen.name,
    )


def read_rows(
    path: Path,
    *,
    sheet: str | None = None,
    text_column: int,
    label_column: int | None,
    limit_rows: int = LIMIT_ROWS,
) -> Rows:
    """Return the sheet's rows, each as one that can be taken or as refused; columns count from 0.

    The whole sheet is judged before this returns, so that none is refused when half of it has been read.

    Raises the FileProblems of `look`, and BadHeader, NoSuchColumn.
    """
    workbook = open_workbook(path)
    chosen = _choose_sheet(workbook, asked=sheet)
    seen = survey(workbook, sheet=chosen, limit_rows=limit_rows)
    if seen.header_problems:
        raise headers.BadHeader(seen.header_problems)
    columns = rows.choose_columns(seen.header, text=text_column, label=label_column)
    return Rows(_read_rows(workbook, sheet=chosen, seen=seen, columns=columns), total=seen.row_count)


def _choose_sheet(workbook: Workbook, *, asked: str | None) -> Sheet:
    for sheet in workbook.sheets:
        if sheet.is_hidden:
            if sheet.name == asked:
                raise NoSuchSheet(f"The sheet “{sheet.name}” is hidden. Show it in Excel, save, and upload that.")
        elif sheet.name == asked or (asked is None and next(read_records(workbook, sheet=sheet), None)):
            return sheet
    if asked is None:
        raise NoRows
    raise NoSuchSheet(f"There is no sheet “{texts.shown(asked, limit=100)}” in the workbook. Choose another one.")


def _hidden_sheets(workbook: Workbook) -> tuple[str, ...]:
    hidden = [f"“{sheet.name}”" for sheet in workbook.sheets if sheet.is_hidden]
    if not hidden:
        return ()
    listed = ", ".join(hidden[:_LISTED_SHEETS]) + (", …" if len(hidden) > _LISTED_SHEETS else "")
    return (f"Hidden sheets aren't read: {len(hidden):,} ({listed}).",)


def _read_rows(workbook: Workbook, *, sheet: Sheet, seen: SheetSurvey, columns: Columns) -> Iterator[Row | Refused]:
    chosen = [column for column in (columns.text, columns.label) if column is not None]
    covered = {column: seen.merges.find_covered(column) for column in chosen}
    for record in read_records(workbook, sheet=sheet):
        if record.number != seen.header_number:
            yield _read(record, columns=columns, covered=covered)


def _read(record: Record, *, columns: Columns, covered: Mapping[int, Covered]) -> Row | Refused:
    reason = _find_fault(record, columns=columns, covered=covered)
    if reason:
        return rows.refuse(record.number, reason=reason, cells=record.cells)
    cells = record.cells + [""] * (columns.width - len(record.cells))
    return rows.read_row(record.number, cells=cells, columns=columns)


def _find_fault(record: Record, *, columns: Columns, covered: Mapping[int, Covered]) -> str:
    if record.is_hidden:
        return "The row is hidden. If it's to be imported, show it in Excel, save, and upload that."
    for column, areas in covered.items():
        if column in record.faults:
            return record.faults[column]
        owner = areas.find_owner(record.number)
        if owner is not None:
            cell = f"{column_letters(column)}{record.number}"
            return f"Cell {cell} is merged with {owner} and has no value of its own. Unmerge them and fill in both."
    if len(record.cells) > columns.width:
        last = column_letters(len(record.cells) - 1)
        return f"There is a value in column {last}, but the header doesn't name it. Name the column or delete it."
    return ""
