"""The child process that takes an uploaded file apart: `python -m classifiers.importing.job look|rows ...`.

    look --file F [--encoding E] [--delimiter D]
    rows --file F --encoding E --delimiter D --text-column 0 [--label-column 1 --labels labels.json]

both with [--memory-limit-mb 512] [--limit-rows 200000]. `labels.json` is `[{"number": 0, "name": "ham"}, ...]`.

Prints JSON lines, in ASCII. `look`: one object, the fields of `csv_reader.Look`. `rows`: first how many there are,
taken and refused, then each of them in order:

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

from classifiers.importing import csv_reader, delimiters, encodings, labels, texts
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.rows import LIMIT_ROWS, Refused, Row
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
        child_process.die_with_parent()
        child_process.limit_memory(options.memory_limit_mb)
        _look(options) if options.command == "look" else _rows(options)
    except FileProblem as problem:
        return _refuse(problem)
    except child_process.ParentGone:
        return EXIT_USAGE
    except MemoryError:
        return _refuse(OutOfMemory("The file takes more memory to read than allowed. Split it and upload the parts."))
    return 0


def _look(options: argparse.Namespace) -> None:
    seen = csv_reader.look(
        options.file, encoding=options.encoding, delimiter=options.delimiter, limit_rows=options.limit_rows
    )
    child_process.tell(dataclasses.asdict(seen))


def _rows(options: argparse.Namespace) -> None:
    book = labels.LabelBook(_read_labels(options.labels))
    rows = csv_reader.read_rows(
        options.file,
        encoding=options.encoding,
        delimiter=options.delimiter,
        text_column=options.text_column,
        label_column=options.label_column,
        limit_rows=options.limit_rows,
    )
    child_process.tell({"total": rows.total})
    for row in rows:
        child_process.tell(_message(row, book=book))


def _message(row: Row | Refused, *, book: labels.LabelBook) -> dict[str, Any]:
    if isinstance(row, Refused):
        return {"row": row.number, "refused": row.reason, "excerpt": row.excerpt}
    label = labels.Matched(None) if row.label_cell is None else book.match(row.label_cell)
    if isinstance(label, labels.Unknown):
        return {"row": row.number, "refused": label.sentence, "excerpt": texts.excerpt(row.text)}
    return {"row": row.number, "text": row.text, "label": label.number}


def _read_labels(path: Path | None) -> list[labels.LabelName]:
    if path is None:
        return []
    return [labels.LabelName(entry["number"], entry["name"]) for entry in json.loads(path.read_bytes())]


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
    look, rows = commands.add_parser("look"), commands.add_parser("rows")
    for command, is_settled in ((look, False), (rows, True)):
        command.add_argument("--file", type=Path, required=True)
        command.add_argument("--encoding", choices=encodings.ENCODINGS, required=is_settled)
        # Named, because argparse stumbles over a tab among the choices when it prints the usage.
        command.add_argument("--delimiter", choices=delimiters.DELIMITERS, required=is_settled, metavar="D")
        command.add_argument("--memory-limit-mb", type=int, default=512)
        command.add_argument("--limit-rows", type=int, default=LIMIT_ROWS)
    rows.add_argument("--text-column", type=int, required=True)
    rows.add_argument("--label-column", type=int)
    rows.add_argument("--labels", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "rows" and (options.label_column is None) != (options.labels is None):
        parser.error("--label-column and --labels go together")
    return options


if __name__ == "__main__":
    sys.exit(main())
