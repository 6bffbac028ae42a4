"""JSON objects, one a line or all in one list: a preview of the file, and its rows one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifiers.importing import headers, jsonl_records, rows
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.jsonl_objects import cell_text, find_fault
from classifiers.importing.jsonl_records import Record
from classifiers.importing.looks import PREVIEW_ROWS, Look, Survey, Tally, preview
from classifiers.importing.rows import LIMIT_ROWS, Columns, Refused, Row, Rows, TooManyRows

# The columns are the keys of so many objects; one that comes up later is rare, and nothing to train on.
_HEADER_OBJECTS = 100


class NoObjects(FileProblem):
    """Not one object of the file can be read."""

    code = "no_objects"


@dataclass(frozen=True)
class ObjectsSurvey(Survey):
    """What one pass over a file of objects found; `keys` are the columns as the objects have them."""

    keys: tuple[str, ...]


def look(path: Path, *, limit_rows: int = LIMIT_ROWS) -> Look:
    """Return what a file of objects looks like, reading all of it in a fixed amount of memory.

    Raises a FileProblem: NotUtf8, NoObjects, TooManyRows, TooManyColumns, RowTooLong, BrokenList, Unreadable.
    """
    seen = _survey(path, limit_rows=limit_rows)
    return Look(
        encoding="",
        certain=True,
        encoding_note="",
        delimiter="",
        header=seen.header,
        header_problems=seen.header_problems,
        warnings=seen.warnings,
        first_rows=seen.first_rows,
        row_count=seen.row_count,
        kind="jsonl",
    )


def read_rows(path: Path, *, text_column: int, label_column: int | None, limit_rows: int = LIMIT_ROWS) -> Rows:
    """Return the file's objects as rows, each as one that can be taken or as refused; columns count from 0.

    The whole file is judged before this returns, so that none is refused when half of it has been read.

    Raises the FileProblems of `look`, and BadHeader, NoSuchColumn.
    """
    seen = _survey(path, limit_rows=limit_rows)
    if seen.header_problems:
        raise headers.BadHeader(seen.header_problems)
    columns = rows.choose_columns(seen.header, text=text_column, label=label_column)
    records = jsonl_records.read_records(path)
    return Rows((_read(record, keys=seen.keys, columns=columns) for record in records), total=seen.row_count)


def _survey(path: Path, *, limit_rows: int) -> ObjectsSurvey:
    # A dict, because it keeps the order.
    keys: dict[str, None] = {}
    first: list[Record] = []
    damaged, strange = Tally(), Tally()
    count = objects = 0
    for record in jsonl_records.read_records(path):
        count += 1
        if count > limit_rows:
            raise TooManyRows(limit_rows)
        if len(first) < PREVIEW_ROWS:
            first.append(record)
        if record.damage:
            damaged.add(record.number)
            continue
        objects += 1
        if objects <= _HEADER_OBJECTS:
            keys |= dict.fromkeys(record.values)
        elif not record.values.keys() <= keys.keys():
            strange.add(record.number)
    if not keys:
        raise NoObjects('There is no object in the file that can be read. Write one a line, such as {"text": "hello"}.')
    header = headers.read_header(list(keys))
    return ObjectsSurvey(
        header=header,
        header_number=0,
        header_problems=headers.find_problems(header),
        warnings=(*damaged.warnings("hold no object that can be read"), *_strange_keys(strange)),
        first_rows=tuple(preview(_cells(record, keys=tuple(keys))) for record in first),
        row_count=count,
        keys=tuple(keys),
    )


def _strange_keys(tally: Tally) -> tuple[str, ...]:
    if not tally.count:
        return ()
    return (
        f"Objects with keys that none of the first {_HEADER_OBJECTS} has: {tally.count:,}, the first is row "
        f"{tally.first:,}. Those keys aren't read.",
    )


def _cells(record: Record, *, keys: Sequence[str]) -> list[str]:
    return [record.source] if record.damage else [cell_text(record.values.get(key)) for key in keys]


def _read(record: Record, *, keys: Sequence[str], columns: Columns) -> Row | Refused:
    cells = _cells(record, keys=keys)
    reason = record.damage or _find_fault(record.values, keys=keys, columns=columns)
    if reason:
        return rows.refuse(record.number, reason=reason, cells=cells)
    return rows.read_row(record.number, cells=cells, columns=columns)


def _find_fault(values: Mapping[str, Any], *, keys: Sequence[str], columns: Columns) -> str:
    chosen = (keys[column] for column in (columns.text, columns.label) if column is not None)
    return next(filter(None, (find_fault(values.get(key), column=key) for key in chosen)), "")
