"""Step 4, Train: what will be trained on, the button, and what came of it before."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from classifiers.admin import progress, step_page
from classifiers.admin.step_page import StepUrl
from classifiers.ml.evaluation import ENOUGH, ENOUGH_PER_LABEL
from classifiers.models import Classifier, Version
from classifiers.services import deep_tier, outlook, steps, suggestion_use, training
from classifiers.services.outlook import Outlook, Remark
from classifiers.services.suggestion_use import BadFloor
from classifiers.services.training import NotTrainable
from moderation import runs
from moderation.runs import OPEN_STATES

_ADD = "classifiers.add_version"
_VERSIONS_SHOWN = 20
_SHORTAGES_SHOWN = 5


class SuggestionForm(forms.Form):
    """Whether suggestions are learnt from, and how sure they must be, in percent."""

    use = forms.BooleanField(required=False, label="Learn from suggestions, too")
    floor = forms.FloatField(
        label="How sure they must be, in percent",
        min_value=0,
        max_value=100,
        widget=forms.NumberInput(attrs={"class": "hr-input", "step": "any", "inputmode": "decimal"}),
        error_messages={"required": "Say how sure suggestions must be: 0 to 100 %."},
    )


@dataclass(frozen=True)
class Hint:
    """A remark with its link."""

    remark: Remark
    url: str


def show_train(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show what would be trained on and the trainings so far; on POST start one."""
    if request.method == "POST":
        return _start(request, classifier)
    return _page(request, classifier)


def show_progress(request: HttpRequest, classifier: Classifier, version_id: int) -> HttpResponse:
    """Show only how far the training is."""
    version = get_object_or_404(Version, classifier=classifier, pk=version_id)
    return progress.fragment(request, version, **_addresses(request, classifier, version))


def _start(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    try:
        version = training.start(classifier.pk, by=request.user)
    except NotTrainable as error:
        messages.error(request, str(error))
    else:
        step_page.log(request, classifier, f"Started the training of version {version.number}.")
    return step_page.go(classifier, "train")


def use_suggestions(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Set whether suggestions are learnt from, and how sure they must be."""
    form = SuggestionForm(request.POST)
    if not form.is_valid():
        return _page(request, classifier, suggestion_form=form)
    use, percent = form.cleaned_data["use"], form.cleaned_data["floor"]
    try:
        is_changed = suggestion_use.change(classifier.pk, trains_on_suggestions=use, floor=percent / 100)
    except BadFloor as error:
        form.add_error("floor", str(error))
        return _page(request, classifier, suggestion_form=form)
    said = (
        f"Suggestions that are at least {percent:g} % sure are learnt from." if use else "No suggestion is learnt from."
    )
    if is_changed:
        step_page.log(request, classifier, said)
    messages.success(request, f"{said} It counts from the next training on.")
    return step_page.go(classifier, "train")


def switch_deep(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Set whether trainings try the deep tier, too."""
    is_on = "deep" in request.POST
    said = "Trainings also try the deep tier." if is_on else "Trainings leave the deep tier out."
    if deep_tier.switch(classifier.pk, is_on=is_on):
        step_page.log(request, classifier, said)
    messages.success(request, f"{said} It counts from the next training on.")
    return step_page.go(classifier, "train")


def cancel(request: HttpRequest, classifier: Classifier, version_id: int) -> HttpResponse:
    """Ask a running training to stop."""
    version = get_object_or_404(Version, classifier=classifier, pk=version_id)
    if runs.request_cancel(Version, version.pk):
        messages.info(request, "The training stops. The live version keeps answering.")
    return step_page.go(classifier, "train")


def _page(
    request: HttpRequest, classifier: Classifier, *, suggestion_form: SuggestionForm | None = None
) -> HttpResponse:
    standing, labels = steps.measure(classifier), list(classifier.labels.all())
    ahead = outlook.give(classifier, labels=labels, standing=standing)
    under_way = standing.training
    running = {} if under_way is None else progress.context(under_way, **_addresses(request, classifier, under_way))
    return step_page.show(
        request,
        classifier,
        code="train",
        template="train.html",
        standing=standing,
        bars=step_page.label_bars(labels, standing=standing),
        outlook=ahead,
        **_hints(classifier, ahead),
        good_count=step_page.GOOD_COUNT,
        versions=_ended(classifier),
        may_train=request.user.has_perm(_ADD),
        enough=ENOUGH,
        enough_per_label=ENOUGH_PER_LABEL,
        suggestion_form=suggestion_form or _suggestion_form(classifier),
        may_change=request.user.has_perm(step_page.CHANGE),
        **running,
    )


def _hints(classifier: Classifier, ahead: Outlook) -> dict[str, object]:
    hints = [_hint(classifier, remark) for remark in ahead.remarks]
    first = "" if ahead.best is None else ahead.best.sentence
    # What is first isn't said a second time.
    shortages = [shortage for shortage in ahead.shortages if shortage.sentence != first]
    return {
        "best": None if ahead.best is None else _hint(classifier, ahead.best),
        "hints": [hint for hint in hints if hint.remark != ahead.best],
        "shortages": shortages[:_SHORTAGES_SHOWN],
        "more_shortages": max(len(shortages) - _SHORTAGES_SHOWN, 0),
    }


def _hint(classifier: Classifier, remark: Remark) -> Hint:
    return Hint(remark=remark, url=step_page.url(classifier, remark.view))


def _suggestion_form(classifier: Classifier) -> SuggestionForm:
    percent = round(100 * classifier.suggestion_floor, 6)
    return SuggestionForm(initial={"use": classifier.trains_on_suggestions, "floor": f"{percent:g}"})


def _ended(classifier: Classifier) -> QuerySet[Version]:
    # One that goes on is shown above them, with its bar.
    ended = classifier.versions.exclude(state__in=OPEN_STATES)
    return ended.select_related("requested_by").order_by("-number")[:_VERSIONS_SHOWN]


def _addresses(request: HttpRequest, classifier: Classifier, version: Version) -> dict[str, str]:
    may_cancel = request.user.has_perm(_ADD)
    return {
        "poll_url": step_page.url(classifier, "train_progress", version_id=version.pk),
        "cancel_url": step_page.url(classifier, "train_cancel", version_id=version.pk) if may_cancel else "",
    }


URLS = (
    StepUrl("train/", show_train, "train", post=_ADD),
    StepUrl("train/suggestions/", use_suggestions, "train_suggestions", get=None, post=step_page.CHANGE),
    StepUrl("train/deep/", switch_deep, "train_deep", get=None, post=step_page.CHANGE),
    StepUrl("train/<int:version_id>/progress/", show_progress, "train_progress"),
    StepUrl("train/<int:version_id>/cancel/", cancel, "train_cancel", get=None, post=_ADD),
)
