"""The next text for a person: `POST /classifiers/{key}/queues/{code}/next`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.people import read_annotator
from annotation.models import QueueCode
from annotation.services import readings, submissions, turns
from annotation.services.turns import Turn
from classifiers.api import example_fields, parameters
from classifiers.api.example_fields import LabelReader
from classifiers.api.lookups import get_classifier, not_found
from classifiers.models import Classifier, Example, Label
from moderation import api_fields
from moderation.models import Scope

_FIELDS = ("annotator", "holding", "near", "label")
# As many as a screen may have fetched ahead.
_MOST_HELD = 10
_ID_DIGITS = 18


class NextView(APIView):
    """Give a person the next text of a queue, and hold it for them for some minutes.

    `holding` lists the ids that the person has already: they are held on. `near` is the id of a text, for the queue
    `near`; `label` one of the labels, for the queue `label`.
    """

    scope = Scope.WRITE

    def post(self, request: Request, key: str, code: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key)
        queue = read_queue(code)
        api_fields.refuse_unknown(body, known=_FIELDS)
        now = timezone.now()
        asking = {
            "user_id": read_annotator(body).pk,
            "queue": queue,
            "now": now,
            "near_id": _read_near(body, queue=queue, classifier=classifier),
            "label_number": _read_label_number(body, queue=queue, classifier=classifier),
        }
        turn = turns.take(classifier.pk, holding=_read_holding(body), **asking)
        if turn is None:
            return Response({"example": None, "why": turns.end_of(classifier.pk, **asking)})
        return Response(described(classifier, turn, now=now))


def read_queue(code: str) -> QueueCode:
    """Return the queue with this code, which is in small letters. Raises Refused (404)."""
    for queue in QueueCode:
        if queue.lower() == code:
            return queue
    raise not_found()


def read_example_id(value: object, *, field: str) -> int:
    """Return the id in a field. Raises Refused (400) for what can be none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _ID_DIGITS:
        return int(value)
    raise parameters.bad(field, 'Send the id of an example as it was given, such as "12".', code="not_an_id")


def described(classifier: Classifier, turn: Turn, *, now: dt.datetime) -> dict[str, Any]:
    """Return the JSON object of a text before a person: itself, why it is this one, and what label it looks like.

    Units: `similarity` is 0 to 1, of this text to each label; it isn't the classifier's performance.
    """
    reading = readings.read(classifier, turn.example, now=now)
    return {
        "example": example_fields.described(turn.example),
        "text_mark": submissions.mark_of(turn.example.text),
        "why": turn.why,
        "held_until": turn.until_at,
        "preselected": _named(reading.preselected),
        "estimated_from": reading.source,
        "labels": [
            {**(_named(row.label) or {}), "similarity": round(row.score, 6), "words": row.words} for row in reading.rows
        ],
    }


def _named(label: Label | None) -> dict[str, Any] | None:
    return None if label is None else {"number": label.number, "name": label.name}


def _read_holding(body: Mapping[str, Any]) -> Collection[int]:
    held = body.get("holding") or []
    if not isinstance(held, list) or len(held) > _MOST_HELD:
        message = f"Send a list of at most {_MOST_HELD} ids of examples."
        raise parameters.bad("holding", message, code="not_a_list_of_ids")
    return [read_example_id(value, field="holding") for value in held]


def _read_near(body: Mapping[str, Any], *, queue: QueueCode, classifier: Classifier) -> int | None:
    if queue != QueueCode.NEAR:
        return None
    near_id = read_example_id(body.get("near"), field="near")
    if not Example.objects.filter(pk=near_id, classifier=classifier).exists():
        raise parameters.bad("near", "This classifier has no such example.", code="unknown_example")
    return near_id


def _read_label_number(body: Mapping[str, Any], *, queue: QueueCode, classifier: Classifier) -> int | None:
    if queue != QueueCode.LABEL:
        return None
    label = LabelReader(classifier).read_field(body)
    if label is None:
        raise parameters.bad("label", "Send the label near which the texts shall lie.", code="required")
    return label.number
