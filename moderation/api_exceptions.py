"""Turns what a view raises into the API's one error shape."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
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
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.issues = issues
        self.headers = headers or {}


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Return the answer for `error`, or None where it was not expected: Django then answers 500."""
    if isinstance(error, Refused):
        response: HttpResponse = error_response(error.status, message=error.message, issues=error.issues)
        response.headers |= error.headers
        return response
    if isinstance(error, Http404):
        return error_response(404, message="Not found")
    if isinstance(error, PermissionDenied):
        return error_response(403, message="Insufficient access")
    if not isinstance(error, exceptions.APIException):
        return None
    response = error_response(error.status_code, message=str(error.detail), issues=_issues(error), code=None)
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(round(wait))
    return response


def _issues(error: exceptions.APIException) -> tuple[Issue, ...]:
    code = error.get_codes()
    if isinstance(error, exceptions.ParseError | exceptions.PermissionDenied) and isinstance(code, str):
        return (Issue(field=None, message=str(error.detail), code=code),)
    return ()
