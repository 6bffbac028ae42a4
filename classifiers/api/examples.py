"""One example: look, correct its text, give it another label, set it aside as golden, delete it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifiers.api import example_fields, parameters
from classifiers.api.lookups import get_classifier, not_found, read_id
from classifiers.models import Classifier, DecisionSource, Example
from classifiers.services import decisions, examples, golden
from classifiers.services.decisions import ForeignLabel
from classifiers.services.examples import BadExample, DuplicateExample
from classifiers.services.golden import NotConfirmed
from moderation import api_fields
from moderation.api_errors import Issue
from moderation.api_exceptions import Refused
from moderation.models import Scope

_FIELDS = ("text", "label", "golden")


class ExampleView(APIView):
    """`GET`, `PATCH` and `DELETE /classifiers/{key}/examples/{id}`."""

    scope = Scope.READ
    change_scope = Scope.WRITE

    def get(self, request: Request, key: str, id: str) -> Response:
        parameters.read(request)
        return Response(example_fields.described(_get(get_classifier(request.auth, key), id)))

    def patch(self, request: Request, key: str, id: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key)
        example = _get(classifier, id)
        api_fields.refuse_unknown(body, known=_FIELDS)
        if not body:
            issue = Issue(field=None, message="Send text, label or golden.", code="required")
            raise Refused(400, api_fields.INVALID, issues=(issue,))
        changes: dict[str, Any] = {}
        if "text" in body:
            changes["text"] = api_fields.read_text(body, "text")
        if "label" in body:
            label = example_fields.LabelReader(classifier).read_field(body)
            changes["label_id"] = label and label.pk
        if "golden" in body:
            changes["golden"] = api_fields.read_flag(body, "golden")
        _change(example, changes=changes, reason=example_fields.reason(request.auth))
        return Response(example_fields.described(_get(classifier, id)))

    def delete(self, request: Request, key: str, id: str) -> Response:
        example = _get(get_classifier(request.auth, key), id)
        examples.delete(example.pk)
        return Response(status=204)


def _get(classifier: Classifier, id: str) -> Example:
    found = Example.objects.filter(classifier=classifier, pk=read_id(id)).select_related("label").first()
    if found is None:
        raise not_found()
    return found


def _change(example: Example, *, changes: dict[str, Any], reason: str) -> None:
    try:
        with transaction.atomic():
            if "text" in changes:
                examples.change_text(example.pk, text=changes["text"])
            if "label_id" in changes:
                decisions.decide(example.pk, label_id=changes["label_id"], source=DecisionSource.PERSON, reason=reason)
            if "golden" in changes:
                _mark(example, is_golden=changes["golden"])
    except (DuplicateExample, NotConfirmed) as error:
        raise Refused(409, str(error)) from error
    except BadExample as error:
        raise parameters.bad("text", str(error), code="bad_text") from error
    except (ForeignLabel, Example.DoesNotExist) as error:
        # Removed while the request was read.
        raise not_found() from error


def _mark(example: Example, *, is_golden: bool) -> None:
    if is_golden:
        golden.set_one_aside(example.classifier_id, example_id=example.pk)
    else:
        golden.give_back(example.classifier_id, ids=[example.pk])
