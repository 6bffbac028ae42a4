"""Uploaded files: stage and look, confirm, and carry out in the worker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from classifiers.models import Classifier, ImportRun
from classifiers.services import import_rows
from moderation import children, runs
from moderation.runs import Claim, RunState

_JOB = "classifiers.importing.job"
_LOOK_TIMEOUT_S = 60
_CHILD_MEMORY_MB = 1_000
_IMPORT_TIMEOUT_S = 1_800
_FILE_NAME_LENGTH = 255


class FileRefused(Exception):
    """The file can't be read as a table; the message says why and what to do."""


class NotConfirmable(Exception):
    """The upload was confirmed before, or the choice of columns doesn't fit the file."""


@dataclass(frozen=True)
class Look:
    """What a first look at a file found. `rows` are its first ones, as cells."""

    encoding: str
    is_certain: bool
    note: str
    delimiter: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def stage(classifier_id: int, *, file: UploadedFile, by: Any = None) -> ImportRun:
    """Keep the file as a draft after a first look at it. Raises FileRefused, and then nothing is kept."""
    if file.size > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES // 1_000_000
        raise FileRefused(f"The file is larger than {limit} MB. Split it and upload the parts one after the other.")
    digest = sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    run = ImportRun(
        classifier=Classifier.objects.get(pk=classifier_id),
        state=RunState.DRAFT,
        file_name=str(file.name)[:_FILE_NAME_LENGTH],
        size_bytes=file.size,
        sha256=digest.hexdigest(),
        requested_by=by,
    )
    run.file.save("upload", file, save=False)
    try:
        found = look(run)
    except FileRefused:
        run.file.delete(save=False)
        raise
    run.encoding, run.delimiter, run.header = found.encoding, found.delimiter, list(found.header)
    run.save()
    return run


def look(run: ImportRun, *, encoding: str = "", delimiter: str = "") -> Look:
    """Look at the staged file, read with `encoding` and `delimiter` where given. Raises FileRefused."""
    arguments = ["look", "--file", run.file.path, "--name", run.file_name]
    arguments += ["--encoding", encoding] if encoding else []
    arguments += ["--delimiter", delimiter] if delimiter else []
    command = [sys.executable, "-m", _JOB, *arguments]
    try:
        child = subprocess.run(  # noqa: S603 - our own module; the values are arguments, no shell
            command, capture_output=True, timeout=_LOOK_TIMEOUT_S, cwd=settings.BASE_DIR, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FileRefused("Looking at the file took too long. Save it again as a plain UTF-8 CSV.") from error
    answer = json.loads(child.stdout or b"{}")
    if child.returncode or "error" in answer:
        raise FileRefused(answer.get("error", "The file can't be read. Save it again as a plain UTF-8 CSV."))
    return Look(
        encoding=answer["encoding"],
        is_certain=answer["certain"],
        note=answer["note"],
        delimiter=answer["delimiter"],
        header=tuple(answer["header"]),
        rows=tuple(tuple(row) for row in answer["rows"]),
    )


def find_earlier(run: ImportRun) -> ImportRun | None:
    """Return an earlier import of the same file into the same classifier, if there was one."""
    done = ImportRun.objects.filter(classifier_id=run.classifier_id, sha256=run.sha256, state=RunState.SUCCEEDED)
    return done.exclude(pk=run.pk).first()


@transaction.atomic
def confirm(
    run_id: int,
    *,
    text_column: int,
    label_column: int | None,
    encoding: str,
    delimiter: str,
    header: Sequence[str],
) -> None:
    """Start the import of a staged file. Raises NotConfirmable."""
    is_column = text_column in range(len(header)) and (label_column is None or label_column in range(len(header)))
    if not is_column or text_column == label_column:
        raise NotConfirmable("Choose one column for the text and another one, or none, for the label.")
    moved = ImportRun.objects.filter(pk=run_id, state=RunState.DRAFT).update(
        state=RunState.QUEUED,
        text_column=text_column,
        label_column=label_column,
        encoding=encoding,
        delimiter=delimiter,
        header=list(header),
        sent_at=timezone.now(),
    )
    if not moved:
        raise NotConfirmable("This upload was started already.")
    runs.send(ImportRun, run_id)


def discard(run_id: int) -> None:
    """Forget a staged file that was not confirmed."""
    run = ImportRun.objects.filter(pk=run_id, state=RunState.DRAFT).first()
    if run is not None and ImportRun.objects.filter(pk=run_id, state=RunState.DRAFT).delete()[0]:
        run.file.delete(save=False)


def carry_out(claim: Claim) -> None:
    """Write the file's rows as examples. Raises RunError and what `children.talk` raises."""
    run: ImportRun = claim.get_run()
    folder = children.work_folder(claim)
    labels = {label.number: label for label in run.classifier.labels.all()}
    (folder / "labels.json").write_text(
        json.dumps([{"number": label.number, "name": label.name} for label in labels.values()]),
        encoding="utf-8",
    )
    arguments = ["rows", "--file", run.file.path, "--encoding", run.encoding, "--delimiter", run.delimiter]
    arguments += ["--text-column", str(run.text_column), "--labels", str(folder / "labels.json")]
    arguments += [] if run.label_column is None else ["--label-column", str(run.label_column)]
    arguments += ["--limit-rows", str(settings.UPLOAD_MAX_ROWS), "--memory-limit-mb", str(_CHILD_MEMORY_MB)]

    def rows() -> Any:
        return children.talk(_JOB, arguments, claim=claim, timeout_s=_IMPORT_TIMEOUT_S)

    try:
        counts = import_rows.write(run, labels=labels, read=rows, claim=claim)
    finally:
        (folder / "labels.json").unlink(missing_ok=True)
        folder.rmdir()
    claim.finish(**counts)
