"""Looks at the body of a request before anyone reads it: its size, and for the API its coding and type."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import LimitedStream, WSGIRequest
from django.http import HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.http import parse_header_parameters
from gunicorn.http.errors import ParseException

from moderation.api_errors import Issue, error_response, is_api_path

_CHUNK_BYTES = 65_536
# So many digits are over any limit; int() need not see more, and refuses more than 4,300.
_ENOUGH_DIGITS = 18
# What a form has beside its file: boundaries, names, a few short values.
_FORM_BYTES = 100_000
_METHODS_WITH_BODY = ("POST", "PUT", "PATCH")
# What Django may decode a form or a query string with; any other charset is nobody's need.
_TAME_CHARSETS = ("utf-8", "ascii", "iso8859-1", "cp1252")

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class BodyRefused(Exception):
    """The body of a request cannot be taken. The message is a sentence for the caller."""

    def __init__(self, status: int, message: str, *, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


def tame_content_type(application: WsgiApplication) -> WsgiApplication:
    """Wrap the WSGI application so that no `Content-Type` can break Django before a middleware runs.

    Django looks the charset up, and decodes the query string with it, while it builds the request: bz2_codec,
    idna or a malformed parameter raise there, outside of everything that turns errors into answers.
    """

    def tamed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        declared = environ.get("CONTENT_TYPE", "")
        if ";" in declared and not _is_tame(declared):
            # A type that no endpoint takes, so that the guard refuses the body.
            environ["CONTENT_TYPE"] = "application/octet-stream"
        return application(environ, start_response)

    return tamed


def _is_tame(content_type: str) -> bool:
    try:
        charset = parse_header_parameters(content_type)[1].get("charset", "utf-8")
        return codecs.lookup(charset).name in _TAME_CHARSETS
    except (LookupError, ValueError):
        return False


class BodyGuard:
    """Refuse a body that is too large (413), encoded (415) or not JSON in UTF-8 (415).

    A body sent in chunks has no length: it's counted while it's read, and then put back with one. A view that says
    `takes_files` takes forms instead, as large as an uploaded file may be, and only with a length. A form that is sent
    to a page may be as large as that too.
    """

    def __init__(self, get_response: Callable[[WSGIRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: WSGIRequest) -> HttpResponse:
        if not is_api_path(request.path_info):
            return self._page(request)
        try:
            _check_codings(request.META)
            length = _declared_length(request.META)
            if _is_form_for_files(request):
                _check_form(length)
            else:
                _check_json(request, length=length)
        except BodyRefused as refused:
            issue = Issue(field=None, message=refused.message, code=refused.code)
            return error_response(refused.status, message=refused.message, issues=(issue,))
        if request.encoding is not None:
            # Query strings are UTF-8, whatever charset the header of an absent body names.
            request.encoding = None
        return self.get_response(request)

    def _page(self, request: WSGIRequest) -> HttpResponse:
        # Django would read a form whole, to look for the token against forgery, before it asks who sends it.
        try:
            length = _declared_length(request.META) or 0
            _check_size(length)
        except BodyRefused as refused:
            return render(request, "413.html", {"message": refused.message}, status=refused.status)
        if request.content_type == "multipart/form-data":
            request._stream = _Whole(request.META["wsgi.input"], length)
        return self.get_response(request)


class _Whole(LimitedStream):
    """A form's stream that must not end early: a file that breaks off would pass for a shorter one."""

    def read(self, size: int = -1, /) -> bytes:
        return self._checked(super().read(size), size=size)

    def readline(self, size: int = -1, /) -> bytes:
        return self._checked(super().readline(size), size=size)

    def _checked(self, piece: bytes, *, size: int) -> bytes:
        if not piece and size != 0 and self._pos < self.limit:
            # Django answers 400.
            raise MultiPartParserError("The form broke off before its end.")
        return piece


def _is_form_for_files(request: WSGIRequest) -> bool:
    if request.method != "POST" or request.content_type != "multipart/form-data":
        return False
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return getattr(getattr(view, "cls", None), "takes_files", False)


def _check_form(length: int | None) -> None:
    if length is None:
        raise BodyRefused(411, "Send the file with a Content-Length, and not in chunks.", code="bad_length")
    _check_size(length)


