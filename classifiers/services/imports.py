"""Uploaded files: stage and look, confirm, and carry out in the worker."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from classifiers.importing import delimiters, encodings, texts
from classifiers.importing.csv_reader import Look
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.job import EXIT_REFUSED
from classifiers.models import Classifier, ImportRun, Label
from classifiers.services import import_rows
from moderation import children, runs
from moderation.runs import Claim, RunState

logger = logging.getLogger(__name__)

_JOB = "classifiers.importing.job"
# Measured: a file of 200,000 rows (38 MB) is looked at in 1.1 s, and neither look nor import need 20 MB for it.
_LOOK_TIMEOUT_S = 60
_IMPORT_TIMEOUT_S = 1_800
_CHILD_MEMORY_MB = 512
_FILE_NAME_CHARS = 255


class FileRefused(Exception):
    """The file can't be read as a table; the message says why and what to do."""


class NotConfirmable(Exception):
    """The upload was confirmed before, or can't be imported with these choices; the message says why."""


def stage(classifier_id: int, *, file: UploadedFile, by: Any = None) -> ImportRun:
    """Keep the file as a draft after a first look at it.

    Raises FileRefused, and then nothing is kept; Classifier.DoesNotExist.
    """
    if file.size > settings.UPLOAD_MAX_BYTES:
        limit_mb = settings.UPLOAD_MAX_BYTES / 1_000_000
        raise FileRefused(
            f"The file is larger than {limit_mb:g} MB. Split it and upload the parts one after the other."
        )
    digest = sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    run = ImportRun(
        classifier=Classifier.objects.get(pk=classifier_id),
        state=RunState.DRAFT,
        file_name=texts.shown(str(file.name), limit=_FILE_NAME_CHARS),
        size_bytes=file.size,
        sha256=digest.hexdigest(),
        requested_by=by,
    )
    with ExitStack() as undo:
        run.file.save("upload", file, save=False)
        undo.callback(run.file.delete, save=False)
        found = look(run)
        run.encoding, run.delimiter, run.header = found.encoding, found.delimiter, list(found.header)
        run.save()
        undo.pop_all()
    return run


def look(run: ImportRun, *, encoding: str = "", delimiter: str = "", timeout_s: float = _LOOK_TIMEOUT_S) -> Look:
    """Look at the staged file, read with `encoding` and `delimiter` where given; else they are detected.

    Done in a child process, within `timeout_s` and a limit of memory. Raises FileRefused.
    """
    command = [sys.executable, "-m", _JOB, "look", "--file", run.file.path, *_limits()]
    try:
        if encoding:
            encodings.require_known(encoding)
            command += ["--encoding", encoding]
        if delimiter:
            delimiters.require_known(delimiter)
            command += ["--delimiter", delimiter]
        child = subprocess.run(  # noqa: S603 - our own module; the values are checked, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # What a traceback would hold may be a user's text.
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            cwd=settings.BASE_DIR,
            check=False,
        )
    except FileProblem as problem:
        raise FileRefused(problem.sentence) from problem
    except subprocess.TimeoutExpired as error:
        raise FileRefused("Looking at the file took too long. Split it, or save it again as a plain CSV.") from error
    except OSError as error:
        raise FileRefused("The server is too busy to read the file. Upload it again in a minute.") from error
    return _read_answer(child)


def find_earlier(run: ImportRun) -> ImportRun | None:
    """Return the last import of the same file into the same classifier, if there was one."""
    done = ImportRun.objects.filter(classifier_id=run.classifier_id, sha256=run.sha256, state=RunState.SUCCEEDED)
    return done.exclude(pk=run.pk).order_by("-pk").first()


