"""Every refusal has the one shape, whoever refuses: a view, the framework, Django."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.http import HttpResponse
from rest_framework.test import APIClient

from config.log_format import JsonFormatter
from tests.clients import client_for
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db

TEXT = {"value": "Hello"}


@pytest.fixture
def client() -> APIClient:
    return client_for(ProjectFactory())


@pytest.fixture
def exploding(settings: Any, client: APIClient) -> APIClient:
    """Give a client of a server whose views fail; a failure is answered and not raised in the test."""
    settings.ROOT_URLCONF = "tests.api.exploding_urls"
    client.raise_request_exception = False
    client.handler.raise_request_exception = False
    return client


def _check(answer: HttpResponse, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.content)
    assert (answer.status_code, body["code"]) == (status, code)
    assert body.keys() == {"code", "message", "issues"}
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Length"] == str(len(answer.content))
    return body


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/none",
        "/v1/none",
        "/api/v2/auth",
        "/api/",
        "/api",
        "/v1",
        "/v1/",
        "/api/v1/moderate",
        "/api/v1//moderate/text",
        "/api/v1/MODERATE/text",
        "/api/v1/classifiers/",
        "/api/v1/classifiers//predict",
        "/api/v1/classifiers/a/b/predict",
        "/api/v1/%FF%00",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_address_is_not_found(client: APIClient, path: str, method: str) -> None:
    _check(getattr(client, method)(path, TEXT), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/api/v1/moderate/text/", "/v1/moderate/text/", "/api/v1/auth/"])
def test_a_trailing_slash_is_no_redirect_that_would_lose_the_body(client: APIClient, path: str) -> None:
    _check(client.post(path, TEXT), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("get", "/api/v1/moderate/text", "POST, OPTIONS"),
        ("put", "/api/v1/moderate/text", "POST, OPTIONS"),
        ("patch", "/api/v1/moderate/text", "POST, OPTIONS"),
        ("delete", "/api/v1/moderate/text", "POST, OPTIONS"),
        ("get", "/api/v1/classifiers/a/predict", "POST, OPTIONS"),
        ("delete", "/v1/classifiers", "GET, HEAD, OPTIONS"),
        ("post", "/v1/classifiers/a", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(client: APIClient, method: str, path: str, allowed: str) -> None:
    answer = getattr(client, method)(path, TEXT)

    body = _check(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer["Allow"] == allowed
    assert allowed.split(", ")[0] in body["message"]


@pytest.mark.parametrize("method", ["BREW", "TRACE", "PROPFIND"])
def test_a_method_that_is_none_is_not_allowed(client: APIClient, method: str) -> None:
    _check(client.generic(method, "/api/v1/auth"), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("accept", ["application/xml", "text/html", "text/*, image/png", "application/json-seq"])
def test_another_format_than_json_is_not_acceptable(client: APIClient, accept: str) -> None:
    body = _check(client.post("/api/v1/moderate/text", TEXT, HTTP_ACCEPT=accept), 406, "NOT_ACCEPTABLE")

    assert "application/json" in body["message"]


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "text/html, */*;q=0.1", "application/json; indent=4", "APPLICATION/JSON"]
)
def test_json_is_given_to_whoever_takes_it(client: APIClient, accept: str) -> None:
    answer = client.post("/api/v1/moderate/text", TEXT, HTTP_ACCEPT=accept)

    assert (answer.status_code, answer.json()["status"]) == (200, "success")


def test_the_format_is_not_for_the_query_to_choose(client: APIClient) -> None:
    assert client.get("/api/v1/auth?format=xml").status_code == 200


def test_another_type_of_body_is_refused(client: APIClient) -> None:
    answer = client.post("/api/v1/moderate/text", "value=Hello", content_type="application/x-www-form-urlencoded")

    _check(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_head_answers_as_get_does_without_a_body(client: APIClient) -> None:
    whole, head = client.get("/api/v1/auth"), client.head("/api/v1/auth")

    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Length"] == str(len(whole.content))


def test_options_says_what_is_allowed_and_no_more(client: APIClient) -> None:
    answer = client.options("/api/v1/auth")

    assert (answer.status_code, answer.json(), answer["Allow"]) == (200, {}, "GET, HEAD, OPTIONS")


def test_options_wants_a_key_like_everything_else() -> None:
    _check(APIClient().options("/api/v1/auth"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/explode/missing", 404, "NOT_FOUND"),
        ("/api/v1/explode/forbidden", 403, "FORBIDDEN"),
        ("/api/v1/explode/broken", 500, "INTERNAL_SERVER_ERROR"),
        ("/api/v1/suspicious", 400, "BAD_REQUEST"),
        ("/api/v1/broken", 500, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_what_a_view_raises_is_answered_without_its_words(
    exploding: APIClient, path: str, status: int, code: str
) -> None:
    answer = exploding.get(path)

    _check(answer, status, code)
    assert b"secret" not in answer.content


def test_an_unexpected_error_is_logged_without_its_words(
    exploding: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        exploding.get("/api/v1/explode/broken")

    [record] = [record for record in caplog.records if record.name == "django.request"]
    written = JsonFormatter().format(record)
    assert "secret" not in written
    assert json.loads(written)["error"] == "ValueError"


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/page/suspicious", 400), ("/page/broken", 500)])
def test_a_person_gets_a_page(exploding: APIClient, path: str, status: int) -> None:
    answer = exploding.get(path)

    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (status, "text/html")


@pytest.mark.parametrize("host", ["elsewhere.example", "", "a b", "127.0.0.1:x"])
def test_a_foreign_host_is_told_so(client: APIClient, host: str) -> None:
    body = _check(client.get("/api/v1/auth", HTTP_HOST=host), 400, "BAD_REQUEST")

    assert "ALLOWED_HOSTS" in body["message"]