def _check_size(length: int) -> None:
    if length > settings.UPLOAD_MAX_BYTES + _FORM_BYTES:
        limit_mb = settings.UPLOAD_MAX_BYTES / 1_000_000
        message = f"The file is larger than {limit_mb:g} MB. Split it and upload the parts one after the other."
        raise BodyRefused(413, message, code="too_large")


def _check_json(request: WSGIRequest, *, length: int | None) -> None:
    max_bytes = settings.API_MAX_BODY_BYTES
    if length is None:
        length = _read_chunks(request, max_bytes=max_bytes)
    elif length > max_bytes:
        raise _too_large(max_bytes)
    if length and request.method in _METHODS_WITH_BODY:
        _check_type(request.META)


def _check_codings(meta: dict[str, Any]) -> None:
    if _codings(meta, "HTTP_CONTENT_ENCODING"):
        message = "The body is compressed. Send it without Content-Encoding."
        raise BodyRefused(415, message, code="unsupported_encoding")
    transfer = _codings(meta, "HTTP_TRANSFER_ENCODING")
    if transfer not in ([], ["chunked"]):
        message = "This Transfer-Encoding is not supported. Send a Content-Length, or chunked alone."
        raise BodyRefused(415, message, code="unsupported_encoding")
    if transfer and meta.get("CONTENT_LENGTH"):
        # Two lengths for one body are how requests are smuggled past a proxy.
        message = "The request has both Transfer-Encoding and Content-Length. Send one of them."
        raise BodyRefused(400, message, code="bad_length")


def _codings(meta: dict[str, Any], header: str) -> list[str]:
    names = [name.strip().lower() for name in meta.get(header, "").split(",")]
    return [name for name in names if name not in ("", "identity")]


def _declared_length(meta: dict[str, Any]) -> int | None:
    """Return the body's length in bytes, or None where only reading can tell."""
    declared = str(meta.get("CONTENT_LENGTH") or "").strip()
    if not declared:
        return None if "HTTP_TRANSFER_ENCODING" in meta else 0
    if not (declared.isascii() and declared.isdigit()):
        message = "The Content-Length is not a number. Send the length of the body in bytes."
        raise BodyRefused(400, message, code="bad_length")
    return int(declared.lstrip("0")[:_ENOUGH_DIGITS] or "0")


def _read_chunks(request: WSGIRequest, *, max_bytes: int) -> int:
    """Read the body while counting, put it back, and return its length in bytes."""
    if not request.META.get("wsgi.input_terminated"):
        message = "The server cannot tell where this body ends. Send a Content-Length."
        raise BodyRefused(411, message, code="bad_length")
    body = b"".join(_chunks(request.META["wsgi.input"], max_bytes=max_bytes))
    request.META["wsgi.input"] = io.BytesIO(body)
    request.META["CONTENT_LENGTH"] = str(len(body))
    del request.META["HTTP_TRANSFER_ENCODING"]
    # WSGIRequest has already wrapped the old input, limited to the length of 0 that it saw.
    request._stream = io.BytesIO(body)
    return len(body)


def _chunks(stream: Any, *, max_bytes: int) -> Iterable[bytes]:
    count = 0
    while True:
        try:
            chunk = stream.read(min(_CHUNK_BYTES, max_bytes + 1 - count))
        except (OSError, ParseException) as error:
            message = "The body broke off or is not chunked as it says. Send it again."
            raise BodyRefused(400, message, code="broken_body") from error
        if not chunk:
            return
        count += len(chunk)
        if count > max_bytes:
            raise _too_large(max_bytes)
        yield chunk


def _too_large(max_bytes: int) -> BodyRefused:
    message = f"The body is larger than {max_bytes:,} bytes. Send fewer texts at once."
    return BodyRefused(413, message, code="too_large")


def _check_type(meta: dict[str, Any]) -> None:
    media_type, parameters = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
    charset = parameters.get("charset", "utf-8")
    if media_type != "application/json" or charset.lower() not in ("utf-8", "utf8"):
        message = "The body must be JSON in UTF-8. Send the header Content-Type: application/json."
        raise BodyRefused(415, message, code="unsupported_media_type")
