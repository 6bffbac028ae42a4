"""What can be done to many examples of the list at once: another label for them, set them aside, or out with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from classifiers.admin.step_page import log, read_id
from classifiers.models import Classifier, Example, Label
from classifiers.services import example_sets, golden
from classifiers.services.decisions import ForeignLabel
from classifiers.services.steps import counted

_TEMPLATE = "admin/classifiers/example/bulk.html"
# What one request does within seconds; beyond it the page asks for narrower filters.
MOST_AT_ONCE = 10_000
# What is done to the ids of a classifier's examples; and the action of the list that does it.
_Doing = Callable[[HttpRequest, Classifier, list[int]], None]
_Action = Callable[[Any, HttpRequest, QuerySet[Example]], HttpResponse | None]
_TICKED, _FILTERED = "ticked", "filtered"


@dataclass(frozen=True)
class Scope:
    """What an action is for: the ticked rows, or all that the list shows on its pages with these filters."""

    ticked: list[int]
    filtered: list[int]

    @property
    def is_filtered_offered(self) -> bool:
        return len(self.ticked) < len(self.filtered) <= MOST_AT_ONCE

    def ids(self, chosen: str | None) -> list[int]:
        """Return the ids of what was chosen."""
        return self.filtered if chosen == _FILTERED and self.is_filtered_offered else self.ticked


@dataclass(frozen=True)
class _Question:
    """What is asked before an action is done, and what the button says that does it."""

    title: str
    lead: str
    button: str
    asks_label: bool = False


_RELABEL = _Question(
    title="Give a label",
    lead="It counts as your own decision. Each example keeps its history, where it can be undone.",
    button="Give the label",
    asks_label=True,
)
_REMOVE = _Question(
    title="Delete examples",
    lead="Deleted examples are gone, with all that was decided about them. Versions that were trained on them stay as "
    "they are.",
    button="Delete them",
)
_SET_ASIDE = _Question(
    title="Set aside as golden",
    lead="Versions that are trained from now on are measured on them and never learn from them. Only examples with a "
    "confirmed label can be set aside.",
    button="Set them aside",
)
_GIVE_BACK = _Question(
    title="Give back to training",
    lead="The next training learns from them again. What has been learnt from can't be measured on any more.",
    button="Give them back",
)


def _once_asked(question: _Question) -> Callable[[_Doing], _Action]:
    """Make an action of what is done to the chosen examples: the question is asked first."""

    def make(do: _Doing) -> _Action:
        @wraps(do)
        def action(model_admin: Any, request: HttpRequest, queryset: QuerySet[Example]) -> HttpResponse | None:
            classifier = _only_classifier(request, queryset)
            if classifier is None:
                return None
            scope = _scope(model_admin, request, queryset, classifier=classifier)
            if "apply" not in request.POST:
                return _ask(model_admin, request, scope=scope, classifier=classifier, question=question)
            do(request, classifier, scope.ids(request.POST.get("scope")))
            return None

        return action

    return make


@admin.action(description="Give them a label …", permissions=["change"])
@_once_asked(_RELABEL)
def relabel(request: HttpRequest, classifier: Classifier, ids: list[int]) -> None:
    """Give the label that was chosen."""
    label = Label.objects.filter(classifier=classifier, pk=read_id(request.POST.get("label"))).first()
    if label is None and request.POST.get("label") != "none":
        messages.error(request, "Choose a label.")
        return
    try:
        changed = example_sets.relabel(ids, label_id=None if label is None else label.pk, by=request.user)
    except ForeignLabel as error:
        messages.error(request, str(error))
        return
    name = "no label" if label is None else f"“{label}”"
    log(request, classifier, f"Gave {counted(changed, 'example')} {name}.")
    messages.success(request, f"{counted(changed, 'example')} now with {name}.")


@admin.action(description="Set aside as golden …", permissions=["change"])
@_once_asked(_SET_ASIDE)
def set_aside_as_golden(request: HttpRequest, classifier: Classifier, ids: list[int]) -> None:
    """Set them aside to be measured on."""
    changed = golden.set_aside(classifier.pk, ids=ids)
    log(request, classifier, f"Set {counted(changed, 'example')} aside as golden.")
    messages.success(request, f"{counted(changed, 'example')} set aside. It counts from the next training on.")
    if changed < len(ids):
        left = f"{len(ids) - changed:,} stay as they are"
        messages.info(request, f"{left}: they have no confirmed label, or were set aside before.")


@admin.action(description="Give back to training …", permissions=["change"])
@_once_asked(_GIVE_BACK)
def give_back_to_training(request: HttpRequest, classifier: Classifier, ids: list[int]) -> None:
    """Let them be learnt from again."""
    changed = golden.give_back(classifier.pk, ids=ids)
    log(request, classifier, f"Gave {counted(changed, 'golden example')} back to training.")
    messages.success(request, f"{counted(changed, 'example')} given back. The next training learns from them.")


@admin.action(description="Delete them …", permissions=["delete"])
@_once_asked(_REMOVE)
def remove(request: HttpRequest, classifier: Classifier, ids: list[int]) -> None:
    """Delete them."""
    deleted = example_sets.delete(ids)
    log(request, classifier, f"Deleted {counted(deleted, 'example')}.")
    messages.success(request, f"{counted(deleted, 'example')} deleted.")


def _only_classifier(request: HttpRequest, queryset: QuerySet[Example]) -> Classifier | None:
    """Return the classifier of the examples; where they are several's, say so and return None."""
    ids = set(queryset.order_by().values_list("classifier_id", flat=True)[:MOST_AT_ONCE])
    if len(ids) == 1:
        return Classifier.objects.get(pk=ids.pop())
    messages.error(request, "These belong to several classifiers. Choose one in the filters first.")
    return None


def _scope(model_admin: Any, request: HttpRequest, queryset: QuerySet[Example], *, classifier: Classifier) -> Scope:
    ticked = list(queryset.order_by().values_list("pk", flat=True)[:MOST_AT_ONCE])
    shown = model_admin.get_changelist_instance(request).get_queryset(request)
    filtered = shown.order_by().filter(classifier=classifier).values_list("pk", flat=True)[: MOST_AT_ONCE + 1]
    return Scope(ticked=ticked, filtered=list(filtered))


def _ask(
    model_admin: Any, request: HttpRequest, *, scope: Scope, classifier: Classifier, question: _Question
) -> HttpResponse:
    return TemplateResponse(
        request,
        _TEMPLATE,
        {
            **admin.site.each_context(request),
            "opts": model_admin.model._meta,
            "title": question.title,
            "question": question,
            "scope": scope,
            "most": MOST_AT_ONCE,
            "is_too_many": len(scope.filtered) > MOST_AT_ONCE,
            "labels": classifier.labels.all(),
            "action": request.POST.get("action", ""),
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "back_url": request.get_full_path(),
        },
    )
