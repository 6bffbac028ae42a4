"""The monthly limit of a classifier's automated annotations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from annotation.services import annotation_settings
from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier
from classifiers.services.steps import counted

CHANGE = "annotation.change_annotationsetting"
_BAD = f"Give a whole number from 0 to {annotation_settings.MOST:,}, or leave it empty for no limit."


class LimitForm(forms.Form):
    """How many calls to a language model the classifier may make a month."""

    monthly_limit = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=annotation_settings.MOST,
        label="Calls a month at most",
        widget=UnfoldAdminIntegerFieldWidget,
        error_messages={"invalid": _BAD, "min_value": _BAD, "max_value": _BAD},
    )


def context(request: HttpRequest, classifier: Classifier) -> dict[str, Any]:
    """Return what the form needs."""
    limit = annotation_settings.monthly_limit(classifier.pk)
    return {
        "limit": limit,
        "limit_form": LimitForm(initial={"monthly_limit": limit}),
        "may_limit": request.user.has_perm(CHANGE),
    }


def save(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Keep the limit."""
    form = LimitForm(request.POST)
    if not form.is_valid():
        messages.error(request, _BAD)
        return step_page.go(classifier, "annotation_plan")
    limit = form.cleaned_data["monthly_limit"]
    said = "No monthly limit." if limit is None else f"The monthly limit is {counted(limit, 'call')}."
    if annotation_settings.set_monthly_limit(classifier.pk, limit):
        step_page.log(request, classifier, f"Automated annotation: {said}")
    messages.success(request, said)
    return step_page.go(classifier, "annotation_plan")


URLS = (StepUrl("annotate/settings/", save, "annotation_settings", get=None, post=CHANGE),)
