"""The golden set: what is set aside to be measured on, a balanced proposal for it, and what versions scored on it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode

from classifiers.admin import step_page
from classifiers.admin.scores import percent
from classifiers.admin.step_page import StepUrl, read_id
from classifiers.models import Classifier, Example, Label, Version
from classifiers.services import golden, near_duplicates, steps
from classifiers.services.golden import BadWish, Proposal
from classifiers.services.steps import Standing, counted

_CHANGE = "classifiers.change_example"
# A person looks through so many at most; more of them are set aside without having been shown.
_SHOWN = 300
# What a proposal may be drawn by: a number that fits into its address.
_SEEDS = 10**6


@dataclass(frozen=True)
class Row:
    """A label with how many confirmed examples it has, how many of them are golden, and how many more are proposed."""

    label: Label
    confirmed: int
    golden: int
    proposed: int


@dataclass(frozen=True)
class Draw:
    """A proposal with the first of its texts. `others_url` leads to another draw."""

    proposal: Proposal
    examples: Sequence[Example]
    others_url: str

    @property
    def ids(self) -> str:
        return ",".join(map(str, self.proposal.ids))

    @property
    def hidden_count(self) -> int:
        return len(self.proposal.ids) - len(self.examples)


@dataclass(frozen=True)
class LabelScores:
    """One label's scores on the golden set. Units: shares in [0, 1]; `support` counts its golden examples."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def show_golden(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show what is set aside, and a proposal where one is asked for by `per_label` and `seed`."""
    may_change = request.user.has_perm(_CHANGE)
    wish, problem, draw = request.GET.get("per_label"), "", None
    if wish is not None and may_change:
        try:
            draw = _draw(classifier, per_label=_read_number(wish), seed=read_id(request.GET.get("seed")))
        except BadWish as error:
            problem = str(error)
    standing = steps.measure(classifier)
    return step_page.show(
        request,
        classifier,
        code="review",
        template="golden.html",
        standing=standing,
        title=f"Golden set · {classifier}",
        rows=_rows(classifier, standing=standing, draw=draw),
        draw=draw,
        problem=problem,
        per_label=golden.DEFAULT_PER_LABEL if wish is None else wish[:10],
        most_per_label=golden.MOST_PER_LABEL,
        one_in=golden.ONE_IN,
        seed=secrets.randbelow(_SEEDS),
        page=golden.page(classifier.pk, number=max(1, read_id(request.GET.get("page")))),
        is_searched=near_duplicates.find_last(classifier.pk) is not None,
        may_change=may_change,
    )


def set_aside(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Set the proposed examples aside, but for those that were ticked to be left out."""
    left_out = {read_id(value) for value in request.POST.getlist("leave_out")}
    ids = [pk for pk in _read_ids(request.POST.get("ids", "")) if pk not in left_out]
    changed = golden.set_aside(classifier.pk, ids=ids)
    if not changed:
        messages.info(request, "Nothing was set aside: these examples are golden already, or have lost their label.")
        return step_page.go(classifier, "golden")
    step_page.log(request, classifier, f"Set {counted(changed, 'example')} aside as golden.")
    messages.success(request, f"{counted(changed, 'example')} set aside. It counts from the next training on.")
    return step_page.go(classifier, "golden")


def give_back(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Let the ticked examples, or with `all` every one of them, be learnt from again."""
    is_all = "all" in request.POST
    ids = [read_id(value) for value in request.POST.getlist("example")]
    if not is_all and not ids:
        messages.error(request, "Tick the examples first that are to be given back.")
        return _back(request, classifier)
    changed = golden.give_all_back(classifier.pk) if is_all else golden.give_back(classifier.pk, ids=ids)
    if changed:
        step_page.log(request, classifier, f"Gave {counted(changed, 'golden example')} back to training.")
    messages.success(request, f"{counted(changed, 'example')} given back. The next training learns from them.")
    return _back(request, classifier)


def golden_card(version: Version, classifier: Classifier) -> dict[str, Any]:
    """Return what the review page shows of the golden set: the version's figures on it, else what to do to get them.

    `scores` is None where the version was measured on none; `now_count` is how many examples are golden at this moment.
    """
    scores = version.scores.get("golden")
    return {
        "scores": scores,
        "accuracy_percent": percent(scores["accuracy"]) if scores else None,
        "labels": [
            LabelScores(
                name=row["name"],
                precision=row["precision"],
                recall=row["recall"],
                f1=row["f1"],
                support=row["support"],
            )
            for row in (scores or {}).get("labels", ())
        ],
        "now_count": sum(golden.count_by_label(classifier.pk).values()),
        "url": step_page.url(classifier, "golden"),
    }


def _draw(classifier: Classifier, *, per_label: int, seed: int) -> Draw:
    proposal = golden.propose(classifier.pk, per_label=per_label, rng=np.random.default_rng(seed))
    found = Example.objects.select_related("label").in_bulk(list(proposal.ids[:_SHOWN]))
    others = urlencode({"per_label": per_label, "seed": secrets.randbelow(_SEEDS)})
    return Draw(
        proposal=proposal,
        examples=[found[pk] for pk in proposal.ids[:_SHOWN] if pk in found],
        others_url=f"{step_page.url(classifier, 'golden')}?{others}",
    )


def _rows(classifier: Classifier, *, standing: Standing, draw: Draw | None) -> list[Row]:
    given = {} if draw is None else draw.proposal.given
    return [
        Row(
            label=label,
            confirmed=standing.counts.get(label.pk, 0) - standing.suggested.get(label.pk, 0),
            golden=standing.golden.get(label.pk, 0),
            proposed=given.get(label.pk, 0),
        )
        for label in classifier.labels.all()
    ]


def _back(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    query = urlencode({"page": max(1, read_id(request.POST.get("page")))})
    return HttpResponseRedirect(f"{step_page.url(classifier, 'golden')}?{query}#golden")


def _read_ids(value: str) -> list[int]:
    """Return the ids in a list with commas; what is no id is left out."""
    return [pk for part in value.split(",") if (pk := read_id(part))]


def _read_number(value: str) -> int:
    """Return the number that was typed, or 0, which is refused, where it is none."""
    return read_id(value.strip())


URLS = (
    StepUrl("golden/", show_golden, "golden"),
    StepUrl("golden/set-aside/", set_aside, "golden_set_aside", get=None, post=_CHANGE),
    StepUrl("golden/give-back/", give_back, "golden_give_back", get=None, post=_CHANGE),
)
