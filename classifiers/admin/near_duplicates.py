"""Near-duplicates: groups of examples that say nearly the same, to be settled one by one."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.http import urlencode
from unfold.widgets import UnfoldAdminSelectWidget

from classifiers.admin import progress, step_page
from classifiers.admin.step_page import StepUrl, read_id
from classifiers.models import Classifier, NearDuplicateRun
from classifiers.services import near_duplicates
from classifiers.services.decisions import ForeignLabel
from classifiers.services.near_duplicates import GroupGone, NotSearchable
from classifiers.services.steps import counted
from moderation import runs

_CHANGE = "classifiers.change_example"
_DELETE = "classifiers.delete_example"
_DEFAULT = 95


class ThresholdForm(forms.Form):
    """How alike two texts must be."""

    percent = forms.TypedChoiceField(
        coerce=int,
        label="Alike from",
        choices=[
            (percent, f"{percent / 100:.2f}{': nearly word for word' if percent == 99 else ''}")
            for percent in range(90, 100)
        ],
        widget=UnfoldAdminSelectWidget,
    )


def show_groups(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show the groups that the last search found; on POST start a search."""
    if request.method == "POST":
        return _start(request, classifier)
    under_way = near_duplicates.find_open(classifier.pk)
    found = near_duplicates.find_last(classifier.pk)
    number = max(1, read_id(request.GET.get("page")))
    running = {} if under_way is None else progress.context(under_way, **_addresses(request, classifier, under_way))
    return step_page.show(
        request,
        classifier,
        code="data",
        template="near_duplicates.html",
        found=found,
        page=None if found is None else near_duplicates.page(found, number=number),
        number=number,
        labels=classifier.labels.all(),
        threshold_form=ThresholdForm(initial={"percent": _DEFAULT if found is None else round(100 * found.threshold)}),
        failed=_failed(classifier, found),
        may_change=request.user.has_perm(_CHANGE),
        may_delete=request.user.has_perm(_DELETE),
        **running,
    )


def show_progress(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Show only how far the search is."""
    run = _run(classifier, run_id)
    return progress.fragment(request, run, **_addresses(request, classifier, run))


def cancel(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Ask a running search to stop."""
    if runs.request_cancel(NearDuplicateRun, _run(classifier, run_id).pk):
        messages.info(request, "The search stops. The groups that were found before stay.")
    return step_page.go(classifier, "near_duplicates")


def keep_one(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Delete all examples of a group but one."""

    def settle(group: int) -> str:
        deleted = near_duplicates.keep_one(run_id, group=group, example_id=read_id(request.POST.get("example")))
        step_page.log(request, classifier, f"Deleted {counted(deleted, 'near-duplicate')}.")
        return f"{counted(deleted, 'near-duplicate')} deleted, one example kept."

    return _settle(request, classifier, run_id=run_id, settle=settle)


def keep_all(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Remember that the examples of a group are all wanted."""

    def settle(group: int) -> str:
        kept = near_duplicates.keep_all(run_id, group=group, by=request.user)
        return f"{counted(kept, 'example')} kept. This group won't be shown again."

    return _settle(request, classifier, run_id=run_id, settle=settle)


def label_all(request: HttpRequest, classifier: Classifier, run_id: int) -> HttpResponse:
    """Give all examples of a group one label."""

    def settle(group: int) -> str:
        label_id = read_id(request.POST.get("label"))
        labelled = near_duplicates.label_all(run_id, group=group, label_id=label_id, by=request.user)
        return f"{counted(labelled, 'example')} labelled."

    return _settle(request, classifier, run_id=run_id, settle=settle)


def _start(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    form = ThresholdForm(request.POST)
    try:
        if not form.is_valid():
            raise NotSearchable("Choose how alike two texts must be.")
        near_duplicates.start(classifier.pk, threshold=form.cleaned_data["percent"] / 100, by=request.user)
    except NotSearchable as error:
        messages.error(request, str(error))
    return step_page.go(classifier, "near_duplicates")


def _settle(request: HttpRequest, classifier: Classifier, *, run_id: int, settle: Callable[[int], str]) -> HttpResponse:
    _run(classifier, run_id)
    try:
        messages.success(request, settle(read_id(request.POST.get("group"))))
    except (GroupGone, ForeignLabel) as error:
        messages.error(request, str(error))
    query = urlencode({"page": max(1, read_id(request.POST.get("page")))})
    return HttpResponseRedirect(f"{step_page.url(classifier, 'near_duplicates')}?{query}")


def _failed(classifier: Classifier, found: NearDuplicateRun | None) -> NearDuplicateRun | None:
    """Return the last search where it failed or was cancelled after the one whose groups are shown."""
    last = classifier.near_duplicate_runs.order_by("-pk").first()
    return None if last is None or last == found or last.is_open else last


def _addresses(request: HttpRequest, classifier: Classifier, run: NearDuplicateRun) -> dict[str, str]:
    may_cancel = request.user.has_perm(_CHANGE)
    return {
        "poll_url": step_page.url(classifier, "near_duplicates_progress", run_id=run.pk),
        "cancel_url": step_page.url(classifier, "near_duplicates_cancel", run_id=run.pk) if may_cancel else "",
    }


def _run(classifier: Classifier, run_id: int) -> NearDuplicateRun:
    return get_object_or_404(NearDuplicateRun, pk=run_id, classifier=classifier)


URLS = (
    StepUrl("data/near-duplicates/", show_groups, "near_duplicates", post=_CHANGE),
    StepUrl("data/near-duplicates/<int:run_id>/progress/", show_progress, "near_duplicates_progress"),
    StepUrl("data/near-duplicates/<int:run_id>/cancel/", cancel, "near_duplicates_cancel", get=None, post=_CHANGE),
    StepUrl("data/near-duplicates/<int:run_id>/keep-one/", keep_one, "near_duplicates_one", get=None, post=_DELETE),
    StepUrl("data/near-duplicates/<int:run_id>/keep-all/", keep_all, "near_duplicates_all", get=None, post=_CHANGE),
    StepUrl("data/near-duplicates/<int:run_id>/label/", label_all, "near_duplicates_label", get=None, post=_CHANGE),
)
