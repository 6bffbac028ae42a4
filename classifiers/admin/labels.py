"""Step 1, Labels: what the classifier is called, and what it can answer."""

from __future__ import annotations

from itertools import count
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from classifiers.admin import copies, step_page, wordings
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier, Label
from classifiers.services import copying, definitions, labels
from classifiers.services.definitions import BadDefinition
from classifiers.services.labels import BadLabels, LabelDraft

_NEW_ROWS = 2
_DESCRIPTION_CHARS = 4_000


class DescribeForm(forms.Form):
    """Name and description of the classifier."""

    name = forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget)
    description = forms.CharField(
        required=False,
        max_length=_DESCRIPTION_CHARS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        label="What it answers about a text",
    )


class LabelForm(forms.Form):
    """One label. The service says what is wrong with its values, so that each rule stands in one place."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(required=False, max_length=200, widget=UnfoldAdminTextInputWidget)
    description = forms.CharField(
        required=False, max_length=_DESCRIPTION_CHARS, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    color = forms.CharField(widget=UnfoldAdminColorInputWidget)
    is_removed = forms.BooleanField(required=False, label="Remove this label")
    number: int | None = None

    def as_draft(self) -> LabelDraft | None:
        """Return the label as typed, or None for a row that was left empty."""
        values = self.cleaned_data
        if values.get("id") is None and not values.get("name", "").strip() and not values.get("description"):
            return None
        return LabelDraft(**values)


LabelFormSet = forms.formset_factory(LabelForm, extra=0)


def show_labels(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show the classifier and its labels; on POST save one of the two forms."""
    if request.method == "POST" and "describe" in request.POST:
        return _describe(request, classifier)
    if request.method == "POST":
        return _save(request, classifier)
    return _page(request, classifier)


def _describe(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    form = DescribeForm(request.POST)
    if not form.is_valid():
        return _page(request, classifier, describe_form=form)
    try:
        definitions.describe(classifier.pk, **form.cleaned_data)
    except BadDefinition as error:
        form.add_error(error.field, str(error))
        return _page(request, classifier, describe_form=form)
    step_page.log(request, classifier, "Changed name or description.")
    messages.success(request, "Saved.")
    return step_page.go(classifier, "labels")


def _save(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    formset = LabelFormSet(request.POST)
    if not formset.is_valid():
        return _page(request, classifier, formset=formset)
    drafts = [draft for form in formset if (draft := form.as_draft()) is not None]
    try:
        labels.save(classifier.pk, drafts=drafts, by=request.user)
    except BadLabels as error:
        return _page(request, classifier, formset=formset, problem=str(error))
    step_page.log(request, classifier, "Changed labels.")
    messages.success(request, "The labels are saved.")
    return step_page.go(classifier, "labels")


def _page(
    request: HttpRequest,
    classifier: Classifier,
    *,
    describe_form: DescribeForm | None = None,
    formset: Any = None,
    problem: str = "",
) -> HttpResponse:
    present = list(classifier.labels.all())
    formset = formset if formset is not None else LabelFormSet(initial=_initial(classifier, present))
    _number(formset, present)
    return step_page.show(
        request,
        classifier,
        code="labels",
        template="labels.html",
        describe_form=describe_form
        or DescribeForm(initial={"name": classifier.name, "description": classifier.description}),
        formset=formset,
        problem=problem,
        proposed_colors=" ".join(labels.PALETTE),
        is_locked=classifier.has_locked_labels,
        has_many=len(present) > labels.MANY_LABELS,
        may_change=request.user.has_perm(step_page.CHANGE),
        table_query=f"classifier__id__exact={classifier.pk}",
        may_copy=request.user.has_perm(copies.ADD),
        copy_run=copying.find_open(classifier.pk),
        **wordings.context(request, classifier),
    )


def _number(formset: Any, present: list[Label]) -> None:
    """Tell each row its label's number, and new rows those that they would get."""
    numbers = {str(label.pk): label.number for label in present}
    following = count(max(numbers.values(), default=-1) + 1)
    for form in formset:
        value = str(form["id"].value() or "")
        form.number = numbers[value] if value in numbers else next(following)


def _initial(classifier: Classifier, present: list[Label]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"id": label.pk, "name": label.name, "description": label.description, "color": label.color}
        for label in present
    ]
    if classifier.has_locked_labels:
        return rows
    # Without our script these are the rows to add labels in; with it they are hidden until asked for.
    new_rows = _NEW_ROWS if len(present) < 2 else 1
    return rows + [{"color": labels.propose_color(len(present) + index)} for index in range(new_rows)]


URLS = (StepUrl("labels/", show_labels, "labels", post=step_page.CHANGE),)
