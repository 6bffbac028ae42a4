"""Many examples at once: `GET /classifiers/{key}/examples`, page by page, and `POST`, up to 1,000 of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifiers.api import example_fields, parameters
from classifiers.api.example_fields import LabelReader
from classifiers.api.lookups import get_classifier
from classifiers.importing.texts import shown
from classifiers.models import ExampleOrigin, ExampleState, Label
from classifiers.services import example_batches, example_lists
from classifiers.services.decisions import ForeignLabel
from classifiers.services.example_batches import Draft, Outcome, Status
from classifiers.services.example_lists import Choice, NoSuchLabel
from moderation import api_fields
from moderation.api_errors import Issue
from moderation.api_exceptions import Refused
from moderation.models import Scope
from moderation.strict_json import MISSING, text_problem

BATCH_LIMIT = 1_000
CHOICE = ("label", "state", "origin")
_WITHOUT_LABEL = "none"


class ExamplesView(APIView):
    """The examples of one classifier."""

    scope = Scope.READ
    change_scope = Scope.WRITE

    def get(self, request: Request, key: str) -> Response:
        given = parameters.read(request, known=(*CHOICE, *parameters.PAGE))
        choice, cursor, limit = read_choice(given), parameters.read_cursor(given), parameters.read_limit(given)
        classifier = get_classifier(request.auth, key)
        try:
            page = example_lists.page(classifier.pk, choice=choice, cursor=cursor, limit=limit)
        except NoSuchLabel as error:
            raise parameters.bad("label", str(error), code="unknown_label") from error
        return Response(
            {
                "examples": [example_fields.described(example) for example in page.examples],
                "next_cursor": None if page.next_cursor is None else str(page.next_cursor),
            }
        )

    def post(self, request: Request, key: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key)
        api_fields.refuse_unknown(body, known=("examples",))
        labels = LabelReader(classifier)
        read = [_read_item(item, labels=labels) for item in _read_items(body)]
        try:
            outcomes = example_batches.receive(
                classifier.pk,
                drafts=[item for item in read if isinstance(item, Draft)],
                reason=example_fields.reason(request.auth),
            )
        except ForeignLabel as error:
            raise Refused(409, "One of the labels was removed meanwhile. Ask for the labels again.") from error
        return Response(_answer(read, outcomes=outcomes))


def read_choice(given: Mapping[str, str]) -> Choice:
    """Return which examples the parameters ask for. Raises Refused (400)."""
    state = parameters.read_choice(given, "state", choices=ExampleState.values)
    origin = parameters.read_choice(given, "origin", choices=ExampleOrigin.values)
    is_without_label = given.get("label") == _WITHOUT_LABEL
    has_number = "label" in given and not is_without_label
    return Choice(
        label_number=parameters.read_number(given, "label") if has_number else None,
        is_without_label=is_without_label,
        state=None if state is None else ExampleState(state),
        origin=None if origin is None else ExampleOrigin(origin),
    )


def _read_items(body: Mapping[str, Any]) -> list[object]:
    items = body.get("examples")
    if not isinstance(items, list) or not items:
        message = f"Send a list of 1 to {BATCH_LIMIT:,} examples."
        raise parameters.bad("examples", message, code="not_a_list_of_examples")
    if len(items) > BATCH_LIMIT:
        message = f"There are {len(items):,} examples; the limit is {BATCH_LIMIT:,}. Send them in parts."
        raise Refused(413, message, issues=(Issue(field="examples", message=message, code="too_many"),))
    return items


def _read_item(item: object, *, labels: LabelReader) -> Draft | Issue:
    if not isinstance(item, dict):
        return Issue(field=None, message='Send an object such as {"text": "hello", "label": 0}.', code="not_an_object")
    unknown = sorted(set(item) - {"text", "label"})
    if unknown:
        name = shown(unknown[0], limit=60)
        return Issue(field=name, message="There is no such field; there are label, text.", code="unknown_field")
    text = item.get("text", MISSING)
    if problem := text_problem(text):
        return Issue(field="text", message=problem.message, code=problem.code)
    label: Label | Issue | None = labels.read(item.get("label"))
    return label if isinstance(label, Issue) else Draft(text=str(text), label=label)


def _answer(read: Sequence[Draft | Issue], *, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the JSON object: what became of each item, in their order, and the sums."""
    waiting = iter(outcomes)
    results = [_refused(item) if isinstance(item, Issue) else _result(next(waiting)) for item in read]
    sums = Counter(result["status"] for result in results)
    return {
        "results": results,
        "added": sums[Status.ADDED.value],
        "duplicates": sums[Status.DUPLICATE.value],
        "conflicts": sums[Status.CONFLICT.value],
        "refused": sums[Status.REFUSED.value],
    }


def _refused(issue: Issue) -> dict[str, Any]:
    field = {} if issue.field is None else {"field": issue.field}
    return {"status": Status.REFUSED.value, "id": None, "reason": issue.message, "code": issue.code} | field


def _result(outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = {
        "status": outcome.status.value,
        "id": None if outcome.example_id is None else str(outcome.example_id),
    }
    if outcome.reason:
        result["reason"] = outcome.reason
    return result | ({"code": "bad_text", "field": "text"} if outcome.status == Status.REFUSED else {})
