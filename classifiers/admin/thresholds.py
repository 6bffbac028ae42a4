"""Thresholds, below step 5: how sure a version must be of a label, tried on held-out examples and then applied."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from classifiers.admin import scores, step_page, threshold_costs, threshold_figures
from classifiers.admin.step_page import StepUrl
from classifiers.admin.threshold_costs import CostsForm
from classifiers.models import Classifier, Version
from classifiers.services import thresholds
from classifiers.services.thresholds import BadCosts, BadThresholds
from moderation.runs import RunState

_BAD = "A threshold is a number from 0 to 1, such as 0.7."
# What is longer is no number that a person has typed.
_MOST_CHARS = 20


@dataclass(frozen=True)
class Tried:
    """The thresholds that somebody looks at, by label number; `common` is that of the slider for all."""

    shares: Mapping[int, float]
    common: float
    is_each: bool
    of: int | None
    problem: str = ""


@dataclass(frozen=True)
class Slider:
    """One slider: the name of its field, the label that it's for, and where it stands."""

    field: str
    name: str
    value: str


def show_thresholds(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show what thresholds would do; on POST apply those that were sent, and no others."""
    if request.method == "POST":
        return _apply(request, classifier)
    return _page(request, classifier)


def show_figures(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show only the figures of the thresholds in the query, and the button that applies them."""
    version = _chosen(classifier, request.GET.get("version"))
    if version is None:
        raise Http404
    figures = _figures(request, classifier, version, tried=_tried(version, request.GET))
    context = {"classifier": classifier, **figures}
    return TemplateResponse(request, f"{step_page.FOLDER}/_threshold_figures.html", context)


def keep_costs(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Keep what mistakes and reviews cost, and show what follows from it."""
    version = _chosen(classifier, request.POST.get("version"))
    if version is None:
        raise Http404
    form = CostsForm(request.POST, version=version)
    if form.is_valid():
        try:
            thresholds.keep_costs(classifier.pk, form.costs(), known=scores.names(version))
        except BadCosts as error:
            form.add_error(None, str(error))
        else:
            step_page.log(request, classifier, "Changed what a miss, a wrong flag and a review cost.")
            return redirect(f"{_address(classifier, version)}#costs")
    return _page(request, classifier, costs_form=form, chosen=version)


def _page(
    request: HttpRequest,
    classifier: Classifier,
    *,
    costs_form: CostsForm | None = None,
    chosen: Version | None = None,
) -> HttpResponse:
    version = chosen or _chosen(classifier, request.GET.get("version"))
    if version is None:
        return step_page.show(request, classifier, code="review", template="thresholds.html", version=None)
    tried = _tried(version, request.GET)
    names = scores.names(version)
    return step_page.show(
        request,
        classifier,
        code="review",
        template="thresholds.html",
        tried=tried,
        common=Slider(field="all", name="All labels", value=threshold_figures.share_text(tried.common)),
        sliders=[
            Slider(field=f"t{number}", name=name, value=threshold_figures.share_text(tried.shares.get(number, 0.0)))
            for number, name in names.items()
        ],
        labels=names.items(),
        of=tried.of,
        presets=threshold_figures.presets(version),
        now=threshold_figures.said(version, thresholds.by_number(version)),
        **_figures(request, classifier, version, tried=tried),
        **threshold_costs.context(classifier, version, form=costs_form),
    )


def _figures(request: HttpRequest, classifier: Classifier, version: Version, *, tried: Tried) -> dict[str, Any]:
    return {
        "version": version,
        "is_live": version.pk == classifier.live_version_id,
        "may_change": request.user.has_perm(step_page.CHANGE),
        "problem": tried.problem,
        **threshold_figures.context(version, shares=tried.shares, is_each=tried.is_each, of=tried.of),
    }


def _apply(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    version = _chosen(classifier, request.POST.get("version"))
    if version is None:
        raise Http404
    shares, problem = _read_labels(version, request.POST)
    try:
        if problem:
            raise BadThresholds(problem)
        is_changed = thresholds.set_thresholds(version.pk, shares)
    except BadThresholds as error:
        messages.error(request, str(error))
        return redirect(_address(classifier, version))
    setting = threshold_figures.said(version, shares)
    if is_changed:
        step_page.log(request, classifier, f"Thresholds of version {version.number}: {setting}.")
    is_live = version.pk == classifier.live_version_id
    when = "It applies from the next request on." if is_live else f"It applies once version {version.number} is live."
    messages.success(request, f"{setting[0].upper()}{setting[1:]}. {when}")
    return redirect(_address(classifier, version))


def _address(classifier: Classifier, version: Version) -> str:
    page = step_page.url(classifier, "thresholds")
    return page if version.pk == classifier.live_version_id else f"{page}?version={version.number}"


def _chosen(classifier: Classifier, number: str | None) -> Version | None:
    """Return the version asked for, else the live one, else the newest that is done. Raises Http404."""
    done = classifier.versions.filter(state=RunState.SUCCEEDED).order_by("-number")
    if not number:
        return classifier.live_version or done.first()
    found = done.filter(number=step_page.read_id(number)).first()
    if found is None:
        raise Http404
    return found


def _tried(version: Version, query: Mapping[str, str]) -> Tried:
    """Return the thresholds in the query, or, where it has none or bad ones, those that hold now."""
    of = step_page.read_id(query.get("of")) if query.get("of") else None
    now = _holding(version, of=of)
    if "mode" not in query:
        return now
    common, problem = _read(query.get("all", "0"))
    shares, label_problem = _read_labels(version, query)
    is_each = query["mode"] == "each"
    if is_each:
        problem = label_problem
    if problem:
        return Tried(shares=now.shares, common=now.common, is_each=is_each, of=of, problem=problem)
    if not is_each:
        shares = dict.fromkeys(scores.names(version), common)
    return Tried(shares=shares, common=common, is_each=is_each, of=of)


def _holding(version: Version, *, of: int | None) -> Tried:
    shares = thresholds.by_number(version)
    values = {shares.get(number, 0.0) for number in scores.names(version)} or {0.0}
    return Tried(shares=shares, common=max(values), is_each=len(values) > 1, of=of)


def _read_labels(version: Version, fields: Mapping[str, str]) -> tuple[dict[int, float], str]:
    """Return the thresholds of labels that a browser sent, and what is wrong with them."""
    shares = {}
    for number in scores.names(version):
        shares[number], problem = _read(fields.get(f"t{number}", "0"))
        if problem:
            return {}, problem
    return shares, ""


def _read(value: str) -> tuple[float, str]:
    try:
        share = float(value[:_MOST_CHARS].replace(",", "."))
    except ValueError:
        return 0.0, _BAD
    return (share, "") if math.isfinite(share) and 0 <= share <= 1 else (0.0, _BAD)


URLS = (
    StepUrl("thresholds/", show_thresholds, "thresholds", post=step_page.CHANGE),
    StepUrl("thresholds/figures/", show_figures, "threshold_figures"),
    StepUrl("thresholds/costs/", keep_costs, "threshold_costs", get=None, post=step_page.CHANGE),
)
