"""Examples from logged requests: say which, see what was chosen and why, add them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanWidget,
)

from classifiers.admin import progress, step_page
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier, PickReason, RequestImport, Selection
from classifiers.services import request_imports
from classifiers.services.request_imports import NotImportable, Query
from moderation import runs
from moderation.models import Project
from moderation.runs import RunState

_ADD = "classifiers.add_example"
# Its texts are those of the request log.
_READ_LOG = "moderation.view_requestlog"
_IMPORTS_SHOWN = 10


class RequestsForm(forms.Form):
    """Which of the logged requests are looked for."""

    projects = forms.ModelMultipleChoiceField(
        queryset=Project.objects.none(),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": "Choose at least one project."},
    )
    since = forms.DateTimeField(
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "class": "hr-input"}),
        error_messages={"required": "Say from when on.", "invalid": "Give a date and a time, like 2026-05-01T08:00."},
    )
    selection = forms.ChoiceField(label="Which ones", choices=Selection.choices, widget=UnfoldAdminSelectWidget)
    wanted = forms.IntegerField(
        label="How many at most",
        min_value=1,
        max_value=request_imports.MOST_WANTED,
        widget=UnfoldAdminIntegerFieldWidget,
        error_messages={"required": "Say how many."},
    )
    predicted = forms.ModelChoiceField(
        queryset=None,
        required=False,
        label="Only those answered with",
        empty_label="Any label",
        to_field_name="name",
        widget=UnfoldAdminSelectWidget,
    )
    score_min = forms.FloatField(
        label="Lowest score",
        min_value=0.0,
        max_value=1.0,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01"}),
        error_messages={"required": "Give a number from 0 to 1."},
    )
    score_max = forms.FloatField(
        label="Highest score",
        min_value=0.0,
        max_value=1.0,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01"}),
        error_messages={"required": "Give a number from 0 to 1."},
    )
    is_flagged_only = forms.BooleanField(label="Only flagged ones", required=False, widget=UnfoldBooleanWidget)

    def __init__(self, *args: Any, classifier: Classifier, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["projects"].queryset = request_imports.sources()
        self.fields["predicted"].queryset = classifier.labels.all()

    def as_query(self, *, now: Any) -> Query:
        """Return what a valid form asks for."""
        values = self.cleaned_data
        return Query(
            project_ids=tuple(project.pk for project in values["projects"]),
            since_at=values["since"],
            until_at=now,
            selection=Selection(values["selection"]),
            wanted=values["wanted"],
            predicted="" if values["predicted"] is None else values["predicted"].name,
            score_min=values["score_min"],
            score_max=values["score_max"],
            is_flagged_only=values["is_flagged_only"],
        )


def show_requests(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show the form and the searches so far; on POST start one."""
    _require_log(request)
    now = timezone.now()
    if request.method == "POST":
        form = RequestsForm(request.POST, classifier=classifier)
        if form.is_valid():
            try:
                run = request_imports.start(classifier.pk, query=form.as_query(now=now), by=request.user)
            except NotImportable as error:
                form.add_error(None, str(error))
            else:
                return step_page.go(classifier, "requests_run", run_id=run.pk)
    else:
        form = RequestsForm(initial=_initial(classifier, now=now), classifier=classifier)
    return step_page.show(
        request,
        classifier,
        code="data",
        template="requests.html",
        form=form,
        has_sources=request_imports.sources().exists(),
        imports=classifier.request_imports.select_related("requested_by").order_by("-pk")[:_IMPORTS_SHOWN],
    )


def show_run(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show how far the search is; then what it chose and why; then what was added."""
    _require_log(request)
    run = _run(classifier, run_id)
    is_choice = run.state == RunState.SUCCEEDED and run.taken_at is None
    return step_page.show(
        request,
        classifier,
        code="data",
        template="requests_run.html",
        is_choice=is_choice,
        projects=Project.objects.filter(pk__in=run.project_ids),
        picks=[(PickReason(pick.reason).label, log) for pick, log in request_imports.picks(run)] if is_choice else [],
        reasons=[(count, reason.label) for reason, count in request_imports.reasons(run)] if is_choice else [],
        **progress.context(run, **_addresses(classifier, run)),
    )


def show_progress(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show only how far the search is."""
    run = _run(classifier, run_id)
    return progress.fragment(request, run, **_addresses(classifier, run))


def cancel(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Ask a running search to stop."""
    if runs.request_cancel(RequestImport, _run(classifier, run_id).pk):
        messages.info(request, "The search stops. Nothing was added.")
    return step_page.go(classifier, "requests_run", run_id=run_id)


def take(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Add the chosen texts."""
    _require_log(request)
    run = _run(classifier, run_id)
    try:
        added = request_imports.take(run.pk, by=request.user)
    except NotImportable as error:
        messages.error(request, str(error))
    else:
        step_page.log(request, classifier, f"Added {added:,} logged requests.")
    return step_page.go(classifier, "requests_run", run_id=run.pk)


def discard(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Forget a choice that nobody wants."""
    if request_imports.discard(_run(classifier, run_id).pk):
        messages.info(request, "The choice was discarded; nothing was added.")
    return step_page.go(classifier, "requests")


def _initial(classifier: Classifier, *, now: Any) -> dict[str, Any]:
    return {
        "projects": list(request_imports.sources()),
        "since": request_imports.default_since(classifier.pk, now=now),
        "selection": Selection.USEFUL,
        "wanted": request_imports.DEFAULT_WANTED,
        "score_min": 0,
        "score_max": 1,
    }


def _require_log(request: HttpRequest) -> None:
    if not step_page.may(request.user, _READ_LOG):
        raise PermissionDenied


def _addresses(classifier: Classifier, run: RequestImport) -> dict[str, str]:
    return {
        "poll_url": step_page.url(classifier, "requests_progress", run_id=run.pk),
        "cancel_url": step_page.url(classifier, "requests_cancel", run_id=run.pk),
    }


def _run(classifier: Classifier, run_id: int) -> RequestImport:
    runs_of_all = RequestImport.objects.select_related("requested_by")
    return get_object_or_404(runs_of_all, pk=run_id, classifier=classifier)


URLS = (
    StepUrl("data/requests/", show_requests, "requests", get=_ADD, post=_ADD),
    StepUrl("data/requests/<int:run_id>/", show_run, "requests_run", get=_ADD),
    StepUrl("data/requests/<int:run_id>/progress/", show_progress, "requests_progress", get=_ADD),
    StepUrl("data/requests/<int:run_id>/cancel/", cancel, "requests_cancel", get=None, post=_ADD),
    StepUrl("data/requests/<int:run_id>/take/", take, "requests_take", get=None, post=_ADD),
    StepUrl("data/requests/<int:run_id>/discard/", discard, "requests_discard", get=None, post=_ADD),
)
