"""What a person did with a text: `POST /classifiers/{key}/answers`, and `.../undo`, which takes it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.people import read_annotator
from annotation.api.turns import read_example_id
from annotation.models import QueueCode
from annotation.services import answers, submissions
from annotation.services.answers import BadAnswer
from annotation.services.submissions import BadSubmission
from classifiers.api import example_fields, parameters
from classifiers.api.example_fields import LabelReader
from classifiers.api.lookups import get_classifier
from classifiers.models import Classifier, Example
from classifiers.services.examples import BadExample, DuplicateExample
from moderation import api_fields
from moderation.api_errors import Issue
from moderation.api_exceptions import Refused
from moderation.models import Scope

_FIELDS = ("annotator", "example", "label", "preselected", "queue", "skip", "text", "text_mark")
_MARK_CHARS = 40
_QUEUES = tuple(code.lower() for code in QueueCode)


class AnswersView(APIView):
    """Keep a label, a corrected text or both, or that the text was skipped. Sent twice, it is kept once.

    With `text_mark`, as it came with the text, nothing is kept where somebody has changed the text since.
    """

    scope = Scope.WRITE

    def post(self, request: Request, key: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key)
        api_fields.refuse_unknown(body, known=_FIELDS)
        annotator, queue = read_annotator(body), _read_queue(body)
        example = _get(classifier, read_example_id(body.get("example"), field="example"))
        try:
            _carry_out(classifier, example, body=body, by=annotator, queue=queue, now=timezone.now())
        except DuplicateExample as error:
            raise Refused(409, str(error)) from error
        except BadExample as error:
            raise parameters.bad("text", str(error), code="bad_text") from error
        except (BadAnswer, BadSubmission, Example.DoesNotExist) as error:
            raise Refused(409, str(error)) from error
        return Response({"example": example_fields.described(_get(classifier, example.pk))})


class UndoView(APIView):
    """Take back what the person did last, and return that text; the next call takes back what came before."""

    scope = Scope.WRITE

    def post(self, request: Request, key: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key)
        api_fields.refuse_unknown(body, known=("annotator",))
        example = answers.undo(classifier.pk, by=read_annotator(body), now=timezone.now())
        return Response({"example": None if example is None else example_fields.described(example)})


def _carry_out(
    classifier: Classifier, example: Example, *, body: Mapping[str, Any], by: Any, queue: QueueCode, now: dt.datetime
) -> None:
    labels = LabelReader(classifier)
    label = labels.read_field(body)
    if api_fields.read_flag(body, "skip"):
        if label is not None or "text" in body:
            raise parameters.bad("skip", "Send either skip, or label and text.", code="ambiguous")
        answers.skip(example.pk, by=by, queue=queue, now=now)
        return
    if label is None and "text" not in body:
        raise Refused(400, api_fields.INVALID, issues=(Issue(None, "Send label, text or skip.", "required"),))
    preselected = labels.read(body.get("preselected"))
    if isinstance(preselected, Issue):
        raise parameters.bad("preselected", preselected.message, code=preselected.code or "unknown_label")
    submissions.save(
        example.pk,
        label_id=None if label is None else label.pk,
        text=api_fields.read_text(body, "text") if "text" in body else None,
        mark=api_fields.read_optional_text(body, "text_mark", max_chars=_MARK_CHARS),
        by=by,
        queue=queue,
        preselected_id=None if preselected is None else preselected.pk,
        now=now,
    )


def _read_queue(body: Mapping[str, Any]) -> QueueCode:
    code = body.get("queue", QueueCode.USEFUL.lower())
    if code not in _QUEUES:
        raise parameters.bad("queue", f"Choose one of {', '.join(_QUEUES)}.", code="not_a_choice")
    return QueueCode(code.upper())


def _get(classifier: Classifier, example_id: int) -> Example:
    found = Example.objects.filter(classifier=classifier, pk=example_id).select_related("label").first()
    if found is None:
        message = "This classifier has no such example; it may have been deleted. Ask for the next one."
        raise parameters.bad("example", message, code="unknown_example")
    return found
