"""Step 5, Review: how good a version is, where it errs, and what it says to a text of one's own."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from classifiers.admin import curves, golden, next_steps, recipes, scores, step_page, verdicts
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier, HeldOut, Version
from classifiers.services import mistakes, trials, versions
from classifiers.services.trials import NotTried
from classifiers.services.versions import NotPromotable
from moderation.runs import RunState

_PROMOTE = "classifiers.change_version"
_VERSIONS_SHOWN = 20


@dataclass(frozen=True)
class Mistake:
    """A held-out example that the version got wrong, with the names of that time."""

    held_out: HeldOut
    actual: str
    predicted: str

    @property
    def percent(self) -> int:
        return scores.percent(self.held_out.score)

    @property
    def is_relabelled(self) -> bool:
        label = self.held_out.example.label
        return label is None or label.number != self.held_out.label_number


@dataclass(frozen=True)
class Answer:
    """What the live version said to the text in the try box. `bars`: label, score, percent."""

    label: str
    percent: int
    bars: tuple[tuple[str, float, int], ...]


def show_review(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show a version's scores and mistakes; on POST also try the text that was typed."""
    version = _chosen(classifier, request.GET.get("version"))
    tried = {"text": "", "problem": "", "answer": None}
    if request.method == "POST":
        tried = _try(classifier, text=request.POST.get("text", ""))
    if version is None:
        return step_page.show(request, classifier, code="review", template="review.html", tried=tried)
    return step_page.show(
        request,
        classifier,
        code="review",
        template="review.html",
        version=version,
        is_live=version.pk == classifier.live_version_id,
        **_how_good(version, classifier),
        **_where_it_errs(version, confused=_confusion(version, request)),
        facts=recipes.facts(version),
        dropped=recipes.dropped(version),
        versions=_done(classifier).select_related("requested_by")[:_VERSIONS_SHOWN],
        may_promote=request.user.has_perm(_PROMOTE),
        tried=tried,
    )


def promote(request: HttpRequest, classifier: Classifier, version_id: int) -> HttpResponse:
    """Make a version the live one."""
    version = get_object_or_404(Version, classifier=classifier, pk=version_id)
    try:
        versions.promote(version.pk)
    except NotPromotable as error:
        messages.error(request, str(error))
    else:
        step_page.log(request, classifier, f"Made version {version.number} live.")
        messages.success(request, f"Version {version.number} answers from now on.")
    return step_page.go(classifier, "review")


def _how_good(version: Version, classifier: Classifier) -> dict[str, object]:
    labels = list(classifier.labels.all())
    return {
        "how_measured": scores.how_measured(version),
        "interval": verdicts.interval(version.scores.get("interval")),
        "bars": verdicts.bars(version),
        "order": verdicts.order(version),
        "calibration": verdicts.calibration(version),
        "golden": golden.golden_card(version, classifier),
        "next_steps": next_steps.of(version, label_ids={label.number: label.pk for label in labels}),
        "rows": scores.label_rows(version, colors={label.number: label.color for label in labels}),
        "curve": curves.draw(version),
    }


def _where_it_errs(version: Version, *, confused: tuple[int, int] | None) -> dict[str, object]:
    names = scores.names(version)
    return {
        "matrix": scores.confusion(version),
        "pairs": scores.confused_pairs(version),
        "most_in_matrix": scores.MOST_IN_MATRIX,
        "confused": confused,
        "confused_names": [names.get(number, f"label {number}") for number in confused or ()],
        "mistake_count": mistakes.count(version),
        "mistakes": [
            Mistake(
                held_out=held_out,
                actual=names.get(held_out.label_number, ""),
                predicted=names.get(held_out.predicted_number, ""),
            )
            for held_out in _mistakes(version, confused)
        ],
        "shown": mistakes.SHOWN,
    }


def _done(classifier: Classifier):  # type: ignore[no-untyped-def]
    return classifier.versions.filter(state=RunState.SUCCEEDED).order_by("-number")


def _chosen(classifier: Classifier, number: str | None) -> Version | None:
    """Return the version asked for, else the live one, else the newest that is done."""
    if number and number.isascii() and number.isdecimal() and len(number) < 9:
        return get_object_or_404(_done(classifier), number=int(number))
    return classifier.live_version or _done(classifier).first()


def _confusion(version: Version, request: HttpRequest) -> tuple[int, int] | None:
    known = {str(label["number"]): label["number"] for label in version.labels}
    actual, predicted = (known.get(request.GET.get(name, "")) for name in ("actual", "predicted"))
    return None if actual is None or predicted is None else (actual, predicted)


def _mistakes(version: Version, confused: tuple[int, int] | None) -> list[HeldOut]:
    if confused is None:
        return mistakes.surest(version)
    return mistakes.surest(version, actual=confused[0], predicted=confused[1])


def _try(classifier: Classifier, *, text: str) -> dict[str, object]:
    try:
        finding = trials.predict(classifier, text=text)
    except NotTried as error:
        return {"text": text, "problem": str(error), "answer": None}
    bars = tuple((name, score, scores.percent(score)) for name, score in scores.best_first(finding.label_scores or {}))
    answer = Answer(label=finding.label or "", percent=scores.percent(finding.score or 0.0), bars=bars)
    return {"text": text, "problem": "", "answer": answer}


URLS = (
    StepUrl("review/", show_review, "review", post=step_page.VIEW),
    StepUrl("review/<int:version_id>/promote/", promote, "promote", get=None, post=_PROMOTE),
)
