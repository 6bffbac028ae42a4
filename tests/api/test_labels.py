"""`/classifiers/{key}/labels`: look, add, change."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from classifiers.models import Classifier, Label
from moderation.models import Scope
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory, LabelFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/classifiers/message-check/labels"


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory(key="message-check")
    LabelFactory(classifier=made, number=0, name="Fine", description="Anything else.", color="#009e73")
    LabelFactory(classifier=made, number=1, name="Spam")
    return made


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ, Scope.WRITE))


def _lock() -> None:
    Classifier.objects.update(labels_locked_at=timezone.now())


def _issues(response: Any) -> list[tuple[str | None, str | None]]:
    return [(issue.get("field"), issue.get("code")) for issue in response.json()["issues"]]


def test_the_labels_are_listed_by_number(client: APIClient) -> None:
    body = client.get(URL).json()

    assert body["is_locked"] is False
    assert [label["number"] for label in body["labels"]] == [0, 1]
    assert body["labels"][0] == {
        "number": 0,
        "name": "Fine",
        "description": "Anything else.",
        "color": "#009e73",
    }


def test_one_label_has_an_address_of_its_own(client: APIClient) -> None:
    assert client.get(f"{URL}/1").json()["name"] == "Spam"


@pytest.mark.parametrize("number", ["2", "99999", "9" * 18, "9" * 30, "-1", "one", "\u0661"])
@pytest.mark.parametrize("method", ["get", "patch"])
def test_a_label_that_is_not_there_is_not_found(client: APIClient, method: str, number: str) -> None:
    response = getattr(client, method)(f"{URL}/{number}", {"description": "x"} if method == "patch" else None)

    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


def test_a_new_label_gets_the_next_number_and_a_color(client: APIClient, classifier: Classifier) -> None:
    response = client.post(URL, {"name": " Fraud  attempt ", "description": "Asks for money first."})

    assert response.status_code == 201
    assert response.json() == {
        "number": 2,
        "name": "Fraud attempt",
        "description": "Asks for money first.",
        "color": "#009e73",
    }
    assert classifier.labels.get(number=2).name == "Fraud attempt"


def test_a_color_can_be_given(client: APIClient) -> None:
    assert client.post(URL, {"name": "Fraud", "color": "#ABCDEF"}).json()["color"] == "#abcdef"


def test_after_the_first_training_none_can_be_added(client: APIClient, classifier: Classifier) -> None:
    _lock()

    response = client.post(URL, {"name": "Fraud"})

    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert classifier.labels.count() == 2
    assert client.get(URL).json()["is_locked"] is True


@pytest.mark.parametrize(
    ("body", "issues"),
    [
        ({}, [("name", "required")]),
        ({"name": None}, [("name", "null")]),
        ({"name": 5}, [("name", "not_a_string")]),
        ({"name": " \u200b"}, [("name", "blank")]),
        ({"name": "x\0"}, [("name", "nul_character")]),
        ({"name": "x" * 201}, [("name", "too_long")]),
        ({"name": "x", "description": 5}, [("description", "not_a_string")]),
        ({"name": "x", "description": "y" * 4_001}, [("description", "too_long")]),
        ({"name": "x", "color": 5}, [("color", "not_a_string")]),
        ({"name": "x", "number": 7, "id": 1}, [("id", "unknown_field"), ("number", "unknown_field")]),
    ],
)
def test_a_bad_field_of_a_new_label_is_named(
    client: APIClient, classifier: Classifier, body: dict[str, Any], issues: list[Any]
) -> None:
    response = client.post(URL, body)

    assert (response.status_code, _issues(response)) == (400, issues)
    assert classifier.labels.count() == 2


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"name": "SPAM"}, "Two labels are called"),
        ({"name": "x", "color": "red"}, "a color like #2563eb"),
        ({"name": "x" * 61}, "at most 60 characters"),
    ],
)
def test_what_the_rules_of_labels_forbid_is_refused_in_their_words(
    client: APIClient, body: dict[str, Any], sentence: str
) -> None:
    response = client.post(URL, body)

    assert response.status_code == 400
    assert sentence in response.json()["message"]


def test_a_label_changes_in_what_is_sent(client: APIClient) -> None:
    response = client.patch(f"{URL}/0", {"name": "Okay", "color": "#000000"})

    assert response.status_code == 200
    assert response.json() == {"number": 0, "name": "Okay", "description": "Anything else.", "color": "#000000"}
    assert Label.objects.get(number=0).name == "Okay"


def test_a_description_can_be_taken_away(client: APIClient) -> None:
    assert client.patch(f"{URL}/0", {"description": ""}).json()["description"] == ""


def test_after_the_first_training_a_description_can_still_change_and_a_name_can_not(client: APIClient) -> None:
    _lock()

    described = client.patch(f"{URL}/0", {"description": "All the rest."})
    renamed = client.patch(f"{URL}/0", {"name": "Okay"})

    assert (described.status_code, renamed.status_code) == (200, 409)
    assert list(Label.objects.filter(number=0).values_list("name", "description")) == [("Fine", "All the rest.")]


@pytest.mark.parametrize(
    ("body", "field"), [({"name": None}, "name"), ({"colour": "#000000"}, "colour"), ({"number": 3}, "number")]
)
def test_a_bad_field_of_a_change_is_named(client: APIClient, body: dict[str, Any], field: str) -> None:
    response = client.patch(f"{URL}/0", body)

    assert (response.status_code, _issues(response)[0][0]) == (400, field)


def test_a_label_of_another_classifier_does_not_change(client: APIClient) -> None:
    foreign = LabelFactory(number=7, name="Of another one")

    response = client.patch(f"{URL}/7", {"name": "Mine"})

    foreign.refresh_from_db()
    assert (response.status_code, foreign.name) == (404, "Of another one")


@pytest.mark.parametrize("path", [URL, f"{URL}/0"])
def test_a_parameter_is_refused(client: APIClient, path: str) -> None:
    response = client.get(f"{path}?name__startswith=F")

    assert (response.status_code, _issues(response)) == (400, [("name__startswith", "unknown_parameter")])


@pytest.mark.parametrize(
    ("method", "path"), [("put", URL), ("delete", URL), ("post", f"{URL}/0"), ("delete", f"{URL}/0")]
)
def test_another_method_is_refused(client: APIClient, method: str, path: str) -> None:
    assert getattr(client, method)(path, {}).status_code == 405
