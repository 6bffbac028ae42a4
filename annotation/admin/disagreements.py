"""Step 3, Annotate: how well people agree, and the texts on which they don't, settled by one press each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from annotation.admin import places
from annotation.admin.places import Place
from annotation.models import QueueCode
from annotation.services import agreements, annotation_settings, answers, machine_opinions
from annotation.services.agreements import Conflict, ConflictPage, Opinion
from annotation.services.answers import BadAnswer
from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl, read_id
from classifiers.models import Classifier, Example, Label

_CHANGE = "classifiers.change_example"
_CHANGE_SETTING = "annotation.change_annotationsetting"
_BAD_SHARE = "Give a whole number from 0 to 100."
# No page lies further back: a larger number is nobody's click.
_LAST_PAGE = 100_000


class OverlapForm(forms.Form):
    """Of how many in 100 texts a second person is asked for an opinion."""

    percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        label="Texts in 100 that a second person labels too",
        widget=UnfoldAdminIntegerFieldWidget,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), _BAD_SHARE),
    )


@dataclass(frozen=True)
class OpenConflict:
    """A text to settle: who said what of it, machines last, and the labels to choose from, said ones and others."""

    conflict: Conflict
    opinions: tuple[Opinion, ...]
    said: tuple[Label, ...]
    others: tuple[Label, ...]


def show_disagreements(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show how well people agree and where they don't; on POST settle one text."""
    number = min(max(1, read_id(request.GET.get("page"))), _LAST_PAGE)
    if request.method == "POST":
        _settle(request, classifier)
        page = f"?page={number}" if number > 1 else ""
        return HttpResponseRedirect(f"{step_page.url(classifier, 'disagreements')}{page}")
    conflicts = agreements.conflicts(classifier.pk, number)
    return step_page.show(
        request,
        classifier,
        code="annotate",
        template="admin/annotation/disagreements.html",
        agreement=agreements.measure(classifier.pk),
        page=conflicts,
        rows=list(_rows(classifier, conflicts)),
        number=number,
        overlap_form=OverlapForm(initial={"percent": annotation_settings.overlap_percent(classifier.pk)}),
        second_url=places.url(classifier, Place(QueueCode.OVERLAP)),
        may_label=request.user.has_perm(_CHANGE),
        may_set=request.user.has_perm(_CHANGE_SETTING),
    )


def set_overlap(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Choose how many texts a second person labels too."""
    form = OverlapForm(request.POST)
    if not form.is_valid():
        messages.error(request, _BAD_SHARE)
        return step_page.go(classifier, "disagreements")
    percent = form.cleaned_data["percent"]
    said = f"Second opinions are asked for on {percent} in 100 texts."
    if annotation_settings.set_overlap_percent(classifier.pk, percent):
        step_page.log(request, classifier, said)
    messages.success(request, said)
    return step_page.go(classifier, "disagreements")


def _rows(classifier: Classifier, page: ConflictPage) -> Iterator[OpenConflict]:
    labels = list(classifier.labels.all())
    of_machines = machine_opinions.of(classifier, [conflict.example.pk for conflict in page.conflicts])
    for conflict in page.conflicts:
        opinions = (*conflict.opinions, *of_machines.get(conflict.example.pk, ()))
        said = {opinion.label.pk for opinion in opinions}
        yield OpenConflict(
            conflict=conflict,
            opinions=opinions,
            said=tuple(label for label in labels if label.pk in said),
            others=tuple(label for label in labels if label.pk not in said),
        )


def _settle(request: HttpRequest, classifier: Classifier) -> None:
    example_id = read_id(request.POST.get("example"))
    # The buttons carry their label; the list of the other labels has a button of its own.
    label_id = read_id(request.POST.get("label") or request.POST.get("other"))
    example = Example.objects.filter(pk=example_id, classifier=classifier).first()
    label = Label.objects.filter(pk=label_id, classifier=classifier).first()
    if example is None:
        messages.error(request, "This example isn't there any more. Here is what is left to settle.")
        return
    if label is None:
        messages.error(request, "Choose one of the labels.")
        return
    try:
        answers.adjudicate(example.pk, label_id=label.pk, by=request.user, now=timezone.now())
    except BadAnswer as error:
        messages.error(request, str(error))
        return
    messages.success(request, f"Settled: it is {label.name}.")


URLS = (
    StepUrl("annotate/disagreements/", show_disagreements, "disagreements", post=_CHANGE),
    StepUrl("annotate/disagreements/overlap/", set_overlap, "overlap", get=None, post=_CHANGE_SETTING),
)
