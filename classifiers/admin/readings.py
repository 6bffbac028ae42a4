"""How far the reading of new examples is, in the background of the Data page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from classifiers.admin import step_page
from classifiers.admin.step_page import FOLDER, StepUrl
from classifiers.models import Classifier, EmbeddingRun
from classifiers.services import embedding_runs

_TEMPLATE = f"{FOLDER}/_reading.html"


def context(classifier: Classifier) -> dict[str, Any]:
    """Return what the Data page needs in order to show a reading that is under way."""
    run = embedding_runs.find_open(classifier.pk)
    return {} if run is None else _card(classifier, run)


def show_progress(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show only how far the reading is."""
    run = get_object_or_404(EmbeddingRun, pk=run_id, classifier=classifier)
    response = render(request, _TEMPLATE, _card(classifier, run))
    response["Cache-Control"] = "no-store"
    return response


def _card(classifier: Classifier, run: EmbeddingRun) -> dict[str, Any]:
    return {"reading": run, "reading_url": step_page.url(classifier, "reading_progress", run_id=run.pk)}


URLS = (StepUrl("data/reading/<int:run_id>/progress/", show_progress, "reading_progress"),)
