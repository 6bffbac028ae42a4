"""An uploaded file whose columns are chosen: what its import would do, and the button that starts it."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl
from classifiers.admin.upload_forms import MappingForm, read_mapping
from classifiers.admin.uploads import ADD, find_run
from classifiers.importing.label_cells import LabelCell
from classifiers.models import Classifier, ImportRun
from classifiers.services import import_checks, imports
from classifiers.services.import_checks import Check
from classifiers.services.import_files import TookTooLong
from classifiers.services.imports import FileRefused, NotConfirmable
from classifiers.services.steps import counted
from moderation.runs import RunState


def show_check(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show what the import would do; on POST note where label cells go, and count again."""
    run = find_run(classifier, run_id)
    if run.state != RunState.DRAFT:
        return step_page.go(classifier, "upload_run", run_id=run.pk)
    if run.text_column is None:
        return step_page.go(classifier, "upload_preview", run_id=run.pk)
    if request.method == "POST":
        return _map(request, classifier, run)
    check, problem, is_slow = None, "", False
    try:
        check = import_checks.check(run)
    except FileRefused as error:
        problem, is_slow = str(error), isinstance(error, TookTooLong)
    cells = () if check is None else sorted(check.cells, key=_is_clear)
    form = MappingForm(cells=cells, run=run, labels=classifier.labels.all())
    return step_page.show(
        request,
        classifier,
        code="data",
        template="upload_check.html",
        run=run,
        check=check,
        problem=problem,
        is_slow=is_slow,
        conflicts_listed=import_checks.CONFLICTS_LISTED,
        promise="" if check is None else _promise(check),
        destinations=form.destinations(),
        cells_json=json.dumps([cell.cell for cell in form.cells]),
        chosen=imports.fingerprint(run),
        text_name=run.header[run.text_column],
        label_name="" if run.label_column is None else run.header[run.label_column],
        earlier=imports.find_earlier(run),
    )


def _is_clear(cell: LabelCell) -> bool:
    # What goes nowhere by itself comes first.
    return cell.by != "refused"


def _map(request: HttpRequest, classifier: Classifier, run: ImportRun) -> HttpResponse:
    try:
        mapping = read_mapping(request.POST, cells=json.loads(request.POST.get("cells", "")))
        imports.map_labels(run.pk, mapping=mapping)
    except ValueError:
        messages.error(request, "Say of each label cell where it goes, and count again.")
    except NotConfirmable as error:
        messages.error(request, str(error))
    return step_page.go(classifier, "upload_check", run_id=run.pk)


def start(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Start the import as it was shown."""
    run = find_run(classifier, run_id)
    try:
        imports.start(run.pk, chosen=request.POST.get("chosen", ""))
    except NotConfirmable as error:
        messages.warning(request, str(error))
        return step_page.go(classifier, "upload_check", run_id=run.pk)
    step_page.log(request, classifier, f"Uploaded {run.file_name}.")
    return step_page.go(classifier, "upload_run", run_id=run.pk)


def _promise(check: Check) -> str:
    """Return what the button does, in words."""
    if check.added and check.relabelled:
        return f"Add {counted(check.added, 'example')} and label {check.relabelled:,} that are there"
    if check.relabelled:
        return f"Label {counted(check.relabelled, 'example')}"
    return f"Add {counted(check.added, 'example')}" if check.added else "Add nothing, keep the report"


URLS = (
    StepUrl("data/<int:run_id>/check/", show_check, "upload_check", get=ADD, post=ADD),
    StepUrl("data/<int:run_id>/start/", start, "upload_start", get=None, post=ADD),
)
