"""A text's label, from one classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifiers.api.lookups import get_classifier
from classifiers.models import Classifier
from moderation import api_fields
from moderation.api_errors import Issue
from moderation.api_exceptions import Refused
from moderation.models import ApiKey, Scope
from moderation.services import moderate
from moderation.services.moderate import AnalyzerFailed, Moderated, TextRequest
from moderation.strict_json import text_problem

BATCH_LIMIT = 100
# A person must train the classifier or restore its files; until then it's no use to ask more often.
_RETRY_AFTER = {"Retry-After": "10"}
_NOT_TRAINED = "This classifier has no live version yet. Train it first."


class PredictView(APIView):
    """`POST /classifiers/{key}/predict`: label one text (`text`) or up to 100 (`texts`)."""

    scope = Scope.MODERATE

    def post(self, request: Request, key: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key, among=Classifier.objects.only("live_version"))
        if classifier.live_version_id is None:
            raise Refused(409, _NOT_TRAINED, headers=_RETRY_AFTER)
        api_fields.refuse_unknown(body, known=("text", "texts", "doNotStore"))
        is_storable = not api_fields.read_flag(body, "doNotStore")
        if "texts" in body and "text" not in body:
            return Response({"results": _predict_batch(request.auth, key, body["texts"], is_storable=is_storable)})
        if "texts" in body:
            issue = Issue(field="texts", message="Send either text or texts, not both.", code="ambiguous")
            raise Refused(400, api_fields.INVALID, issues=(issue,))
        text = api_fields.read_text(body, "text")
        [answer] = _predict(request.auth, key, [text], is_storable=is_storable)
        return Response(_result(answer, key))


def _predict_batch(api_key: ApiKey, key: str, texts: object, *, is_storable: bool) -> list[dict[str, Any]]:
    if not isinstance(texts, list) or not texts:
        issue = Issue(field="texts", message="Send a list of 1 to 100 texts.", code="not_a_list_of_texts")
        raise Refused(400, api_fields.INVALID, issues=(issue,))
    if len(texts) > BATCH_LIMIT:
        message = f"There are {len(texts):,} texts; the limit is {BATCH_LIMIT}. Send them in parts."
        raise Refused(413, message, issues=(Issue(field="texts", message=message, code="too_many"),))
    problems = {index: found for index, text in enumerate(texts) if (found := text_problem(text))}
    good = [index for index in range(len(texts)) if index not in problems]
    answers = dict(zip(good, _predict(api_key, key, [texts[i] for i in good], is_storable=is_storable), strict=True))
    return [
        _result(answers[index], key) if index in answers else _failed(problems[index].code, problems[index].message)
        for index in range(len(texts))
    ]


def _predict(api_key: ApiKey, key: str, texts: Sequence[str], *, is_storable: bool) -> list[Moderated]:
    if not texts:
        return []
    requests = [TextRequest(text=text, is_storable=is_storable) for text in texts]
    try:
        return moderate.moderate_texts(
            api_key, requests=requests, analyzers=[key], endpoint="predict", now=timezone.now(), must_answer=True
        )
    except AnalyzerFailed as error:
        raise Refused(503, str(error), headers=_RETRY_AFTER) from error


def _result(answer: Moderated, key: str) -> Mapping[str, Any]:
    return answer.findings[key].as_gen2()


def _failed(code: str, message: str) -> dict[str, Any]:
    return {"label": None, "score": None, "label_scores": {}, "error": {"code": code, "message": message}}
