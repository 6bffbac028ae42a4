"""Step 3, Annotate: one text after the other, labelled by a key press."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl, read_id
from classifiers.models import Classifier, DecisionSource, Example, Label
from classifiers.services import decisions, labelling
from classifiers.services.decisions import ForeignLabel

_CHANGE = "classifiers.change_example"
# The digits that a keyboard has a key for, without the 0.
_KEYS = 9


@dataclass(frozen=True)
class Choice:
    """A label to press. `key` is the digit that presses it, empty from the tenth on."""

    label: Label
    key: str


def show_annotate(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show the next text to label; on POST save the label and go on."""
    if request.method == "POST":
        return _decide(request, classifier)
    after = read_id(request.GET.get("after"))
    example = labelling.next_unlabelled(classifier.pk, after=after)
    labels = list(classifier.labels.all())
    return step_page.show(
        request,
        classifier,
        code="annotate",
        template="admin/annotation/texts.html",
        example=example if labels else None,
        choices=[Choice(label=label, key=str(key) if key <= _KEYS else "") for key, label in enumerate(labels, 1)],
        skip_url=f"?{urlencode({'after': example.pk})}" if example is not None else "",
        last=Example.objects.filter(pk=read_id(request.GET.get("last")), classifier=classifier)
        .select_related("label")
        .first(),
        examples_url=f"{reverse('admin:classifiers_example_changelist')}?classifier__id__exact={classifier.pk}",
        may_label=request.user.has_perm(_CHANGE),
    )


def _decide(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    example_id, label_id = read_id(request.POST.get("example")), read_id(request.POST.get("label"))
    if not Example.objects.filter(pk=example_id, classifier=classifier).exists():
        messages.error(request, "This example isn't there any more. Here is the next one.")
        return step_page.go(classifier, "annotate")
    try:
        decisions.decide(example_id, label_id=label_id, source=DecisionSource.PERSON, by=request.user)
    except ForeignLabel:
        messages.error(request, "Choose one of the labels.")
        return _next(classifier, after=example_id - 1)
    return _next(classifier, after=example_id, last=example_id)


def _next(classifier: Classifier, **query: int) -> HttpResponse:
    return HttpResponseRedirect(f"{step_page.url(classifier, 'annotate')}?{urlencode(query)}")


URLS = (StepUrl("annotate/", show_annotate, "annotate", post=_CHANGE),)
