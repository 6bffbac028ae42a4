"""The labels of a classifier: look, add, change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifiers.api import parameters
from classifiers.api.lookups import get_classifier, not_found, read_id
from classifiers.models import Label
from classifiers.services import labels
from classifiers.services.labels import BadLabels, LabelsLocked
from moderation import api_fields
from moderation.api_exceptions import Refused
from moderation.models import Scope

_FIELDS = ("name", "description", "color")
# As the form on the screen takes them; the service says what is wrong with a shorter one.
_NAME_CHARS = 200
_DESCRIPTION_CHARS = 4_000
_COLOR_CHARS = 20


class LabelsView(APIView):
    """`GET /classifiers/{key}/labels`: all labels by number. `POST`: add one, until the first training."""

    scope = Scope.READ
    change_scope = Scope.WRITE

    def get(self, request: Request, key: str) -> Response:
        parameters.read(request)
        classifier = get_classifier(request.auth, key)
        found = [described(label) for label in classifier.labels.all()]
        return Response({"labels": found, "is_locked": classifier.has_locked_labels})

    def post(self, request: Request, key: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key)
        api_fields.refuse_unknown(body, known=_FIELDS)
        values = {"name": api_fields.read_text(body, "name", max_chars=_NAME_CHARS)} | _optional(body)
        try:
            label = labels.add(classifier.pk, **values)
        except BadLabels as error:
            raise _refused(error) from error
        return Response(described(label), status=201)


class LabelView(APIView):
    """`PATCH /classifiers/{key}/labels/{number}`: describe a label better; before the first training rename it."""

    scope = Scope.READ
    change_scope = Scope.WRITE

    def get(self, request: Request, key: str, number: str) -> Response:
        parameters.read(request)
        label = get_classifier(request.auth, key).labels.filter(number=read_id(number)).first()
        if label is None:
            raise not_found()
        return Response(described(label))

    def patch(self, request: Request, key: str, number: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key)
        api_fields.refuse_unknown(body, known=_FIELDS)
        values = _optional(body)
        if "name" in body:
            values["name"] = api_fields.read_text(body, "name", max_chars=_NAME_CHARS)
        try:
            label = labels.change(classifier.pk, read_id(number), **values)
        except BadLabels as error:
            raise _refused(error) from error
        except Label.DoesNotExist as error:
            raise not_found() from error
        return Response(described(label))


def described(label: Label) -> dict[str, Any]:
    """Return the JSON object of a label."""
    return {
        "number": label.number,
        "name": label.name,
        "description": label.description,
        "color": label.color,
    }


def _optional(body: Mapping[str, Any]) -> dict[str, str]:
    values = {}
    if "description" in body:
        values["description"] = api_fields.read_optional_text(body, "description", max_chars=_DESCRIPTION_CHARS)
    if "color" in body:
        values["color"] = api_fields.read_text(body, "color", max_chars=_COLOR_CHARS)
    return values


def _refused(error: BadLabels) -> Refused:
    return Refused(409 if isinstance(error, LabelsLocked) else 400, str(error))
