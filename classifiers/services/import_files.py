"""The child process that takes a staged file apart: looks at it, counts its label cells, reads its rows."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from classifiers.importing import delimiters, encodings
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.label_cells import LabelCell
from classifiers.importing.looks import Look
from classifiers.models import ImportRun, Label

logger = logging.getLogger(__name__)

JOB: Final = "classifiers.importing.job"

_CHILD_MEMORY_MB = 512
# The reader's own names are shorter.
_SHEET_CHARS = 100
_LISTS = ("header", "header_problems", "warnings")


class FileRefused(Exception):
    """The file can't be read as a table; the message says why and what to do. `code` is for programs."""

    def __init__(self, sentence: str, *, code: str = "unreadable") -> None:
        super().__init__(sentence)
        self.code = code


class TookTooLong(FileRefused):
    """The file may be good, but reading it took longer than somebody can wait."""


@dataclass(frozen=True)
class LabelSurvey:
    """What stands in the label cells of a file; `more` is how many different ones aren't among `cells`."""

    cells: tuple[LabelCell, ...]
    more: int


def look(run: ImportRun, *, encoding: str = "", delimiter: str = "", sheet: str = "", timeout_s: float) -> Look:
    """Look at the staged file, read with what is given; the rest is detected.

    Done in a child process, within `timeout_s` and a limit of memory. Raises FileRefused.
    """
    options = _reading(encoding=encoding, delimiter=delimiter, sheet=sheet)
    return _look(Path(run.file.path), options=options, timeout_s=timeout_s)


def look_at(path: Path, *, limit_rows: int, timeout_s: float) -> Look:
    """Look at a file that isn't staged, as `look` does, and refuse it beyond `limit_rows`. Raises FileRefused."""
    return _look(path, options=_reading(limit_rows=limit_rows), timeout_s=timeout_s)


def _look(path: Path, *, options: Sequence[str], timeout_s: float) -> Look:
    with _child(["look", "--file", str(path), *options], timeout_s=timeout_s) as messages:
        answer = _only(messages, names={field.name for field in fields(Look)})
    return Look(
        **answer
        | {name: tuple(answer[name]) for name in _LISTS}
        | {"first_rows": tuple(tuple(row) for row in answer["first_rows"])}
    )


def read_texts(path: Path, *, seen: Look, text_column: int, limit_rows: int, timeout_s: float) -> list[dict[str, Any]]:
    """Return the messages of the rows of a file that `look_at` has seen, without labels. Raises FileRefused."""
    options = _reading(encoding=seen.encoding, delimiter=seen.delimiter, sheet=seen.sheet, limit_rows=limit_rows)
    arguments = ["rows", "--file", str(path), *options, f"--text-column={text_column}"]
    with _child(arguments, timeout_s=timeout_s) as messages:
        return list(_after_total(messages))


@contextmanager
def survey(run: ImportRun, *, folder: Path, timeout_s: float) -> Iterator[Callable[[], LabelSurvey]]:
    """Start to count the label cells of a file whose columns are chosen; what is yielded waits for the result.

    `folder` has what `write_choices` writes. The result raises FileRefused.
    """
    arguments = ["survey", *_rows_arguments(run), *_label_arguments(run, folder=folder)]
    with _child(arguments, timeout_s=timeout_s) as messages:
        yield partial(_read_survey, messages)


@contextmanager
def rows(run: ImportRun, *, folder: Path, timeout_s: float) -> Iterator[Iterator[dict[str, Any]]]:
    """Read a file whose columns are chosen: what is yielded are the messages of its rows, as the child prints them.

    `folder` has what `write_choices` writes. Reading raises FileRefused.
    """
    with _child(rows_command(run, folder=folder), timeout_s=timeout_s) as messages:
        yield _after_total(messages)


def rows_command(run: ImportRun, *, folder: Path) -> list[str]:
    """Return what to tell the child, so that it prints the rows of a file whose columns are chosen."""
    arguments = ["rows", *_rows_arguments(run)]
    if run.label_column is not None:
        arguments += [*_label_arguments(run, folder=folder), f"--mapping={_mapping_path(folder)}"]
    return arguments


