"""The body of an API request is looked at before anyone reads it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse

from moderation.body_guard import BodyGuard, tame_content_type

JSON = {"CONTENT_TYPE": "application/json"}


def _environ(body: bytes = b"", **values: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/moderate/text",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8001",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        **values,
    }


def _ask(environ: dict[str, Any]) -> HttpResponse:
    """Return the guard's own answer, or 200 with what a view would read."""
    guard = BodyGuard(lambda request: HttpResponse(request.read()))
    return guard(WSGIRequest(environ))


def _codes(response: HttpResponse) -> list[str]:
    return [issue["code"] for issue in json.loads(response.content)["issues"]]


def test_a_body_of_just_the_limit_passes(settings: Any) -> None:
    settings.API_MAX_BODY_BYTES = 4

    response = _ask(_environ(b"1234", CONTENT_LENGTH="4", **JSON))

    assert (response.status_code, response.content) == (200, b"1234")


@pytest.mark.parametrize("length", ["5", "05", "99999999999999999999", "9" * 5_000])
def test_a_longer_one_is_refused_unread(settings: Any, length: str) -> None:
    settings.API_MAX_BODY_BYTES = 4
    environ = _environ(b"12345", CONTENT_LENGTH=length, **JSON)

    response = _ask(environ)

    assert (response.status_code, _codes(response)) == (413, ["too_large"])
    assert environ["wsgi.input"].tell() == 0


def test_a_body_in_chunks_is_counted_and_put_back_with_its_length(settings: Any) -> None:
    settings.API_MAX_BODY_BYTES = 4
    environ = _environ(b"1234", HTTP_TRANSFER_ENCODING="chunked", **JSON)

    response = _ask(environ)

    assert (response.status_code, response.content) == (200, b"1234")
    assert environ["CONTENT_LENGTH"] == "4"


def test_a_body_in_chunks_is_read_no_further_than_the_limit(settings: Any) -> None:
    settings.API_MAX_BODY_BYTES = 4
    environ = _environ(b"1" * 1_000, HTTP_TRANSFER_ENCODING="chunked", **JSON)

    response = _ask(environ)

    assert (response.status_code, _codes(response)) == (413, ["too_large"])
    assert environ["wsgi.input"].tell() == 5


def test_chunks_that_the_server_cannot_tell_the_end_of_need_a_length() -> None:
    environ = _environ(b"1234", HTTP_TRANSFER_ENCODING="chunked", **JSON)
    environ["wsgi.input_terminated"] = False

    response = _ask(environ)

    assert (response.status_code, _codes(response)) == (411, ["bad_length"])


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"CONTENT_LENGTH": "-1"}, 400, "bad_length"),
        ({"CONTENT_LENGTH": "1.5"}, 400, "bad_length"),
        ({"CONTENT_LENGTH": "\u0665"}, 400, "bad_length"),
        ({"CONTENT_LENGTH": "4", "HTTP_TRANSFER_ENCODING": "chunked"}, 400, "bad_length"),
        ({"CONTENT_LENGTH": "4", "HTTP_CONTENT_ENCODING": "gzip"}, 415, "unsupported_encoding"),
        ({"CONTENT_LENGTH": "4", "HTTP_CONTENT_ENCODING": "identity, br"}, 415, "unsupported_encoding"),
        ({"HTTP_TRANSFER_ENCODING": "gzip, chunked"}, 415, "unsupported_encoding"),
        ({"CONTENT_LENGTH": "4", "CONTENT_TYPE": ""}, 415, "unsupported_media_type"),
        ({"CONTENT_LENGTH": "4", "CONTENT_TYPE": "text/plain"}, 415, "unsupported_media_type"),
        ({"CONTENT_LENGTH": "4", "CONTENT_TYPE": "application/json; charset=utf-16"}, 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused(headers: dict[str, str], status: int, code: str) -> None:
    response = _ask(_environ(b"1234", **JSON | headers))

    assert (response.status_code, _codes(response)) == (status, [code])


@pytest.mark.parametrize(
    "values",
    [
        {"CONTENT_LENGTH": "4", "CONTENT_TYPE": "application/json; charset=UTF-8"},
        {"CONTENT_LENGTH": "4", "CONTENT_TYPE": "application/json", "HTTP_CONTENT_ENCODING": "identity"},
        {"CONTENT_LENGTH": "0", "CONTENT_TYPE": "text/plain"},
        {"CONTENT_LENGTH": "", "CONTENT_TYPE": ""},
        {"REQUEST_METHOD": "GET", "CONTENT_LENGTH": "4", "CONTENT_TYPE": "text/plain"},
        {"PATH_INFO": "/admin/", "CONTENT_LENGTH": "4", "CONTENT_TYPE": "text/plain"},
        {"PATH_INFO": "/apiary", "CONTENT_LENGTH": "4", "CONTENT_TYPE": "text/plain"},
    ],
    ids=["JSON", "identity", "no body", "no length", "GET", "a page", "another prefix"],
)
def test_what_concerns_it_not_passes(values: dict[str, str]) -> None:
    assert _ask(_environ(b"1234", **values)).status_code == 200


def _broken() -> io.RawIOBase:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError

    return Broken()


def test_a_body_in_chunks_that_breaks_off_is_refused() -> None:
    environ = _environ(HTTP_TRANSFER_ENCODING="chunked", **JSON)
    environ["wsgi.input"] = _broken()

    response = _ask(environ)

    assert (response.status_code, _codes(response)) == (400, ["broken_body"])


# --- The wrapper around the application ------------------------------------------------------------------------------


def _tamed(environ: dict[str, Any]) -> WSGIRequest:
    """Return the request that Django makes of `environ` behind the wrapper."""
    seen: list[WSGIRequest] = []

    def application(inner: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(WSGIRequest(inner))
        return []

    list(tame_content_type(application)(environ, lambda *_: None))
    return seen[0]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=bz2_codec",
        "application/json; charset=idna",
        "application/json; charset=\xff\xfe",
        "application/json; charset*=bz2_codec'en'%41",
        "application/json; charset*=''%FF",
        "application/json; charset=" + "a" * 100_000,
        'application/json; charset="',
        "application/json; charset=undefined",
        "application/json; charset=a\0b",
    ],
)
def test_no_charset_breaks_django_and_the_guard_still_sees_it(content_type: str) -> None:
    environ = _environ(b"1234", CONTENT_LENGTH="4", CONTENT_TYPE=content_type, QUERY_STRING="a=%C3%A9")

    request = _tamed(environ)
    answer = BodyGuard(lambda request: HttpResponse())(request)

    assert (answer.status_code, _codes(answer)) == (415, ["unsupported_media_type"])
    assert request.GET["a"] == "é"


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data; boundary=x; charset=utf-8"])
def test_an_ordinary_type_stays_as_it_is(content_type: str) -> None:
    environ = _environ(CONTENT_TYPE=content_type)

    _tamed(environ)

    assert environ["CONTENT_TYPE"] == content_type


