"""Step 4, Train: what will be trained on, the button, and what came of it before."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from classifiers.admin import progress, step_page
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier, Version
from classifiers.services import steps, training
from classifiers.services.training import NotTrainable
from moderation import runs
from moderation.runs import OPEN_STATES

_ADD = "classifiers.add_version"
_VERSIONS_SHOWN = 20


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


def cancel(request: HttpRequest, classifier: Classifier, version_id: int) -> HttpResponse:
    """Ask a running training to stop."""
    version = get_object_or_404(Version, classifier=classifier, pk=version_id)
    if runs.request_cancel(Version, version.pk):
        messages.info(request, "The training stops. The live version keeps answering.")
    return step_page.go(classifier, "train")


def _page(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    standing = steps.measure(classifier)
    under_way = standing.training
    running = {} if under_way is None else progress.context(under_way, **_addresses(request, classifier, under_way))
    return step_page.show(
        request,
        classifier,
        code="train",
        template="train.html",
        standing=standing,
        bars=step_page.label_bars(classifier.labels.all(), standing=standing),
        good_count=step_page.GOOD_COUNT,
        versions=_ended(classifier),
        may_train=request.user.has_perm(_ADD),
        **running,
    )


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
    StepUrl("train/<int:version_id>/progress/", show_progress, "train_progress"),
    StepUrl("train/<int:version_id>/cancel/", cancel, "train_cancel", get=None, post=_ADD),
)
