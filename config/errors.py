"""Answers where no view answered: JSON for the API, a page for people."""

from __future__ import annotations

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from moderation.api_errors import error_response, is_api_path

_FOREIGN_HOST = "This server does not answer to that host name. Add it to the server's ALLOWED_HOSTS."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    if is_api_path(request.path):
        is_foreign = isinstance(exception, DisallowedHost)
        return error_response(400, message=_FOREIGN_HOST if is_foreign else "Invalid input data")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    if is_api_path(request.path):
        return error_response(403, message="Insufficient access")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    if is_api_path(request.path):
        return error_response(404, message="Not found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500."""
    if is_api_path(request.path):
        return error_response(500, message="Internal server error")
    return defaults.server_error(request)
