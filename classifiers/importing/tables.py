"""The one door to a file of rows, whatever kind it is of: told by its bytes, never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from classifiers.importing import csv_reader, jsonl_reader, kinds, xlsx_reader
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.looks import Look
from classifiers.importing.rows import LIMIT_ROWS, Rows


class NotSettled(FileProblem):
    """How to read a CSV file wasn't said, and is never guessed when its rows are taken."""

    code = "not_settled"


@dataclass(frozen=True)
class Options:
    """How to read a file. `encoding` and `delimiter` are for CSV only, `sheet` for workbooks only."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    limit_rows: int = LIMIT_ROWS


def look(path: Path, *, options: Options) -> Look:
    """Return what a file looks like, reading all of it; what the options leave open is detected.

    Raises a FileProblem: see the `look` of `csv_reader`, `xlsx_reader` and `jsonl_reader`.
    """
    kind = kinds.find_kind(path)
    if kind == kinds.XLSX:
        return xlsx_reader.look(path, sheet=options.sheet, limit_rows=options.limit_rows)
    if kind == kinds.JSON:
        return jsonl_reader.look(path, limit_rows=options.limit_rows)
    return csv_reader.look(path, encoding=options.encoding, delimiter=options.delimiter, limit_rows=options.limit_rows)


def read_rows(path: Path, *, options: Options, text_column: int, label_column: int | None) -> Rows:
    """Return the file's rows, each as one that can be taken or as refused; columns count from 0.

    The whole file is judged before this returns, so that none is refused when half of it has been read.

    Raises a FileProblem: NotSettled, and those of `read_rows` in `csv_reader`, `xlsx_reader` and `jsonl_reader`.
    """
    kind, limit_rows = kinds.find_kind(path), options.limit_rows
    if kind == kinds.XLSX:
        return xlsx_reader.read_rows(
            path, sheet=options.sheet, text_column=text_column, label_column=label_column, limit_rows=limit_rows
        )
    if kind == kinds.JSON:
        return jsonl_reader.read_rows(path, text_column=text_column, label_column=label_column, limit_rows=limit_rows)
    if options.encoding is None or options.delimiter is None:
        raise NotSettled("Say in which encoding the file is and what parts its cells.")
    return csv_reader.read_rows(
        path,
        encoding=options.encoding,
        delimiter=options.delimiter,
        text_column=text_column,
        label_column=label_column,
        limit_rows=limit_rows,
    )
