"""An import that was started: watch it run, read its report, undo it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from classifiers.admin import progress, step_page
from classifiers.admin.step_page import StepUrl
from classifiers.admin.uploads import ADD, find_run
from classifiers.models import Classifier, ImportRun
from classifiers.services import import_undoing, refusals
from classifiers.services.import_undoing import NotUndoable
from moderation import runs
from moderation.runs import RunState

_UNDO = "classifiers.delete_example"
_REFUSALS_SHOWN = 50
# Why examples stay when their import is undone.
_KEPT = {
    "PERSON": "a person has decided about them since",
    "IMPORT": "another import has labelled them since",
    "LLM": "a language model has judged them since",
    "TEXT": "their text was changed since",
}


def show_run(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show how far the import is, and its report once it is done."""
    run = find_run(classifier, run_id)
    if run.state == RunState.DRAFT:
        return step_page.go(classifier, "upload_preview", run_id=run.pk)
    return step_page.show(
        request,
        classifier,
        code="data",
        template="upload_run.html",
        refused_rows=run.refusals.order_by("row_number")[:_REFUSALS_SHOWN],
        may_undo=request.user.has_perm(_UNDO) and import_undoing.is_undoable(run),
        undone=_undone(run),
        **progress.context(run, **_addresses(request, classifier, run)),
    )


def show_progress(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show only how far the import is."""
    run = find_run(classifier, run_id)
    return progress.fragment(request, run, **_addresses(request, classifier, run))


def cancel(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Ask a running import to stop."""
    run = find_run(classifier, run_id)
    if runs.request_cancel(ImportRun, run.pk):
        messages.info(request, "The import stops. What it has added so far stays.")
    return step_page.go(classifier, "upload_run", run_id=run.pk)


def undo(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Take back what the import brought."""
    run = find_run(classifier, run_id)
    try:
        import_undoing.undo(run.pk, by=request.user, now=timezone.now())
    except NotUndoable as error:
        messages.info(request, str(error))
    else:
        step_page.log(request, classifier, f"Undid the import of {run.file_name}.")
    return step_page.go(classifier, "upload_run", run_id=run.pk)


def download_refused(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Send the refused rows as a file."""
    run = find_run(classifier, run_id)
    response = StreamingHttpResponse(refusals.as_csv(run), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="refused-{run.pk}.csv"'
    return response


def _undone(run: ImportRun) -> list[str]:
    """Return what became of the examples when the import was undone, in sentences."""
    if not run.is_undone:
        return []
    sums = run.undone_sums
    sentences = [f"Examples removed: {sums.get('removed', 0):,}."]
    if sums.get("restored"):
        sentences.append(f"Labels of other examples taken back: {sums['restored']:,}.")
    return sentences + [
        f"Left as they are, because {why}: {sums['kept'][code]:,}."
        for code, why in _KEPT.items()
        if code in sums["kept"]
    ]


def _addresses(request: HttpRequest, classifier: Classifier, run: ImportRun) -> dict[str, str]:
    may_cancel = request.user.has_perm(ADD)
    return {
        "poll_url": step_page.url(classifier, "upload_progress", run_id=run.pk),
        "cancel_url": step_page.url(classifier, "upload_cancel", run_id=run.pk) if may_cancel else "",
    }


URLS = (
    StepUrl("data/<int:run_id>/", show_run, "upload_run"),
    StepUrl("data/<int:run_id>/progress/", show_progress, "upload_progress"),
    StepUrl("data/<int:run_id>/cancel/", cancel, "upload_cancel", get=None, post=ADD),
    StepUrl("data/<int:run_id>/undo/", undo, "upload_undo", get=None, post=_UNDO),
    StepUrl("data/<int:run_id>/refused.csv", download_refused, "upload_refused"),
)
