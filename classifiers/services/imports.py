"""Uploaded files: stage, choose how they are read, confirm, and carry out in the worker."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from classifiers.importing import kinds, label_cells, texts
from classifiers.importing.looks import Look
from classifiers.models import Classifier, FileKind, ImportRun
from classifiers.services import embedding_runs, import_files, import_rows
from classifiers.services.import_files import FileRefused
from moderation import children, runs
from moderation.runs import Claim, RunState

# Measured: a CSV of 200,000 rows (41 MB) is looked at in 0.6 s, a workbook of as many in 3 s; to import it takes the
# child 7 s at most, and none of it more than 45 MB.
_LOOK_TIMEOUT_S = 60
_IMPORT_TIMEOUT_S = 1_800
_FILE_NAME_CHARS = 255


class NotConfirmable(Exception):
    """The upload was confirmed before, or can't be imported with these choices; the message says why."""


def stage(classifier_id: int, *, file: UploadedFile, by: Any = None) -> ImportRun:
    """Keep the file as a draft after a first look at it.

    Raises FileRefused, and then nothing is kept; Classifier.DoesNotExist.
    """
    if file.size > settings.UPLOAD_MAX_BYTES:
        limit_mb = settings.UPLOAD_MAX_BYTES / 1_000_000
        raise FileRefused(
            f"The file is larger than {limit_mb:g} MB. Split it and upload the parts one after the other.",
            code="too_large",
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
        _require_name(str(file.name), found)
        run.kind = FileKind(found.kind.upper())
        run.encoding, run.delimiter, run.sheet = found.encoding, found.delimiter, found.sheet
        run.header = list(found.header)
        run.save()
        undo.pop_all()
    return run


def _require_name(name: str, found: Look) -> None:
    try:
        kinds.require_name(name, is_workbook=found.kind == kinds.XLSX.code)
    except kinds.Misnamed as problem:
        raise FileRefused(problem.sentence, code=problem.code) from problem


def look(
    run: ImportRun,
    *,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    timeout_s: float = _LOOK_TIMEOUT_S,
) -> Look:
    """Look at the staged file, read with `encoding` and `delimiter` or of `sheet` where given; else they are detected.

    Done in a child process, within `timeout_s` and a limit of memory. Raises FileRefused.
    """
    return import_files.look(run, encoding=encoding, delimiter=delimiter, sheet=sheet, timeout_s=timeout_s)


def find_earlier(run: ImportRun) -> ImportRun | None:
    """Return the last import of the same file into the same classifier, if there was one that wasn't undone."""
    done = ImportRun.objects.filter(classifier_id=run.classifier_id, sha256=run.sha256, state=RunState.SUCCEEDED)
    return done.filter(undone_at=None).exclude(pk=run.pk).order_by("-pk").first()


def choose(
    run_id: int,
    *,
    text_column: int,
    label_column: int | None,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    header: Sequence[str],
) -> None:
    """Note on a draft how it is to be read, as the preview showed it; columns count from 0.

    What was decided about its label cells is forgotten where these are others now. Raises NotConfirmable.
    """
    run = _find_draft(run_id)
    columns = {"text_column": text_column, "label_column": label_column}
    reading = _settle(run, reading={"encoding": encoding, "delimiter": delimiter, "sheet": sheet}, header=header)
    _check_columns(header, **columns)
    cells = reading | {"label_column": label_column}
    mapping = run.label_mapping if all(getattr(run, name) == cells[name] for name in cells) else []
    _change_draft(run_id, **reading, **columns, label_mapping=mapping)


def map_labels(run_id: int, *, mapping: Sequence[Mapping[str, Any]]) -> None:
    """Note on a draft where label cells go, whatever their words: `[{"cell": "junk", "label": 1}, …]`.

    A label is its number, None for no label, or "refuse". Raises NotConfirmable.
    """
    run = _find_draft(run_id)
    try:
        decided = label_cells.read_mapping(mapping)
    except (ValueError, KeyError, TypeError) as error:
        raise NotConfirmable("Say of each label cell where it goes: a label, no label, or left out.") from error
    numbers = set(run.classifier.labels.values_list("number", flat=True))
    if any(isinstance(label, int) and label not in numbers for label in decided.values()):
        raise NotConfirmable("One of the labels is gone. Look at the table again and choose another one.")
    _change_draft(run_id, label_mapping=[{"cell": cell, "label": label} for cell, label in decided.items()])


def fingerprint(run: ImportRun) -> str:
    """Return what two states of a draft share if its import would do the same: how it's read, and where labels go."""
    names = ("text_column", "label_column", "encoding", "delimiter", "sheet", "label_mapping")
    return sha256(json.dumps([getattr(run, name) for name in names]).encode()).hexdigest()


@transaction.atomic
def start(run_id: int, *, chosen: str) -> None:
    """Start the import of a draft as `choose` and `map_labels` left it. Raises NotConfirmable.

    `chosen` is the fingerprint of what the person was shown: in another window it may have become another.
    """
    run = ImportRun.objects.select_for_update().filter(pk=_find_draft(run_id).pk, state=RunState.DRAFT).first()
    if run is None or run.text_column is None or fingerprint(run) != chosen:
        raise NotConfirmable("What was chosen for this file has changed since. Look at the sums again.")
    _change_draft(run_id, state=RunState.QUEUED, sent_at=timezone.now())
    runs.send(ImportRun, run_id)


def confirm(
    run_id: int,
    *,
    text_column: int,
    label_column: int | None,
    encoding: str,
    delimiter: str,
    header: Sequence[str],
    sheet: str = "",
    is_sent: bool = True,
) -> None:
    """Start the import of a staged file, read as it was shown; columns count from 0.

    The file is looked at once more, so that what was shown and chosen is known to fit it. Unless `is_sent`, the caller
    carries the run out itself; if it doesn't, a worker does some minutes later. Raises NotConfirmable.
    """
    run = _find_draft(run_id)
    reading = _settle(run, reading={"encoding": encoding, "delimiter": delimiter, "sheet": sheet}, header=header)
    _check_columns(header, text_column=text_column, label_column=label_column)
    with transaction.atomic():
        _change_draft(
            run_id,
            **reading,
            text_column=text_column,
            label_column=label_column,
            state=RunState.QUEUED,
            sent_at=timezone.now(),
        )
        if is_sent:
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
    with children.work_folder(claim) as folder:
        _carry_out(claim, folder=folder)


def _carry_out(claim: Claim, *, folder: Path) -> None:
    run: ImportRun = claim.get_run()
    labels = {label.number: label for label in run.classifier.labels.all()}
    import_files.write_choices(run, labels=labels, folder=folder)
    command = import_files.rows_command(run, folder=folder)

    def read() -> Generator[dict[str, Any], None, None]:
        return children.talk(import_files.JOB, command, claim=claim, timeout_s=_IMPORT_TIMEOUT_S)

    sums = import_rows.write(run, labels=labels, read=read, claim=claim)
    claim.finish(**sums)
    embedding_runs.start(run.classifier_id, by=run.requested_by)


def _find_draft(run_id: int) -> ImportRun:
    run = ImportRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NotConfirmable("This upload was discarded. Upload the file again.")
    if run.state != RunState.DRAFT:
        raise NotConfirmable("This upload was started already. See its report.")
    return run


def _change_draft(run_id: int, **values: Any) -> None:
    if not ImportRun.objects.filter(pk=run_id, state=RunState.DRAFT).update(**values):
        raise NotConfirmable("This upload was started or discarded a moment ago. See the list of uploads.")


def _settle(run: ImportRun, *, reading: Mapping[str, str], header: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a run that is read like this, once the file is known to have the columns of `header`."""
    try:
        # The sheet that was shown, where none is named.
        found = look(run, **{**reading, "sheet": reading["sheet"] or run.sheet})
    except FileRefused as problem:
        raise NotConfirmable(str(problem)) from problem
    if found.header_problems:
        raise NotConfirmable(" ".join([*found.header_problems, "Correct the first row and upload the file again."]))
    if list(found.header) != list(header):
        raise NotConfirmable(
            "Read like this, the columns are others than those shown. Look at the preview again and choose the columns."
        )
    names = ("encoding", "delimiter", "sheet")
    return {name: getattr(found, name) for name in names} | {"header": list(found.header)}


def _check_columns(header: Sequence[str], *, text_column: int, label_column: int | None) -> None:
    columns = range(len(header))
    if text_column not in columns or (label_column is not None and label_column not in columns):
        raise NotConfirmable("Choose columns that are in the file.")
    if text_column == label_column:
        raise NotConfirmable("Choose one column for the text and another one, or none, for the label.")
