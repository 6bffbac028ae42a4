"""The child process that takes an uploaded file apart: `python -m classifiers.importing.job look|survey|rows ...`.

    look   --file F
    survey --file F --text-column 0 --label-column 1 --labels labels.json
    rows   --file F --text-column 0 [--label-column 1 --labels labels.json [--mapping mapping.json]]

each with [--encoding E] [--delimiter D] [--sheet S] [--memory-limit-mb 512] [--limit-rows 200000]. Encoding and
delimiter are for CSV, and but for `look` they must be given there; the sheet is for workbooks. `labels.json` is
`[{"number": 0, "name": "ham"}, ...]`; `mapping.json` says of some label cells where they go, whatever their words:
`[{"cell": "junk", "label": 1}, {"cell": "?", "label": null}, {"cell": "x", "label": "refuse"}]`.

Prints JSON lines, in ASCII. `look`: one object, the fields of `looks.Look`. `survey`: one object,

    {"total": 8, "refused": 1, "cells": [...], "more": 0}

where `refused` are rows that can't be taken whatever their label, `cells` what stands in the label cells of the
others, each with the fields of `label_cells.LabelCell`, and `more` how many different cells aren't listed. `rows`:
first how many there are, taken and refused, then each of them in order:

    {"total": 8}
    {"row": 2, "text": "...", "label": 1}                      label null: none
    {"row": 5, "refused": "A sentence.", "excerpt": "..."}

A file that is refused as a whole: `{"error": "A sentence.", "code": "..."}` and exit code 2, before any row. Only
`out_of_memory` and `unreadable` can come after rows. Wrong arguments: exit code 64. Anything else is a fault of ours.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from classifiers.importing import delimiters, encodings, label_cells, labels, tables, texts
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.label_cells import LabelCells, LabelMapping
from classifiers.importing.rows import LIMIT_ROWS, Refused, Row, Rows
from moderation import child_process

EXIT_REFUSED: Final = 2
EXIT_USAGE: Final = 64  # EX_USAGE of sysexits.h


class OutOfMemory(FileProblem):
    """The memory limit was met."""

    code = "out_of_memory"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = _parse(arguments)
    try:
        child_process.begin(memory_limit_mb=options.memory_limit_mb)
        _COMMANDS[options.command](options)
    except FileProblem as problem:
        return _refuse(problem)
    except child_process.ParentGone:
        return EXIT_USAGE
    except MemoryError:
        return _refuse(OutOfMemory("The file takes more memory to read than allowed. Split it and upload the parts."))
    return 0


def _look(options: argparse.Namespace) -> None:
    child_process.tell(dataclasses.asdict(tables.look(options.file, options=_reading(options))))


def _survey(options: argparse.Namespace) -> None:
    book = labels.LabelBook(_read_labels(options.labels))
    rows = _read_rows(options)
    cells, refused = LabelCells(), 0
    for row in rows:
        if isinstance(row, Refused):
            refused += 1
        else:
            cells.add(row.label_cell or "")
    listed = [dataclasses.asdict(cell) for cell in cells.listed(book)]
    child_process.tell({"total": rows.total, "refused": refused, "cells": listed, "more": cells.more})


def _rows(options: argparse.Namespace) -> None:
    book = labels.LabelBook(_read_labels(options.labels))
    mapping = LabelMapping(book, decided=_read_mapping(options.mapping))
    rows = _read_rows(options)
    child_process.tell({"total": rows.total})
    for row in rows:
        child_process.tell(_message(row, mapping=mapping))


_COMMANDS = {"look": _look, "survey": _survey, "rows": _rows}


def _reading(options: argparse.Namespace) -> tables.Options:
    return tables.Options(
        encoding=options.encoding, delimiter=options.delimiter, sheet=options.sheet, limit_rows=options.limit_rows
    )


def _read_rows(options: argparse.Namespace) -> Rows:
    return tables.read_rows(
        options.file,
        options=_reading(options),
        text_column=options.text_column,
        label_column=options.label_column,
    )


def _message(row: Row | Refused, *, mapping: LabelMapping) -> dict[str, Any]:
    if isinstance(row, Refused):
        return {"row": row.number, "refused": row.reason, "excerpt": row.excerpt}
    label = labels.Matched(None) if row.label_cell is None else mapping.match(row.label_cell)
    if isinstance(label, labels.Unknown):
        return {"row": row.number, "refused": label.sentence, "excerpt": texts.excerpt(row.text)}
    return {"row": row.number, "text": row.text, "label": label.number}


def _read_labels(path: Path | None) -> list[labels.LabelName]:
    if path is None:
        return []
    return [labels.LabelName(entry["number"], entry["name"]) for entry in json.loads(path.read_bytes())]


def _read_mapping(path: Path | None) -> dict[str, int | str | None]:
    return {} if path is None else label_cells.read_mapping(json.loads(path.read_bytes()))


def _refuse(problem: FileProblem) -> int:
    child_process.tell({"error": problem.sentence, "code": problem.code})
    return EXIT_REFUSED


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="classifiers.importing.job", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in _COMMANDS:
        command = commands.add_parser(name)
        command.add_argument("--file", type=Path, required=True)
        command.add_argument("--encoding", choices=encodings.ENCODINGS)
        # Named, because argparse stumbles over a tab among the choices when it prints the usage.
        command.add_argument("--delimiter", choices=delimiters.DELIMITERS, metavar="D")
        command.add_argument("--sheet")
        command.add_argument("--memory-limit-mb", type=int, default=512)
        command.add_argument("--limit-rows", type=int, default=LIMIT_ROWS)
        if name != "look":
            command.add_argument("--text-column", type=int, required=True)
            command.add_argument("--label-column", type=int, required=name == "survey")
            command.add_argument("--labels", type=Path)
        if name == "rows":
            command.add_argument("--mapping", type=Path)
    options = parser.parse_args(arguments)
    if options.command != "look" and (options.label_column is None) != (options.labels is None):
        parser.error("--label-column and --labels go together")
    if options.command == "rows" and options.mapping and options.labels is None:
        parser.error("--mapping needs --labels")
    return options


if __name__ == "__main__":
    sys.exit(main())
