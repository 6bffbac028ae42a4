"""Many lines at once: paste them, read what became of each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier
from classifiers.services import pastes
from classifiers.services.decisions import ForeignLabel
from classifiers.services.pastes import NotPastable
from classifiers.services.steps import counted

_ADD = "classifiers.add_example"
_LINES_SHOWN = 100


class LinesForm(forms.Form):
    """Lines of text, and one label for all of them."""

    lines = forms.CharField(
        label="One text a line",
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        error_messages={"required": "Paste some lines first."},
    )
    label = forms.ModelChoiceField(
        queryset=None,
        required=False,
        label="Label for all of them",
        empty_label="No label yet",
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, classifier: Classifier, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["label"].queryset = classifier.labels.all()


def show_paste(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show the form; on POST add the lines and report on them."""
    form = LinesForm(classifier=classifier)
    report = None
    if request.method == "POST":
        form = LinesForm(request.POST, classifier=classifier)
        if form.is_valid():
            label = form.cleaned_data["label"]
            try:
                report = pastes.add_lines(
                    classifier.pk,
                    text=form.cleaned_data["lines"],
                    label_id=None if label is None else label.pk,
                    by=request.user,
                )
            except (NotPastable, ForeignLabel) as error:
                form.add_error("lines", str(error))
            else:
                step_page.log(request, classifier, f"Pasted {counted(report.added, 'example')}.")
                form = LinesForm(initial={"label": label}, classifier=classifier)
    return step_page.show(
        request,
        classifier,
        code="data",
        template="paste.html",
        form=form,
        report=report,
        left=[] if report is None else report.left[:_LINES_SHOWN],
        most_lines=pastes.MOST_LINES,
    )


URLS = (StepUrl("data/paste/", show_paste, "paste", get=_ADD, post=_ADD),)
