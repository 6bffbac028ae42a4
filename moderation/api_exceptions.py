"""Turns what a view raises into the API's one error shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework import exceptions

from moderation.api_errors import Issue, error_response


class Refused(Exception):
    """A request that can't be served; answered with `status` and `issues`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        issues: tuple[Issue, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.issues = issues
        self.headers = headers or {}


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Return the answer for `error`, or None where Django has one: for its own exceptions and unexpected ones."""
    if isinstance(error, Refused):
        return error_response(error.status, message=error.message, issues=error.issues, headers=error.headers)
    if not isinstance(error, exceptions.APIException):
        return None
    return error_response(
        error.status_code, message=_message(error, context), issues=_issues(error), headers=_headers(error)
    )


def _message(error: exceptions.APIException, context: dict[str, Any]) -> str:
    """Return a sentence that says what to do; the framework's own say only what is wrong."""
    if isinstance(error, exceptions.MethodNotAllowed):
        return f"This method is not allowed here. Use {' or '.join(context['view'].allowed_methods)}."
    if isinstance(error, exceptions.NotAcceptable):
        return "Answers are JSON. Send the header Accept: application/json."
    return str(error.detail)


def _issues(error: exceptions.APIException) -> tuple[Issue, ...]:
    code = error.get_codes()
    if isinstance(error, exceptions.ParseError | exceptions.PermissionDenied) and isinstance(code, str):
        return (Issue(field=None, message=str(error.detail), code=code),)
    return ()


def _headers(error: exceptions.APIException) -> dict[str, str]:
    # The framework has put these on the error.
    known = {"WWW-Authenticate": getattr(error, "auth_header", None), "Retry-After": getattr(error, "wait", None)}
    return {name: str(value) for name, value in known.items() if value is not None}
