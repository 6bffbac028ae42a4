"""One uploaded file: look at it, choose its columns, or discard it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl
from classifiers.admin.upload_forms import ColumnsForm, ReadingForm
from classifiers.importing.labels import LabelBook, LabelName
from classifiers.importing.looks import Look
from classifiers.models import Classifier, FileKind, ImportRun
from classifiers.services import column_guess, imports
from classifiers.services.imports import FileRefused, NotConfirmable
from moderation.runs import RunState

ADD = "classifiers.add_example"


@dataclass(frozen=True)
class Column:
    """A column of the preview."""

    name: str
    is_text: bool
    is_label: bool


def find_run(classifier: Classifier, run_id: int) -> ImportRun:
    """Return the classifier's own upload of this id, or answer that there is none."""
    runs = ImportRun.objects.select_related("requested_by", "undone_by")
    return get_object_or_404(runs, pk=run_id, classifier=classifier)


def preview(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show the file's first rows and the choice of columns; on POST go on to the sums."""
    run = find_run(classifier, run_id)
    if run.state != RunState.DRAFT:
        return step_page.go(classifier, "upload_run", run_id=run.pk)
    if request.method == "POST":
        return _choose(request, classifier, run)
    return _page(request, classifier, run, reading=ReadingForm(request.GET, run=run))


def _choose(request: HttpRequest, classifier: Classifier, run: ImportRun) -> HttpResponse:
    reading = ReadingForm(request.POST, run=run)
    form = ColumnsForm(request.POST, header=_shown_header(request))
    if not (reading.is_valid() and form.is_valid()):
        return _page(request, classifier, run, reading=reading, problem="Choose the columns again.")
    try:
        imports.choose(run.pk, **form.cleaned_data, **reading.cleaned_data, header=form.header)
    except NotConfirmable as error:
        if ImportRun.objects.filter(pk=run.pk).exclude(state=RunState.DRAFT).exists():
            messages.info(request, str(error))
            return step_page.go(classifier, "upload_run", run_id=run.pk)
        return _page(request, classifier, run, reading=reading, columns=form, problem=str(error))
    return step_page.go(classifier, "upload_check", run_id=run.pk)


def _shown_header(request: HttpRequest) -> tuple[str, ...]:
    try:
        header = json.loads(request.POST.get("header", ""))
    except ValueError:
        return ()
    return tuple(map(str, header)) if isinstance(header, list) else ()


def discard(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Forget a file that was only looked at."""
    imports.discard(find_run(classifier, run_id).pk)
    messages.info(request, "The file was discarded; nothing was imported.")
    return step_page.go(classifier, "data")


def _page(
    request: HttpRequest,
    classifier: Classifier,
    run: ImportRun,
    *,
    reading: ReadingForm,
    columns: ColumnsForm | None = None,
    problem: str = "",
) -> HttpResponse:
    found: dict[str, Any] = {}
    try:
        look = _look(request, run, reading=reading)
    except FileRefused as error:
        look, problem = None, str(error)
    if look is not None:
        reading.offer(look.sheets)
        if columns is None or columns.header != look.header:
            columns = _proposed(look, run=run)
        found = {"look": look, "columns_form": columns, "columns": _columns(look, form=columns)}
        found["header_json"] = json.dumps(look.header)
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
        **found,
    )


def _look(request: HttpRequest, run: ImportRun, *, reading: ReadingForm) -> Look | None:
    if not reading.is_valid():
        return None
    choice = dict(reading.cleaned_data)
    if (
        run.kind == FileKind.CSV
        and run.text_column is None
        and request.method == "GET"
        and "encoding" not in request.GET
    ):
        # An encoding that nobody asked for is detected again, so that a doubt about it is shown.
        choice["encoding"] = ""
    try:
        return imports.look(run, **choice)
    except FileRefused:
        if run.kind == FileKind.XLSX and choice["sheet"] != run.sheet:
            # So that another sheet can be chosen.
            reading.offer(imports.look(run, sheet=run.sheet).sheets)
        raise


def _proposed(look: Look, *, run: ImportRun) -> ColumnsForm:
    if run.text_column is not None and run.header == list(look.header):
        text, label = run.text_column, run.label_column
    else:
        labels = run.classifier.labels.all()
        book = LabelBook([LabelName(label.number, label.name) for label in labels])
        text, label = column_guess.guess(look.header, rows=look.first_rows, book=book)
    return ColumnsForm(initial={"text_column": text, "label_column": label}, header=look.header)


def _columns(look: Look, *, form: ColumnsForm) -> list[Column]:
    text, label = (str(form[name].value()) for name in ("text_column", "label_column"))
    return [
        Column(name=name, is_text=str(index) == text, is_label=str(index) == label)
        for index, name in enumerate(look.header)
    ]


URLS = (
    StepUrl("data/<int:run_id>/preview/", preview, "upload_preview", get=ADD, post=ADD),
    StepUrl("data/<int:run_id>/discard/", discard, "upload_discard", get=None, post=ADD),
)
