"""The wordings that a classifier's labels have had: `GET /classifiers/{key}/guidelines`, newest first."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifiers.api import parameters
from classifiers.api.lookups import get_classifier
from classifiers.models import Guidelines
from classifiers.services import wordings
from moderation.models import Scope


class GuidelinesView(APIView):
    """Pages of guidelines, each with all labels as they were worded then. Who wrote them isn't told."""

    scope = Scope.READ

    def get(self, request: Request, key: str) -> Response:
        given = parameters.read(request, known=parameters.PAGE)
        cursor, limit = parameters.read_cursor(given), parameters.read_limit(given)
        classifier = get_classifier(request.auth, key)
        found, next_cursor = wordings.page(classifier.pk, before=cursor, limit=limit)
        return Response(
            {
                "guidelines": [_described(guidelines) for guidelines in found],
                "next_cursor": None if next_cursor is None else str(next_cursor),
            }
        )


def _described(guidelines: Guidelines) -> dict[str, Any]:
    return {"number": guidelines.number, "labels": guidelines.labels, "created_at": guidelines.created_at}