def confirm(
    run_id: int,
    *,
    text_column: int,
    label_column: int | None,
    encoding: str,
    delimiter: str,
    header: Sequence[str],
) -> None:
    """Start the import of a staged file, read as the preview showed it; columns count from 0.

    The file is looked at once more, so that what was shown and chosen is known to fit it. Raises NotConfirmable.
    """
    run = ImportRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NotConfirmable("This upload was discarded. Upload the file again.")
    if run.state != RunState.DRAFT:
        raise NotConfirmable("This upload was started already. See its report.")
    try:
        found = look(run, encoding=encoding, delimiter=delimiter)
    except FileRefused as problem:
        raise NotConfirmable(str(problem)) from problem
    _check_choice(found, header=header, text_column=text_column, label_column=label_column)
    with transaction.atomic():
        moved = ImportRun.objects.filter(pk=run_id, state=RunState.DRAFT).update(
            state=RunState.QUEUED,
            text_column=text_column,
            label_column=label_column,
            encoding=found.encoding,
            delimiter=found.delimiter,
            header=list(found.header),
            sent_at=timezone.now(),
        )
        if not moved:
            raise NotConfirmable("This upload was started or discarded a moment ago. See the list of uploads.")
        runs.send(ImportRun, run_id)


@transaction.atomic
def discard(run_id: int) -> bool:
    """Forget a staged file that was not confirmed; return whether there was one."""
    # Locked: deleting looks first and deletes then, and in between it could be confirmed.
    run = ImportRun.objects.select_for_update().filter(pk=run_id, state=RunState.DRAFT).first()
    if run is None:
        return False
    run.delete()
    transaction.on_commit(partial(run.file.delete, save=False))
    return True


def carry_out(claim: Claim) -> None:
    """Write the file's rows as examples. Raises RunError and what `children.talk` raises."""
    folder = children.work_folder(claim)
    try:
        _carry_out(claim, folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _carry_out(claim: Claim, *, folder: Path) -> None:
    run: ImportRun = claim.get_run()
    labels = {label.number: label for label in run.classifier.labels.all()}
    arguments = ["rows", "--file", run.file.path, "--encoding", run.encoding, "--delimiter", run.delimiter]
    arguments += ["--text-column", str(run.text_column), *_limits()]
    if run.label_column is not None:
        arguments += ["--label-column", str(run.label_column), "--labels", str(_write_labels(labels, folder=folder))]

    def read() -> Generator[dict[str, Any], None, None]:
        return children.talk(_JOB, arguments, claim=claim, timeout_s=_IMPORT_TIMEOUT_S)

    sums = import_rows.write(run, labels=labels, read=read, claim=claim)
    claim.finish(**sums)


def _limits() -> list[str]:
    return ["--limit-rows", str(settings.UPLOAD_MAX_ROWS), "--memory-limit-mb", str(_CHILD_MEMORY_MB)]


def _write_labels(labels: Mapping[int, Label], *, folder: Path) -> Path:
    path = folder / "labels.json"
    known = [{"number": label.number, "name": label.name} for label in labels.values()]
    path.write_text(json.dumps(known), encoding="utf-8")
    return path


def _read_answer(child: subprocess.CompletedProcess[bytes]) -> Look:
    try:
        answer = dict(json.loads(child.stdout))
    except (ValueError, TypeError):
        answer = {}
    if child.returncode == EXIT_REFUSED and "error" in answer:
        raise FileRefused(answer["error"])
    if child.returncode or answer.keys() != {field.name for field in fields(Look)}:
        logger.error("look broke", extra={"code": child.returncode})
        raise FileRefused("Reading the file broke off. Try again; if it happens again, save it as a plain UTF-8 CSV.")
    lists = ("header", "header_problems", "warnings")
    return Look(
        **answer
        | {name: tuple(answer[name]) for name in lists}
        | {"first_rows": tuple(tuple(row) for row in answer["first_rows"])}
    )


def _check_choice(found: Look, *, header: Sequence[str], text_column: int, label_column: int | None) -> None:
    if found.header_problems:
        raise NotConfirmable(" ".join([*found.header_problems, "Correct the first row and upload the file again."]))
    if list(found.header) != list(header):
        raise NotConfirmable(
            "With this encoding and delimiter the columns are others than those shown. "
            "Look at the preview again and choose the columns."
        )
    columns = range(len(found.header))
    if text_column not in columns or (label_column is not None and label_column not in columns):
        raise NotConfirmable("Choose columns that are in the file.")
    if text_column == label_column:
        raise NotConfirmable("Choose one column for the text and another one, or none, for the label.")
