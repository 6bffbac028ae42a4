"""Uploads without a screen: a classifier with two labels, files on their way, and what came of them."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import Workbook

from classifiers import tasks
from classifiers.models import Classifier, ImportRun
from classifiers.services import import_rows, imports
from moderation import runs
from moderation.runs import Claim, RunState
from tests.factories import ClassifierFactory, ImportRunFactory, LabelFactory

CSV = "text,label\nhello,0\nwin a phone,Spam\nwhat?,\n"
SUMS = ("read", "added", "labelled", "relabelled", "duplicates", "refused")

Messages = list[dict[str, Any]]
Reading = Generator[dict[str, Any], None, None]


def classifier() -> Classifier:
    """Return a classifier with the labels 0 Fine and 1 Spam."""
    made: Classifier = ClassifierFactory()
    LabelFactory(classifier=made, number=0, name="Fine")
    LabelFactory(classifier=made, number=1, name="Spam")
    return made


def file(content: str | bytes = CSV, *, name: str = "") -> SimpleUploadedFile:
    """Return a file on its way, named messages.xlsx or messages.csv by what it is unless a name is given."""
    content = content if isinstance(content, bytes) else content.encode()
    return SimpleUploadedFile(name or f"messages.{'xlsx' if content.startswith(b'PK') else 'csv'}", content)


def stage(content: str | bytes = CSV, *, into: Classifier | None = None) -> ImportRun:
    return imports.stage((into or classifier()).pk, file=file(content))


def confirm(run: ImportRun, **choices: Any) -> None:
    """Confirm the draft as it was read, text in the first column and label in the second, but for `choices`."""
    proposed: dict[str, Any] = {
        "text_column": 0,
        "label_column": 1,
        "encoding": run.encoding,
        "delimiter": run.delimiter,
        "header": run.header,
    }
    imports.confirm(run.pk, **proposed | choices)


def carry_out(run: ImportRun) -> None:
    """Do what the worker does with the run's message."""
    tasks.run_import(run.pk)
    run.refresh_from_db()


def choose(run: ImportRun, **choices: Any) -> ImportRun:
    """Choose the draft's columns as a person would: text in the first, label in the second, but for `choices`."""
    proposed: dict[str, Any] = {"text_column": 0, "label_column": 1, "header": run.header}
    imports.choose(run.pk, **proposed | choices)
    run.refresh_from_db()
    return run


def start(run: ImportRun) -> None:
    """Start the import of a draft whose columns are chosen."""
    imports.start(run.pk, chosen=imports.fingerprint(run))


def done(content: str | bytes = CSV, *, into: Classifier | None = None, **choices: Any) -> ImportRun:
    """Import a file, from the upload to the report."""
    run = choose(stage(content, into=into), **choices)
    start(run)
    carry_out(run)
    return run


def workbook(*rows: Sequence[Any], title: str = "Messages", **others: Sequence[Sequence[Any]]) -> bytes:
    """Return an Excel workbook with a sheet of these rows and one for each of `others`, of which "hidden" is hidden."""
    book = Workbook()
    book.remove(book.active)
    for name, cells in {title: rows, **others}.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name == "hidden" else "visible"
        for row in cells:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def kept_files() -> list[Path]:
    return [path for path in settings.UPLOADS_DIR.rglob("*") if path.is_file()]


def write_child(folder: Path, *, code: str) -> Path:
    """Write a program in the place of the child's module; return the folder to take for BASE_DIR."""
    package = folder / "classifiers" / "importing"
    package.mkdir(parents=True)
    (package / "job.py").write_text(f"import os, signal, sys\n{code}\n", encoding="utf-8")
    return folder


def rows(*given: tuple[str, int | None] | str) -> Messages:
    """Return what the child prints for rows 2, 3 ...: a text and its label's number, or why it's refused."""
    return [
        {"row": number, "refused": row, "excerpt": "x"}
        if isinstance(row, str)
        else {"row": number, "text": row[0], "label": row[1]}
        for number, row in enumerate(given, 2)
    ]


def claim(of: Classifier, **values: Any) -> Claim:
    """Return a worker's hold on a new import into this classifier."""
    return _claim(ImportRunFactory(classifier=of, state=RunState.QUEUED, **values).pk)


def second_attempt(first: Claim) -> Claim:
    """Return another worker's hold on the run, whose first worker fell silent."""
    ImportRun.objects.filter(pk=first.run_id).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    return _claim(first.run_id)


def write(
    held: Claim, messages: Messages, *, read: Callable[[], Reading] | None = None, chunk_rows: int = 100
) -> dict[str, int]:
    """Write the messages as the child would print them, or what `read` yields."""
    run = held.get_run()
    labels = {label.number: label for label in run.classifier.labels.all()}

    def read_all() -> Reading:
        yield {"total": len(messages)}
        yield from messages

    return import_rows.write(run, labels=labels, read=read or read_all, claim=held, chunk_rows=chunk_rows)


def sums(**given: int) -> dict[str, int]:
    """Return the report's sums, 0 where nothing is given."""
    return dict.fromkeys(SUMS, 0) | given


def labels(of: Classifier) -> dict[str, str | None]:
    """Return the name of each example's label, by its text."""
    return dict(of.examples.values_list("text", "label__name"))


def refusals(held: Claim) -> dict[int, str]:
    """Return the reason of each refused row, by its number."""
    return dict(held.get_run().refusals.values_list("row_number", "reason"))


def _claim(run_id: int) -> Claim:
    held = runs.claim(ImportRun, run_id)
    assert held is not None
    return held