def test_the_query_is_utf_8_whatever_charset_the_body_names() -> None:
    queries = []

    def view(request: HttpRequest) -> HttpResponse:
        queries.append(request.GET["value"])
        return HttpResponse()

    environ = _environ(REQUEST_METHOD="GET", QUERY_STRING="value=%C3%A9", CONTENT_TYPE="text/plain; charset=latin-1")
    BodyGuard(view)(WSGIRequest(environ))

    assert queries == ["é"]


FORM = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "PATH_INFO": "/api/v1/classifiers/any/imports"}


def test_a_form_for_files_may_be_as_large_as_a_file(settings: Any) -> None:
    settings.API_MAX_BODY_BYTES = 4
    settings.UPLOAD_MAX_BYTES = 10

    assert _ask(_environ(b"1234567890", CONTENT_LENGTH="10", **FORM)).status_code == 200


def test_a_larger_one_is_refused_unread(settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 10_000_000
    environ = _environ(b"12345", CONTENT_LENGTH="10100001", **FORM)

    response = _ask(environ)

    assert (response.status_code, _codes(response)) == (413, ["too_large"])
    assert json.loads(response.content)["message"].startswith("The file is larger than 10 MB.")
    assert environ["wsgi.input"].tell() == 0


def test_a_form_in_chunks_needs_a_length() -> None:
    environ = _environ(b"1234", HTTP_TRANSFER_ENCODING="chunked", **FORM)

    response = _ask(environ)

    assert (response.status_code, _codes(response)) == (411, ["bad_length"])
    assert environ["wsgi.input"].tell() == 0


@pytest.mark.parametrize(
    "values",
    [
        {"PATH_INFO": "/api/v1/classifiers/any/examples"},
        {"PATH_INFO": "/api/v1/moderate/text"},
        {"PATH_INFO": "/api/v1/nowhere"},
        {"REQUEST_METHOD": "PUT"},
        {"CONTENT_TYPE": "application/x-www-form-urlencoded"},
        {"HTTP_CONTENT_ENCODING": "gzip"},
    ],
)
def test_a_form_is_let_in_nowhere_else_and_no_other_is(values: dict[str, str]) -> None:
    response = _ask(_environ(b"1234", **{"CONTENT_LENGTH": "4"} | FORM | values))

    assert response.status_code == 415


@pytest.mark.parametrize("length", ["10100001", "9" * 30])
def test_a_form_for_a_page_that_is_larger_than_any_file_is_refused_unread(settings: Any, length: str) -> None:
    settings.UPLOAD_MAX_BYTES = 10_000_000
    environ = _environ(b"12345", CONTENT_LENGTH=length, **FORM | {"PATH_INFO": "/admin/login/"})

    response = _ask(environ)

    assert response.status_code == 413
    assert "The file is larger than 10 MB. Split it" in response.content.decode()
    assert environ["wsgi.input"].tell() == 0


def test_a_form_for_a_page_that_is_not_passes(settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 10_000_000
    environ = _environ(b"12345", CONTENT_LENGTH="10100000", **FORM | {"PATH_INFO": "/admin/login/"})

    assert _ask(environ).status_code == 200
