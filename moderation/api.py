"""The moderation endpoints."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderation import api_fields
from moderation.models import Scope
from moderation.services import moderate
from moderation.services.moderate import Moderated, TextRequest


class AuthView(APIView):
    """`GET /auth`: say whether a key is valid."""

    scope = Scope.READ

    def get(self, request: Request) -> Response:
        return Response({"status": "success", "message": "Valid API key", "project": request.auth.project.name})


class ModerateTextView(APIView):
    """`POST /moderate/text`: run the project's analyzers on one text (the hosted service's second generation)."""

    scope = Scope.MODERATE

    def post(self, request: Request) -> Response:
        now = timezone.now()
        [answer] = moderate.moderate_texts(
            request.auth,
            requests=[_read(request)],
            analyzers=moderate.enabled_analyzers(request.auth.project_id),
            endpoint="moderate/text",
            now=now,
        )
        return Response(_as_json(answer, timestamp_ms=round(1000 * now.timestamp())))


def _read(request: Request) -> TextRequest:
    body = api_fields.read_object(request)
    return TextRequest(
        text=api_fields.read_text(body, "value"),
        content_id=api_fields.read_optional_text(body, "contentId", max_chars=100),
        author_id=api_fields.read_optional_text(body, "authorId", max_chars=200),
        context_id=api_fields.read_optional_text(body, "contextId", max_chars=200),
        channel=api_fields.read_optional_text(body, "channelKey", max_chars=100),
        metadata=api_fields.read_mapping(body, "metadata"),
        is_storable=not api_fields.read_flag(body, "doNotStore"),
    )


def _as_json(answer: Moderated, *, timestamp_ms: int) -> dict[str, Any]:
    stored = {} if answer.content_id is None else {"contentId": answer.content_id}
    return {
        # First, so that a classifier whose key is the name of one of the fields below can't take its place.
        **{analyzer: finding.as_gen2() for analyzer, finding in answer.findings.items()},
        "status": "success",
        **stored,
        "request": {"timestamp": timestamp_ms, "quota_usage": answer.usage},
        "flagged": answer.is_flagged,
        "author": None,
        "content_moderated": answer.text.content != answer.text.original,
        "unicode_spoofing": answer.text.spoofed,
        "data_found": any(finding.found for finding in answer.findings.values()),
        "original": answer.text.original,
        "content": answer.text.content,
    }
