"""The one shape in which the API says no: `{code, message, issues: [{field?, message, code?}]}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import JsonResponse

_PREFIXES = ("/api/", "/v1/")

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
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "UNPROCESSABLE_CONTENT",
    431: "REQUEST_HEADER_FIELDS_TOO_LARGE",
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


def is_api_path(path: str) -> bool:
    """Tell whether a program asks, which reads JSON, and not a person, who reads a page."""
    # The slash is for the bare /v1, which some clients call to see whether anybody is there.
    return f"{path}/".startswith(_PREFIXES)


def error_body(status: int, *, message: str, issues: Sequence[Issue] = ()) -> dict[str, object]:
    """Return the JSON object of an error answer."""
    return {"code": code_of(status), "message": message, "issues": [issue.as_json() for issue in issues]}


def error_response(
    status: int, *, message: str, issues: Sequence[Issue] = (), headers: Mapping[str, str] | None = None
) -> JsonResponse:
    """Return an error answer, which no cache may keep."""
    body = error_body(status, message=message, issues=issues)
    response = JsonResponse(body, status=status, headers={"Cache-Control": "no-store", **(headers or {})})
    # Django counts it only in answers that have passed all of its middleware.
    response["Content-Length"] = str(len(response.content))
    return response
