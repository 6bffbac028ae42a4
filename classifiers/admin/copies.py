"""A classifier copied into a new one: say what comes along, watch the examples come."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from unfold.widgets import UnfoldAdminTextInputWidget

from classifiers.admin import progress, step_page
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier, CopyRun
from classifiers.services import copying, definitions
from classifiers.services.copying import Taken, Wish
from classifiers.services.definitions import BadDefinition
from moderation import runs

ADD = "classifiers.add_classifier"
_ADD_EXAMPLES = "classifiers.add_example"
_TAKEN = {
    Taken.ALL: ("All of them", "With their labels, where they have one."),
    Taken.CONFIRMED: ("Only those with a confirmed label", "Texts without a label and mere suggestions stay behind."),
    Taken.NONE: ("None", "Only the labels with their descriptions and colors."),
}


class CopyForm(forms.Form):
    """What the copy is called and what it gets. Rules about name and key stand in the service."""

    name = forms.CharField(
        max_length=100,
        widget=UnfoldAdminTextInputWidget(attrs={"data-hr-key-source": "id_key"}),
        error_messages={"required": "Give the new classifier a name."},
    )
    key = forms.CharField(
        required=False, max_length=63, widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"})
    )
    taken = forms.ChoiceField(
        choices=[(taken.value, title) for taken, (title, _) in _TAKEN.items()],
        error_messages={"required": "Choose which examples come along."},
    )
    takes_suggestions = forms.BooleanField(required=False)

    def as_wish(self) -> Wish:
        """Return what a valid form asks for."""
        return Wish(**{**self.cleaned_data, "taken": Taken(self.cleaned_data["taken"])})


def show_copy(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show the form; on POST make the copy and go on to its labels, or to the copying of its examples."""
    form = CopyForm(request.POST or None, initial=_initial(request, classifier))
    if request.method == "POST" and form.is_valid():
        wish = form.as_wish()
        if wish.taken != Taken.NONE and not request.user.has_perm(_ADD_EXAMPLES):
            raise PermissionDenied
        try:
            made = copying.start(classifier.pk, wish=wish, by=request.user)
        except BadDefinition as error:
            form.add_error(error.field, str(error))
        else:
            return _go_on(request, classifier, made)
    chosen = form["taken"].value()
    return step_page.show(
        request,
        classifier,
        code="",
        template="copy.html",
        title=f"Copy into a new classifier · {classifier}",
        form=form,
        ways=[(taken.value, *words, taken.value == chosen) for taken, words in _ways(request)],
    )


def show_run(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show how far the copying is, and what came along once it is done."""
    run = _run(classifier, run_id)
    return step_page.show(
        request,
        classifier,
        code="data",
        template="copy_run.html",
        without_label=run.added - run.confirmed - run.suggested,
        may_go_on=request.user.has_perm(ADD),
        **progress.context(run, **_addresses(request, classifier, run)),
    )


def show_progress(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show only how far the copying is."""
    run = _run(classifier, run_id)
    return progress.fragment(request, run, **_addresses(request, classifier, run))


def cancel(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Ask the copying to stop."""
    if runs.request_cancel(CopyRun, _run(classifier, run_id).pk):
        messages.info(request, "The copying stops. What came along so far stays.")
    return step_page.go(classifier, "copy_run", run_id=run_id)


def resume(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Go on with a copying that failed."""
    runs.resume(CopyRun, _run(classifier, run_id).pk)
    return step_page.go(classifier, "copy_run", run_id=run_id)


def _go_on(request: HttpRequest, source: Classifier, made: copying.Copy) -> HttpResponse:
    classifier_admin = admin.site.get_model_admin(Classifier)
    classifier_admin.log_addition(request, made.classifier, f"Copied from {source.key}.")
    if made.run is not None:
        return step_page.go(made.classifier, "copy_run", run_id=made.run.pk)
    messages.success(request, f"“{made.classifier}” is there, with the labels of “{source}”. They can change again.")
    return step_page.go(made.classifier, "labels")


def _ways(request: HttpRequest) -> list[tuple[Taken, tuple[str, str]]]:
    may_add = request.user.has_perm(_ADD_EXAMPLES)
    return [(taken, words) for taken, words in _TAKEN.items() if may_add or taken == Taken.NONE]


def _initial(request: HttpRequest, classifier: Classifier) -> dict[str, Any]:
    name = definitions.propose_copy_name(classifier.name)
    taken = Taken.ALL if request.user.has_perm(_ADD_EXAMPLES) else Taken.NONE
    return {"name": name, "taken": taken.value, "takes_suggestions": True}


def _addresses(request: HttpRequest, classifier: Classifier, run: CopyRun) -> dict[str, str]:
    may_cancel = request.user.has_perm(ADD)
    return {
        "poll_url": step_page.url(classifier, "copy_progress", run_id=run.pk),
        "cancel_url": step_page.url(classifier, "copy_cancel", run_id=run.pk) if may_cancel else "",
    }


def _run(classifier: Classifier, run_id: int) -> CopyRun:
    return get_object_or_404(CopyRun.objects.select_related("source"), pk=run_id, classifier=classifier)


URLS = (
    StepUrl("copy/", show_copy, "copy", get=ADD, post=ADD),
    StepUrl("copied/<int:run_id>/", show_run, "copy_run"),
    StepUrl("copied/<int:run_id>/progress/", show_progress, "copy_progress"),
    StepUrl("copied/<int:run_id>/cancel/", cancel, "copy_cancel", get=None, post=ADD),
    StepUrl("copied/<int:run_id>/resume/", resume, "copy_resume", get=None, post=ADD),
)
