"""Step 3, Annotate: its home, with a door for machines and one for people."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from annotation.admin import annotators, places, plans, runs
from annotation.admin.places import Place
from annotation.models import AnnotationRun
from annotation.services import queues
from classifiers.admin import progress, step_page
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier

_RUNS_SHOWN = 5


def show_home(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show both ways to label, and how far each has come."""
    now = timezone.now()
    sizes = queues.sizes(classifier.pk, user_id=request.user.pk, now=now)
    listed = list(classifier.annotation_runs.select_related("requested_by").order_by("-pk")[:_RUNS_SHOWN])
    return step_page.show(
        request,
        classifier,
        code="annotate",
        template="admin/annotation/home.html",
        who=annotators.describe(classifier, now=timezone.now()),
        allowance=annotators.allowance(classifier, now=now),
        tabs=places.tabs(classifier, Place(), sizes=sizes),
        first_few=plans.FIRST_FEW,
        runs_listed=listed,
        may_start=request.user.has_perm(plans.ADD),
        may_label=request.user.has_perm("classifiers.change_example"),
        **_running(request, classifier, listed),
    )


def _running(request: HttpRequest, classifier: Classifier, listed: list[AnnotationRun]) -> dict[str, Any]:
    # Of a classifier's runs one at a time is under way.
    under_way = next((run for run in listed if run.is_open), None)
    return {} if under_way is None else progress.context(under_way, **runs.card(request, classifier, under_way))


URLS = (StepUrl("annotate/", show_home, "annotate"),)
