"""Answers where no view answered: JSON for the API, a page for people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from moderation.api_errors import error_response

_API = ("/api/", "/v1/")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    if request.path.startswith(_API):
        return error_response(404, message="Not found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500."""
    if request.path.startswith(_API):
        return error_response(500, message="Internal server error")
    return defaults.server_error(request)
