"""A file imported in one step, its columns named beforehand: what a program asks for, which sees no preview."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from django.core.files import File

from classifiers.importing import delimiters, encodings, texts
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.looks import Look
from classifiers.models import ImportRun
from classifiers.services import imports
from classifiers.services.imports import FileRefused
from moderation.runs import OPEN_STATES

_NAME_CHARS = 100


class BadReading(Exception):
    """The file can't be read as was asked; the message says why. `field` is what to change."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class AlreadyImported(Exception):
    """The same file was imported into this classifier before; the message says when."""


@dataclass(frozen=True)
class Reading:
    """How to read the file: its columns by name; the others "" where they are to be found out.

    Without a sheet, it's the first of a workbook that is neither hidden nor blank.
    """

    text_column: str
    label_column: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


def start(
    classifier_id: int,
    *,
    file: File[bytes],
    reading: Reading,
    is_again: bool = False,
    is_sent: bool = True,
    by: Any = None,
) -> ImportRun:
    """Keep the file and start its import; where that is refused, nothing is kept. `is_again`: it may be known already.

    What a person is asked for in the preview is never guessed: a file whose encoding is in doubt is refused until the
    reading names one. `is_sent` as in `imports.confirm`.

    Raises FileRefused, BadReading, AlreadyImported, NotConfirmable, Classifier.DoesNotExist.
    """
    _require_known(reading)
    run = imports.stage(classifier_id, file=file, by=by)
    with ExitStack() as undo:
        undo.callback(imports.discard, run.pk)
        if not is_again:
            _require_new(run)
        found = imports.look(run, encoding=reading.encoding, delimiter=reading.delimiter, sheet=reading.sheet)
        _require_certain(found)
        imports.confirm(
            run.pk,
            text_column=_find_column(found.header, name=reading.text_column, field="text_column"),
            label_column=_find_column(found.header, name=reading.label_column, field="label_column")
            if reading.label_column
            else None,
            encoding=found.encoding,
            delimiter=found.delimiter,
            sheet=found.sheet,
            header=found.header,
            is_sent=is_sent,
        )
        undo.pop_all()
    run.refresh_from_db()
    return run


def _require_known(reading: Reading) -> None:
    try:
        if reading.encoding:
            encodings.require_known(reading.encoding)
        if reading.delimiter:
            delimiters.require_known(reading.delimiter)
    except encodings.UnknownEncoding as problem:
        sentence = f"{problem.sentence} There are {', '.join(encodings.ENCODINGS)}."
        raise BadReading("encoding", sentence) from problem
    except FileProblem as problem:
        raise BadReading("delimiter", problem.sentence) from problem


def _require_new(run: ImportRun) -> None:
    others = ImportRun.objects.filter(classifier_id=run.classifier_id, sha256=run.sha256).exclude(pk=run.pk)
    under_way = others.filter(state__in=OPEN_STATES).order_by("-pk").first()
    if under_way is not None:
        raise AlreadyImported(f"This file is being imported now, as import {under_way.pk}. Wait for its report.")
    earlier = imports.find_earlier(run)
    if earlier is not None:
        raise AlreadyImported(
            f"This file was imported on {earlier.created_at:%-d %B %Y} already, as import {earlier.pk}. "
            "If it's to be imported once more, say so with “again”."
        )


def _require_certain(found: Look) -> None:
    if found.header_problems:
        raise FileRefused(
            " ".join([*found.header_problems, "Correct the first row and upload the file again."]), code="bad_header"
        )
    if not found.certain:
        raise BadReading("encoding", f"{found.encoding_note} Name it as “encoding”, for example {found.encoding}.")


def _find_column(header: Sequence[str], *, name: str, field: str) -> int:
    wanted = unicodedata.normalize("NFC", name[: 2 * _NAME_CHARS].strip())
    # No two names of a header that can be used differ in case alone.
    for column, known in enumerate(header):
        if known.casefold() == wanted.casefold():
            return column
    there = ", ".join(f"“{known}”" for known in header)
    raise BadReading(
        field, f"There is no column “{texts.shown(name, limit=_NAME_CHARS)}” in the file; there are {there}."
    )
