"""CSV and its sisters: a preview of the file, and its rows one by one."""

from __future__ import annotations

from pathlib import Path

from classifiers.importing import csv_records, delimiters, encodings, headers, kinds, rows
from classifiers.importing.csv_survey import survey
from classifiers.importing.looks import Look
from classifiers.importing.rows import LIMIT_ROWS, Columns, Refused, Row, Rows


def look(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, limit_rows: int = LIMIT_ROWS
) -> Look:
    """Return what a file looks like, reading all of it in a fixed amount of memory.

    Raises a FileProblem: WrongKind, Unreadable, Utf16WithoutMark, UnknownEncoding, UnknownDelimiter, NoRows,
    TooManyRows, TooManyColumns, BrokenQuotes, RowTooLong, CutOff.
    """
    kinds.require_text(path)
    found = encodings.settle_encoding(path, asked=encoding)
    if delimiter is None:
        delimiter = delimiters.detect_delimiter(path, encoding=found.name)
    delimiters.require_known(delimiter)
    seen = survey(path, encoding=found.name, delimiter=delimiter, limit_rows=limit_rows)
    return Look(
        encoding=found.name,
        certain=found.certain,
        encoding_note=found.note,
        delimiter=delimiter,
        header=seen.header,
        header_problems=seen.header_problems,
        warnings=seen.warnings,
        first_rows=seen.first_rows,
        row_count=seen.row_count,
    )


def read_rows(
    path: Path,
    *,
    encoding: str,
    delimiter: str,
    text_column: int,
    label_column: int | None,
    limit_rows: int = LIMIT_ROWS,
) -> Rows:
    """Return the file's rows, each as one that can be taken or as refused; columns count from 0.

    The whole file is judged before this returns, so that none is refused when half of it has been read.

    Raises the FileProblems of `look`, and BadHeader, NoSuchColumn.
    """
    kinds.require_text(path)
    encoding = encodings.settle_encoding(path, asked=encoding).name
    delimiters.require_known(delimiter)
    seen = survey(path, encoding=encoding, delimiter=delimiter, limit_rows=limit_rows)
    if seen.header_problems:
        raise headers.BadHeader(seen.header_problems)
    columns = rows.choose_columns(seen.header, text=text_column, label=label_column)
    records = csv_records.read_records(path, encoding=encoding, delimiter=delimiter)
    next(records)
    return Rows((_read(record, columns=columns) for record in records), total=seen.row_count)


def _read(record: csv_records.Record, *, columns: Columns) -> Row | Refused:
    if record.damage:
        return rows.refuse(record.number, reason=record.damage, cells=record.cells)
    return rows.read_row(record.number, cells=record.cells, columns=columns)
