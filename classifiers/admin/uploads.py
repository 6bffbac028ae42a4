"""One uploaded file: look at it and choose its columns, watch it run, read the report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from unfold.widgets import UnfoldAdminSelectWidget

from classifiers.admin import progress, step_page
from classifiers.admin.step_page import StepUrl
from classifiers.importing.csv_reader import Look
from classifiers.importing.delimiters import DELIMITERS
from classifiers.importing.encodings import ENCODINGS
from classifiers.models import Classifier, ImportRun
from classifiers.services import column_guess, imports, refusals
from classifiers.services.imports import FileRefused, NotConfirmable
from moderation import runs
from moderation.runs import RunState

_ADD = "classifiers.add_example"
_REFUSALS_SHOWN = 50
_NO_LABEL = ""


class ReadingForm(forms.Form):
    """How the file's bytes become cells."""

    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()), widget=UnfoldAdminSelectWidget)
    delimiter = forms.ChoiceField(
        label="Cells are parted by a", choices=list(DELIMITERS.items()), widget=UnfoldAdminSelectWidget
    )


class ColumnsForm(forms.Form):
    """Which column holds what."""

    text_column = forms.TypedChoiceField(
        coerce=int, label="Column with the text", widget=UnfoldAdminSelectWidget(attrs={"data-hr-column": "text"})
    )
    label_column = forms.TypedChoiceField(
        coerce=int,
        required=False,
        empty_value=None,
        label="Column with the label",
        widget=UnfoldAdminSelectWidget(attrs={"data-hr-column": "label"}),
    )

    def __init__(self, *args: Any, header: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.header = header
        columns = [(index, f"{index + 1}: {name}") for index, name in enumerate(header)]
        self.fields["text_column"].choices = columns
        self.fields["label_column"].choices = [(_NO_LABEL, "None: the texts have no labels yet"), *columns]


@dataclass(frozen=True)
class Column:
    """A column of the preview."""

    name: str
    is_text: bool
    is_label: bool


def preview(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show the file's first rows and the choice of columns; on POST start the import."""
    run = _run(classifier, run_id)
    if run.state != RunState.DRAFT:
        return step_page.go(classifier, "upload_run", run_id=run.pk)
    if request.method == "POST":
        return _confirm(request, classifier, run)
    reading = ReadingForm({"encoding": run.encoding, "delimiter": run.delimiter} | request.GET.dict())
    # An encoding that nobody asked for is detected again, so that a doubt about it is shown.
    return _preview_page(request, classifier, run, reading=reading, is_detected="encoding" not in request.GET)


def _confirm(request: HttpRequest, classifier: Classifier, run: ImportRun) -> HttpResponse:
    reading = ReadingForm(request.POST)
    form = ColumnsForm(request.POST, header=_shown_header(request))
    if not (reading.is_valid() and form.is_valid()):
        return _preview_page(request, classifier, run, reading=reading, problem="Choose the columns again.")
    try:
        imports.confirm(run.pk, **form.cleaned_data, **reading.cleaned_data, header=form.header)
    except NotConfirmable as error:
        if ImportRun.objects.filter(pk=run.pk).exclude(state=RunState.DRAFT).exists():
            messages.info(request, str(error))
            return step_page.go(classifier, "upload_run", run_id=run.pk)
        return _preview_page(request, classifier, run, reading=reading, columns=form, problem=str(error))
    step_page.log(request, classifier, f"Uploaded {run.file_name}.")
    return step_page.go(classifier, "upload_run", run_id=run.pk)


def _shown_header(request: HttpRequest) -> tuple[str, ...]:
    try:
        header = json.loads(request.POST.get("header", ""))
    except ValueError:
        return ()
    return tuple(map(str, header)) if isinstance(header, list) else ()


def discard(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Forget a file that was only looked at."""
    imports.discard(_run(classifier, run_id).pk)
    messages.info(request, "The file was discarded; nothing was imported.")
    return step_page.go(classifier, "data")


def show_run(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show how far the import is, and its report once it is done."""
    run = _run(classifier, run_id)
    if run.state == RunState.DRAFT:
        return step_page.go(classifier, "upload_preview", run_id=run.pk)
    return step_page.show(
        request,
        classifier,
        code="data",
        template="upload_run.html",
        refused_rows=run.refusals.order_by("row_number")[:_REFUSALS_SHOWN],
        **progress.context(run, **_addresses(request, classifier, run)),
    )


def show_progress(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show only how far the import is."""
    run = _run(classifier, run_id)
    return progress.fragment(request, run, **_addresses(request, classifier, run))


def cancel(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Ask a running import to stop."""
    run = _run(classifier, run_id)
    if runs.request_cancel(ImportRun, run.pk):
        messages.info(request, "The import stops. What it has added so far stays.")
    return step_page.go(classifier, "upload_run", run_id=run.pk)


def download_refused(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Send the refused rows as a file."""
    run = _run(classifier, run_id)
    response = StreamingHttpResponse(refusals.as_csv(run), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="refused-{run.pk}.csv"'
    return response


def _addresses(request: HttpRequest, classifier: Classifier, run: ImportRun) -> dict[str, str]:
    may_cancel = request.user.has_perm(_ADD)
    return {
        "poll_url": step_page.url(classifier, "upload_progress", run_id=run.pk),
        "cancel_url": step_page.url(classifier, "upload_cancel", run_id=run.pk) if may_cancel else "",
    }


def _run(classifier: Classifier, run_id: int) -> ImportRun:
    return get_object_or_404(ImportRun.objects.select_related("requested_by"), pk=run_id, classifier=classifier)


def _preview_page(
    request: HttpRequest,
    classifier: Classifier,
    run: ImportRun,
    *,
    reading: ReadingForm,
    is_detected: bool = False,
    columns: ColumnsForm | None = None,
    problem: str = "",
) -> HttpResponse:
    found: dict[str, Any] = {}
    try:
        if reading.is_valid():
            look = imports.look(run, **reading.cleaned_data | ({"encoding": ""} if is_detected else {}))
            if columns is None or columns.header != look.header:
                columns = _proposed(look)
            found = {"look": look, "columns_form": columns, "columns": _columns(look, form=columns)}
    except FileRefused as error:
        problem = str(error)
    return step_page.show(
        request,
        classifier,
        code="data",
        template="upload_preview.html",
        run=run,
        reading=reading,
        problem=problem,
        earlier=imports.find_earlier(run),
        labels=classifier.labels.all(),
        header_json=json.dumps(found["look"].header) if found else "",
        **found,
    )


def _proposed(look: Look) -> ColumnsForm:
    text, label = column_guess.guess(look.header, rows=look.first_rows)
    return ColumnsForm(initial={"text_column": text, "label_column": label}, header=look.header)


def _columns(look: Look, *, form: ColumnsForm) -> list[Column]:
    text, label = (str(form[name].value()) for name in ("text_column", "label_column"))
    return [
        Column(name=name, is_text=str(index) == text, is_label=str(index) == label)
        for index, name in enumerate(look.header)
    ]


URLS = (
    StepUrl("data/<int:run_id>/preview/", preview, "upload_preview", get=_ADD, post=_ADD),
    StepUrl("data/<int:run_id>/discard/", discard, "upload_discard", get=None, post=_ADD),
    StepUrl("data/<int:run_id>/", show_run, "upload_run"),
    StepUrl("data/<int:run_id>/progress/", show_progress, "upload_progress"),
    StepUrl("data/<int:run_id>/cancel/", cancel, "upload_cancel", get=None, post=_ADD),
    StepUrl("data/<int:run_id>/refused.csv", download_refused, "upload_refused"),
)
