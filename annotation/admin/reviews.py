"""A run's result, put to use: confirm or change its labels, word the rules better, ask again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from annotation.admin import plans, runs
from annotation.admin.plans import Choice
from annotation.admin.results import CHANGE_EXAMPLE, FLOORS, View, WordingForm
from annotation.models import Annotation, AnnotationRun, Pick
from annotation.services import annotation_lists, reviews, suggestions
from annotation.services.reviews import Settled, Verdict
from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl, read_id
from classifiers.models import Classifier
from classifiers.services import labels
from classifiers.services.decisions import ForeignLabel
from classifiers.services.labels import BadLabels, LabelDraft
from classifiers.services.steps import counted


def confirm(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Keep the label of one row, or of all that were shown, as the person's word."""
    run = runs.find_run(classifier, run_id)
    one = request.POST.get("one")
    asked = [one] if one is not None else request.POST.getlist("shown")[: annotation_lists.A_PAGE]
    chosen = annotation_lists.chosen(run, [read_id(value) for value in asked])
    verdicts = [verdict for each in chosen if (verdict := _verdict(request, each))]
    try:
        settled = reviews.settle(classifier.pk, verdicts, by=request.user)
    except ForeignLabel as error:
        messages.error(request, str(error))
    else:
        _tell(request, settled)
    return _back(request, classifier, run)


def confirm_surest(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Confirm all suggestions of the classifier that are at least so sure."""
    run = runs.find_run(classifier, run_id)
    percent = read_id(request.POST.get("floor"))
    if percent not in FLOORS:
        messages.error(request, "Choose from which confidence on suggestions are to be confirmed.")
        return _back(request, classifier, run)
    done = suggestions.confirm_surest(classifier.pk, percent / 100, request.user)
    step_page.log(request, classifier, f"Confirmed {counted(done, 'suggestion')} that were at least {percent} % sure.")
    more = " There are more: press the button again." if done == suggestions.MOST_AT_ONCE else ""
    messages.success(request, f"{counted(done, 'suggestion')} confirmed.{more}")
    return _back(request, classifier, run)


def describe(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Word the labels' descriptions anew; where that was asked for, annotate the same texts again."""
    run = runs.find_run(classifier, run_id)
    present = list(classifier.labels.all())
    form = WordingForm(request.POST, labels=present)
    if not form.is_valid():
        return runs.page(request, classifier, run, wording_form=form)
    descriptions = form.descriptions()
    drafts = [
        LabelDraft(id=label.pk, name=label.name, description=descriptions[label.pk], color=label.color)
        for label in present
    ]
    try:
        labels.save(classifier.pk, drafts=drafts, by=request.user)
    except BadLabels as error:
        messages.error(request, str(error))
        return _back(request, classifier, run)
    if any(label.description != descriptions[label.pk].strip() for label in present):
        step_page.log(request, classifier, "Changed labels.")
        messages.success(request, "The wording is saved.")
    if "again" in request.POST and request.user.has_perm(plans.ADD):
        return plans.start(request, classifier, Choice(pick=Pick.AGAIN, wanted=max(run.text_count, 1), repeats=run))
    return _back(request, classifier, run)


def _verdict(request: HttpRequest, annotation: Annotation) -> Verdict | None:
    """Return what the row of the annotation says, None where it says nothing new."""
    label_id = read_id(request.POST.get(f"label_{annotation.pk}"))
    seen_id = read_id(request.POST.get(f"seen_{annotation.pk}"))
    if not label_id or (label_id == seen_id and f"open_{annotation.pk}" not in request.POST):
        return None
    return Verdict(example_id=annotation.example_id, label_id=label_id, seen_id=seen_id or None)


def _tell(request: HttpRequest, settled: Settled) -> None:
    said = []
    if settled.confirmed:
        said.append(f"{counted(settled.confirmed, 'suggestion')} confirmed.")
    if settled.changed:
        said.append(f"{counted(settled.changed, 'label')} changed.")
    if said:
        messages.success(request, " ".join(said))
    else:
        messages.info(request, "There was nothing to confirm: what was shown has been decided since.")


def _back(request: HttpRequest, classifier: Classifier, run: AnnotationRun) -> HttpResponse:
    query = View.read(request.GET).query()
    return HttpResponseRedirect(f"{step_page.url(classifier, 'annotation_run', run_id=run.pk)}?{query}#texts")


URLS = (
    StepUrl("annotate/runs/<int:run_id>/confirm/", confirm, "annotation_confirm", get=None, post=CHANGE_EXAMPLE),
    StepUrl("annotate/runs/<int:run_id>/surest/", confirm_surest, "annotation_surest", get=None, post=CHANGE_EXAMPLE),
    StepUrl("annotate/runs/<int:run_id>/wording/", describe, "annotation_wording", get=None, post=step_page.CHANGE),
)
