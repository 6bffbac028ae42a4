"""`GET /classifiers/{key}/export`: the examples as a file."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from classifiers.models import Classifier, ExampleOrigin
from moderation.models import Scope
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory, ExampleFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/classifiers/message-check/export"


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory(key="message-check")
    return made


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ,))


def _content(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def _issues(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 400
    return [(issue["field"], issue["code"]) for issue in response.json()["issues"]]


@pytest.mark.parametrize(
    ("format", "content_type", "start"),
    [
        ("csv", "text/csv; charset=utf-8", b'\xef\xbb\xbf"text"'),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
        ("jsonl", "application/x-ndjson; charset=utf-8", b'{"text": "hello"'),
    ],
)
def test_the_file_comes_in_the_format_asked_for(
    client: APIClient, classifier: Classifier, format: str, content_type: str, start: bytes
) -> None:
    ExampleFactory(classifier=classifier, text="hello")

    response = client.get(f"{URL}?format={format}")

    assert _content(response).startswith(start)
    assert response["Content-Type"] == content_type
    assert response["Content-Disposition"] == f'attachment; filename="message-check-examples.{format}"'
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("accept", ["text/csv", "application/json", "*/*", "image/png"])
def test_the_header_accept_does_not_matter(client: APIClient, accept: str) -> None:
    response = client.get(f"{URL}?format=jsonl", headers={"Accept": accept})

    assert _content(response) == b""


def test_the_filters_of_the_list_choose(client: APIClient, classifier: Classifier) -> None:
    ExampleFactory(classifier=classifier, text="typed")
    ExampleFactory(classifier=classifier, text="sent", origin=ExampleOrigin.API)

    response = client.get(f"{URL}?format=jsonl&origin=api&label=none&state=unlabelled")

    assert _content(response) == b'{"text": "sent", "label": null}\n'


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("", "format", "not_a_choice"),
        ("format=xls", "format", "not_a_choice"),
        ("format=CSV", "format", "not_a_choice"),
        ("format=csv&format=csv", "format", "ambiguous"),
        ("format=csv&limit=10", "limit", "unknown_parameter"),
        ("format=csv&text__contains=a", "text__contains", "unknown_parameter"),
        ("format=csv&label=3", "label", "unknown_label"),
        ("format=csv&state=done", "state", "not_a_choice"),
    ],
)
def test_a_bad_parameter_is_named(client: APIClient, query: str, field: str, code: str) -> None:
    assert _issues(client.get(f"{URL}?{query}")) == [(field, code)]


def test_texts_that_do_not_fit_in_a_workbook_are_counted(client: APIClient, classifier: Classifier) -> None:
    ExampleFactory(classifier=classifier, text="x" * 40_000)

    response = client.get(f"{URL}?format=xlsx")

    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert response.json()["message"].startswith("1 text is longer than the 32,767 characters of an Excel cell.")
