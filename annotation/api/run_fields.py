"""Automated annotation in JSON: how a choice of texts is read, and how plans, runs and annotations are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from rest_framework.request import Request

from annotation.models import Annotation, AnnotationRun, Pick
from annotation.services.picking import DEFAULT_FIRST
from annotation.services.plans import Plan
from classifiers.api import parameters
from classifiers.models import Classifier
from moderation import api_fields

_FIELDS = ("pick", "repeats", "wanted")
_MOST = 200_000
_USEFUL = 200
_ID_DIGITS = 18


@dataclass(frozen=True)
class Choice:
    """Which texts a run shall annotate."""

    pick: Pick
    wanted: int
    repeats: AnnotationRun | None


def read_choice(body: Mapping[str, Any], *, classifier: Classifier) -> Choice:
    """Return which texts the body asks for. Raises Refused (400)."""
    api_fields.refuse_unknown(body, known=_FIELDS)
    names = [pick.lower() for pick in Pick]
    name = body.get("pick", Pick.FIRST.lower())
    if name not in names:
        raise parameters.bad("pick", f"Choose one of {', '.join(names)}.", code="not_a_choice")
    pick = Pick(name.upper())
    wanted = body.get("wanted")
    if wanted is None:
        wanted = DEFAULT_FIRST if pick == Pick.FIRST else _USEFUL
    if not isinstance(wanted, int) or isinstance(wanted, bool) or not 1 <= wanted <= _MOST:
        raise parameters.bad("wanted", f"Send a whole number from 1 to {_MOST:,}.", code="not_a_number")
    return Choice(pick=pick, wanted=wanted, repeats=_read_repeats(body, pick=pick, classifier=classifier))


def _read_repeats(body: Mapping[str, Any], *, pick: Pick, classifier: Classifier) -> AnnotationRun | None:
    value = body.get("repeats")
    if pick != Pick.AGAIN:
        if value is not None:
            raise parameters.bad("repeats", "Only the pick again repeats a run.", code="not_allowed")
        return None
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _ID_DIGITS):
        raise parameters.bad(
            "repeats", 'Send the id of an earlier run as it was given, such as "12".', code="not_an_id"
        )
    run = classifier.annotation_runs.filter(pk=int(value)).first()
    if run is None:
        raise parameters.bad("repeats", "This classifier has no such run.", code="unknown_run")
    return run


def run_described(run: AnnotationRun, *, request: Request) -> dict[str, Any]:
    """Return the JSON object of a run whose wording was fetched with it."""
    key = request.parser_context["kwargs"]["key"]
    return {
        "id": str(run.pk),
        "url": reverse(f"{request.resolver_match.namespace}:annotation-run", kwargs={"key": key, "id": run.pk}),
        "state": run.state.lower(),
        "progress": round(run.progress, 3),
        "step": run.step,
        "error": run.error,
        "annotator": run.annotator.lower(),
        "model": run.model or None,
        "pick": run.pick.lower(),
        "repeats": None if run.repeats_id is None else str(run.repeats_id),
        "wording": run.guidelines.number,
        "texts": run.text_count,
        "labelled": run.annotated,
        "shared": run.shared,
        "not_annotated": run.refused,
        "calls": run.calls,
        "prompt_tokens": run.prompt_tokens,
        "completion_tokens": run.completion_tokens,
        "cost": str(run.cost),
        "created_at": run.created_at,
        "finished_at": run.finished_at,
    }


def plan_described(plan: Plan) -> dict[str, Any]:
    """Return the JSON object of a plan. Costs are in the currency of the price table."""
    return {
        "annotator": plan.annotator.lower(),
        "model": plan.model or None,
        "texts": plan.text_count,
        "shared": plan.shared_count,
        "calls": plan.call_count,
        "prompt_tokens": plan.prompt_tokens,
        "completion_tokens": plan.completion_tokens,
        "cost": None if plan.cost is None else str(plan.cost),
        "seconds": round(plan.seconds, 1),
        "allowance_left": plan.allowance_left,
        "problems": list(plan.problems),
    }


def annotation_described(annotation: Annotation) -> dict[str, Any]:
    """Return the JSON object of an annotation whose example and label were fetched with it."""
    label = annotation.label
    return {
        "id": str(annotation.pk),
        "example": str(annotation.example_id),
        "text": annotation.example.text,
        "state": annotation.state.lower(),
        "label": None if label is None else {"number": label.number, "name": label.name},
        "confidence": annotation.confidence,
        "reason": annotation.reason,
        "problem": annotation.problem,
        "is_shared": annotation.same_as_id is not None,
    }