def write_choices(run: ImportRun, *, labels: Mapping[int, Label], folder: Path) -> None:
    """Write into `folder` what the child must know of the labels, and of the decisions about label cells."""
    known = [{"number": label.number, "name": label.name} for label in labels.values()]
    _labels_path(folder).write_text(json.dumps(known), encoding="utf-8")
    _mapping_path(folder).write_text(json.dumps(run.label_mapping), encoding="utf-8")


def _labels_path(folder: Path) -> Path:
    return folder / "labels.json"


def _mapping_path(folder: Path) -> Path:
    return folder / "mapping.json"


def _rows_arguments(run: ImportRun) -> list[str]:
    options = _reading(encoding=run.encoding, delimiter=run.delimiter, sheet=run.sheet)
    return ["--file", run.file.path, *options, f"--text-column={run.text_column}"]


def _label_arguments(run: ImportRun, *, folder: Path) -> list[str]:
    return [f"--label-column={run.label_column}", f"--labels={_labels_path(folder)}"]


def _reading(*, encoding: str = "", delimiter: str = "", sheet: str = "", limit_rows: int | None = None) -> list[str]:
    # Checked here: no value of a user's may be taken for an option, or be one that no program can be given.
    try:
        if encoding:
            encodings.require_known(encoding)
        if delimiter:
            delimiters.require_known(delimiter)
    except FileProblem as problem:
        raise FileRefused(problem.sentence, code=problem.code) from problem
    if len(sheet) > _SHEET_CHARS or "\0" in sheet or any("\ud800" <= letter <= "\udfff" for letter in sheet):
        raise FileRefused("There is no such sheet in the workbook. Choose another one.")
    given = {"encoding": encoding, "delimiter": delimiter, "sheet": sheet}
    limits = [f"--limit-rows={limit_rows or settings.UPLOAD_MAX_ROWS}", f"--memory-limit-mb={_CHILD_MEMORY_MB}"]
    return [f"--{name}={value}" for name, value in given.items() if value] + limits


@contextmanager
def _child(arguments: Sequence[str], *, timeout_s: float) -> Iterator[Iterator[dict[str, Any]]]:
    """Run the child; what is yielded are its messages. It is killed when the block is left, or after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    try:
        child = subprocess.Popen(  # noqa: S603 - our own module; the values are checked, no shell
            [sys.executable, "-m", JOB, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # What a traceback would hold may be a user's text.
            stderr=subprocess.DEVNULL,
            cwd=settings.BASE_DIR,
        )
    except OSError as error:
        sentence = "The server is too busy to read the file. Upload it again in a minute."
        raise FileRefused(sentence, code="busy") from error
    killer = threading.Timer(timeout_s, child.kill)
    killer.start()
    try:
        yield _messages(child, deadline=deadline)
    finally:
        killer.cancel()
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _messages(child: subprocess.Popen[bytes], *, deadline: float) -> Iterator[dict[str, Any]]:
    try:
        for line in child.stdout or ():
            message = dict(json.loads(line))
            if "error" in message:
                raise FileRefused(message["error"], code=message["code"])
            yield message
        code = child.wait()
    except (ValueError, TypeError):
        # Perhaps killed in the middle of a line.
        code = child.poll() or 1
    if code and time.monotonic() >= deadline:
        raise TookTooLong("Reading the file took too long. Split it, or save it again as a plain CSV.")
    if code:
        raise _broke(code)


def _after_total(messages: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if "total" not in next(messages, {}):
        raise _broke(0)
    yield from messages


def _only(messages: Iterator[dict[str, Any]], *, names: Set[str]) -> dict[str, Any]:
    """Return the one message that was to come, once the child has ended well."""
    answers = list(messages)
    if len(answers) != 1 or answers[0].keys() != names:
        raise _broke(0)
    return answers[0]


def _read_survey(messages: Iterator[dict[str, Any]]) -> LabelSurvey:
    answer = _only(messages, names={"total", "refused", "cells", "more"})
    return LabelSurvey(cells=tuple(LabelCell(**cell) for cell in answer["cells"]), more=answer["more"])


def _broke(code: int) -> FileRefused:
    logger.error("reading a file broke", extra={"code": code})
    return FileRefused("Reading the file broke off. Try again; if it happens again, save it as a plain UTF-8 CSV.")
