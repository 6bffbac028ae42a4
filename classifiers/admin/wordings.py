"""The history of the labels' wording on the Labels page, and the way back to an earlier one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse

from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl, read_id
from classifiers.models import Classifier, Guidelines
from classifiers.services import wordings
from classifiers.services.labels import BadLabels
from classifiers.services.wordings import NotRestorable

_SHOWN = 10


def context(request: HttpRequest, classifier: Classifier) -> dict[str, Any]:
    """Return what the history needs: its newest part, or the part below the number in `before`."""
    before = read_id(request.GET.get("before")) or None
    revisions, next_before = wordings.history(classifier.pk, before=before, limit=_SHOWN)
    return {"revisions": revisions, "next_before": next_before, "is_history_open": before is not None}


def restore(request: HttpRequest, classifier: Classifier, number: int) -> HttpResponse:
    """Give the labels the wording that they had under this number."""
    try:
        restored = wordings.restore(classifier.pk, number, by=request.user)
    except Guidelines.DoesNotExist as error:
        raise Http404 from error
    except (NotRestorable, BadLabels) as error:
        messages.error(request, str(error))
    else:
        step_page.log(request, classifier, f"Restored the wording number {number} of the labels.")
        messages.success(request, f"The wording number {number} holds again, as number {restored.number}.")
    return step_page.go(classifier, "labels")


URLS = (StepUrl("labels/wordings/<int:number>/restore/", restore, "wording_restore", get=None, post=step_page.CHANGE),)
