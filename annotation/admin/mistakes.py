"""Step 3, Annotate: labels that are probably wrong, set right by one key each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from annotation.services import corrections, suspects
from annotation.services.answers import BadAnswer
from annotation.services.corrections import LabelChanged, NothingToUndo
from annotation.services.suspects import Suspect
from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl, read_id
from classifiers.models import Classifier, Example, Label

_CHANGE = "classifiers.change_example"
_SHOWN = 20
# The digits that a keyboard has a key for, without the 0.
_KEYS = 9


@dataclass(frozen=True)
class Choice:
    """Another label to give. `key` is the digit that presses it, empty from the tenth on."""

    label: Label
    key: str


def show_mistakes(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show the labels that are probably wrong, the worst first; on POST do what was pressed for one of them."""
    if request.method == "POST":
        _undo(request, classifier) if "undo" in request.POST else _settle(request, classifier)
        return step_page.go(classifier, "mistakes")
    found = suspects.find(classifier, limit=_SHOWN)
    first = found.suspects[0] if found.suspects else None
    keys = _keys(classifier)
    may_label = request.user.has_perm(_CHANGE)
    return step_page.show(
        request,
        classifier,
        code="annotate",
        template="admin/annotation/mistakes.html",
        first=first,
        likely_key="" if first is None else keys[first.likely.pk],
        choices=[] if first is None else _choices(classifier, first, keys=keys),
        others=found.suspects[1:],
        left=found.total,
        done=corrections.count(classifier),
        gain=corrections.find_gain(classifier),
        last=corrections.find_last(classifier.pk, by=request.user) if may_label else None,
        may_label=may_label,
    )


def _keys(classifier: Classifier) -> dict[int, str]:
    """Return the digit that stands for each label on every screen, by the label's id; "" from the tenth on."""
    places = enumerate(classifier.labels.all(), 1)
    return {label.pk: str(place) if place <= _KEYS else "" for place, label in places}


def _choices(classifier: Classifier, suspect: Suspect, *, keys: Mapping[int, str]) -> list[Choice]:
    """Return the labels beside the suspect's own and the likely one."""
    shown = (suspect.example.label_id, suspect.likely.pk)
    return [Choice(label=label, key=keys[label.pk]) for label in classifier.labels.all() if label.pk not in shown]


def _settle(request: HttpRequest, classifier: Classifier) -> None:
    fields = {name: read_id(request.POST.get(name)) for name in ("example", "label", "shown", "likely")}
    if not Example.objects.filter(pk=fields["example"], classifier=classifier).exists():
        messages.error(request, "This example isn't there any more. Here is what is left to look at.")
        return
    try:
        answer = corrections.settle(
            fields["example"],
            label_id=fields["label"],
            shown_id=fields["shown"],
            likely_id=fields["likely"] or None,
            by=request.user,
            now=timezone.now(),
        )
    except (LabelChanged, BadAnswer) as error:
        messages.error(request, str(error))
        return
    messages.success(request, _said(answer))


def _said(answer: Any) -> str:
    if answer.label_id == answer.former_label_id:
        return f"Kept: it stays “{answer.label}”."
    return f"Fixed: it is “{answer.label}” now."


def _undo(request: HttpRequest, classifier: Classifier) -> None:
    try:
        example = corrections.undo(classifier.pk, by=request.user, now=timezone.now())
    except NothingToUndo as error:
        messages.error(request, str(error))
        return
    messages.success(request, f"Undone: it is “{example.label}” again." if example.label else "Undone.")


URLS = (StepUrl("annotate/mistakes/", show_mistakes, "mistakes", post=_CHANGE),)
