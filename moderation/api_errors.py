"""The one shape in which the API says no: `{code, message, issues: [{field?, message, code?}]}`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import JsonResponse

# The first nine are the codes that existing clients know (the hosted service's public OpenAPI document);
# the others are named after their HTTP status, so that a client can guess them.
CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_SERVER_ERROR",
    503: "SERVICE_UNAVAILABLE",
    406: "NOT_ACCEPTABLE",
    408: "REQUEST_TIMEOUT",
    411: "LENGTH_REQUIRED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "UNPROCESSABLE_CONTENT",
    501: "NOT_IMPLEMENTED",
}


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong with a request. `field` is a path such as `texts.3`, or None for the whole."""

    field: str | None
    message: str
    code: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the issue's JSON object, without the keys that have nothing to say."""
        parts = {"field": self.field, "message": self.message, "code": self.code}
        return {key: value for key, value in parts.items() if value is not None}


def code_of(status: int) -> str:
    """Return the code that goes with an HTTP status; an unlisted one gets that of its class."""
    return CODES.get(status, CODES[500] if status >= 500 else CODES[400])


def error_response(status: int, *, message: str, code: str | None = None, issues: Sequence[Issue] = ()) -> JsonResponse:
    """Return an error answer, which no cache may keep."""
    body = {
        "code": code or code_of(status),
        "message": message,
        "issues": [issue.as_json() for issue in issues],
    }
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})
