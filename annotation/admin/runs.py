"""A run of automated annotation: watch it, pause, resume or cancel it, and see what it has brought."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from annotation.admin import plans, results, words
from annotation.admin.results import WordingForm
from annotation.models import AnnotationRun
from annotation.services import annotation_runs
from annotation.services.annotation_runs import NotStartable
from classifiers.admin import progress, step_page
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier
from moderation.runs import RunState

_LISTED = 50


def show_runs(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show the runs so far, the newest first."""
    runs = classifier.annotation_runs.select_related("requested_by", "guidelines").order_by("-pk")[:_LISTED]
    return step_page.show(
        request,
        classifier,
        code="annotate",
        template="admin/annotation/runs.html",
        runs_listed=runs,
        may_start=request.user.has_perm(plans.ADD),
    )


def show_run(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show how far the run is, and what it has brought so far."""
    return page(request, classifier, find_run(classifier, run_id))


def page(
    request: HttpRequest, classifier: Classifier, run: AnnotationRun, *, wording_form: WordingForm | None = None
) -> HttpResponse:
    """Return the page of a run; `wording_form` is one that was filled in wrongly."""
    return step_page.show(
        request,
        classifier,
        code="annotate",
        template="admin/annotation/run.html",
        is_resumable=run.state in (RunState.PAUSED, RunState.FAILED, RunState.DEAD),
        waiting=max(run.text_count - run.annotated - run.refused, 0),
        cost=words.cost(run.cost) if run.cost else "",
        may_start=request.user.has_perm(plans.ADD),
        **progress.context(run, **card(request, classifier, run)),
        **({} if run.is_open else results.context(request, classifier, run, wording_form=wording_form)),
    )


def show_progress(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show only how far the run is."""
    run = find_run(classifier, run_id)
    return progress.fragment(request, run, **card(request, classifier, run))


def pause(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Ask the run to stop so that it can go on later."""
    if annotation_runs.pause(find_run(classifier, run_id).pk):
        messages.info(request, "The run pauses. Resume it whenever you like: it goes on where it stopped.")
    return step_page.go(classifier, "annotation_run", run_id=run_id)


def resume(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Let the run go on with what is missing."""
    try:
        if annotation_runs.resume(find_run(classifier, run_id).pk):
            messages.info(request, "The run goes on with the texts that are missing.")
    except NotStartable as error:
        messages.error(request, str(error))
    return step_page.go(classifier, "annotation_run", run_id=run_id)


def cancel(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Ask the run to stop for good."""
    if annotation_runs.cancel(find_run(classifier, run_id).pk):
        messages.info(request, "The run stops. The labels that it has suggested so far stay.")
    return step_page.go(classifier, "annotation_run", run_id=run_id)


def find_run(classifier: Classifier, run_id: int) -> AnnotationRun:
    """Return the classifier's run with this id, or answer that there is none."""
    runs = AnnotationRun.objects.select_related("requested_by", "guidelines", "repeats__guidelines")
    return get_object_or_404(runs, pk=run_id, classifier=classifier)


def card(request: HttpRequest, classifier: Classifier, run: AnnotationRun) -> dict[str, str]:
    """Return what the run's card needs: its addresses, and what it has brought so far."""
    may = request.user.has_perm(plans.ADD)
    spent = f" Cost so far: {words.cost(run.cost)}." if run.cost else ""
    return {
        "details": f"Labelled: {run.annotated:,}. Not annotated: {run.refused:,}.{spent}",
        "poll_url": step_page.url(classifier, "annotation_progress", run_id=run.pk),
        "cancel_url": step_page.url(classifier, "annotation_cancel", run_id=run.pk) if may else "",
        "pause_url": step_page.url(classifier, "annotation_pause", run_id=run.pk) if may else "",
    }


URLS = (
    StepUrl("annotate/runs/", show_runs, "annotation_runs"),
    StepUrl("annotate/runs/<int:run_id>/", show_run, "annotation_run"),
    StepUrl("annotate/runs/<int:run_id>/progress/", show_progress, "annotation_progress"),
    StepUrl("annotate/runs/<int:run_id>/pause/", pause, "annotation_pause", get=None, post=plans.ADD),
    StepUrl("annotate/runs/<int:run_id>/resume/", resume, "annotation_resume", get=None, post=plans.ADD),
    StepUrl("annotate/runs/<int:run_id>/cancel/", cancel, "annotation_cancel", get=None, post=plans.ADD),
)
