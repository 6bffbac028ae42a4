"""Step 2, Data: what there is, a file to upload, a text to type."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from classifiers.admin import readings, step_page
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier, ImportRun
from classifiers.services import examples, imports, steps
from classifiers.services.decisions import ForeignLabel
from classifiers.services.examples import BadExample
from classifiers.services.imports import FileRefused

_UPLOADS_SHOWN = 10
_ADD = "classifiers.add_example"
# Only what the browser offers first: what a file is, its bytes say.
FILE_KINDS = ".csv,.tsv,.txt,.xlsx,.jsonl,.ndjson,.json,text/csv"


class UploadForm(forms.Form):
    """A file with examples."""

    file = forms.FileField(
        widget=forms.FileInput(attrs={"class": "hr-file", "accept": FILE_KINDS}),
        error_messages={"required": "Choose a file first.", "empty": "The file is empty. Choose another."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # So that the page says it before the file is sent.
        self.fields["file"].widget.attrs["data-hr-max-bytes"] = settings.UPLOAD_MAX_BYTES


class TypedForm(forms.Form):
    """One example, typed by hand."""

    text = forms.CharField(
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        error_messages={"required": "Type a text first."},
    )
    label = forms.ModelChoiceField(
        queryset=None, required=False, empty_label="No label yet", widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, classifier: Classifier, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["label"].queryset = classifier.labels.all()


def show_data(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show what data there is and the ways to add more."""
    return _page(request, classifier)


def upload(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Keep the file as a draft and go on to its preview."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, classifier, upload_form=form)
    try:
        run = imports.stage(classifier.pk, file=form.cleaned_data["file"], by=request.user)
    except FileRefused as error:
        form.add_error("file", str(error))
        return _page(request, classifier, upload_form=form)
    return step_page.go(classifier, "upload_preview", run_id=run.pk)


def add_text(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Add one typed text."""
    form = TypedForm(request.POST, classifier=classifier)
    if not form.is_valid():
        return _page(request, classifier, typed_form=form)
    label = form.cleaned_data["label"]
    try:
        examples.add(
            classifier, text=form.cleaned_data["text"], label_id=None if label is None else label.pk, by=request.user
        )
    except (BadExample, ForeignLabel) as error:
        form.add_error("text", str(error))
        return _page(request, classifier, typed_form=form)
    messages.success(request, "The example is added." if label is None else f"The example is added as “{label}”.")
    return step_page.go(classifier, "data")


def _page(
    request: HttpRequest,
    classifier: Classifier,
    *,
    upload_form: UploadForm | None = None,
    typed_form: TypedForm | None = None,
) -> HttpResponse:
    standing = steps.measure(classifier)
    return step_page.show(
        request,
        classifier,
        code="data",
        template="data.html",
        standing=standing,
        bars=step_page.label_bars(classifier.labels.all(), standing=standing),
        good_count=step_page.GOOD_COUNT,
        uploads=_uploads(classifier),
        upload_form=upload_form or UploadForm(),
        typed_form=typed_form or TypedForm(classifier=classifier),
        examples_url=f"{reverse('admin:classifiers_example_changelist')}?classifier__id__exact={classifier.pk}",
        may_add=request.user.has_perm(_ADD),
        may_read_log=request.user.has_perm("moderation.view_requestlog"),
        **readings.context(classifier),
    )


def _uploads(classifier: Classifier) -> QuerySet[ImportRun]:
    return classifier.imports.select_related("requested_by").order_by("-pk")[:_UPLOADS_SHOWN]


URLS = (
    StepUrl("data/", show_data, "data"),
    StepUrl("data/upload/", upload, "upload", get=None, post=_ADD),
    StepUrl("data/add/", add_text, "add_text", get=None, post=_ADD),
)
