"""`/classifiers/{key}/examples/{id}`: look, change, delete."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from classifiers.importing.fingerprint import text_key
from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleState, HeldOut
from moderation.models import Scope
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory, ExampleFactory, HeldOutFactory, LabelFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/classifiers/message-check/examples"


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory(key="message-check")
    LabelFactory(classifier=made, number=0, name="Fine")
    LabelFactory(classifier=made, number=1, name="Spam")
    return made


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ, Scope.WRITE))


@pytest.fixture
def example(classifier: Classifier) -> Example:
    made: Example = ExampleFactory(classifier=classifier, text="win a phone")
    return made


def _issues(response: Any) -> list[tuple[str | None, str]]:
    return [(issue.get("field"), issue["code"]) for issue in response.json()["issues"]]


def test_one_example_is_described_as_in_the_list(client: APIClient, example: Example) -> None:
    assert client.get(f"{URL}/{example.pk}").json() == client.get(URL).json()["examples"][0]


@pytest.mark.parametrize("id", ["0", "9" * 18, "9" * 30, "-1", "abc", "1.0", "\u0661"])
@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_an_example_that_is_not_there_is_not_found(client: APIClient, example: Example, method: str, id: str) -> None:
    response = getattr(client, method)(f"{URL}/{id}", {"label": 0} if method == "patch" else None)

    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_another_classifier_s_example_is_not_found_under_an_own_one(client: APIClient, method: str) -> None:
    foreign = ExampleFactory(text="foreign")

    response = getattr(client, method)(f"{URL}/{foreign.pk}", {"text": "mine"} if method == "patch" else None)

    foreign.refresh_from_db()
    assert (response.status_code, foreign.text) == (404, "foreign")


def test_a_label_is_given_by_a_decision_that_names_the_key(client: APIClient, example: Example) -> None:
    response = client.patch(f"{URL}/{example.pk}", {"label": 1})

    assert response.status_code == 200
    assert (response.json()["label"], response.json()["state"]) == ({"number": 1, "name": "Spam"}, "confirmed")
    decision = Decision.objects.get()
    assert (decision.source, decision.user) == (DecisionSource.PERSON, None)
    assert decision.reason.startswith("By the API key test (…")


@pytest.mark.parametrize("name", ["Spam", " spam ", "1"])
def test_a_label_may_be_named_as_in_an_upload(client: APIClient, example: Example, name: str) -> None:
    assert client.patch(f"{URL}/{example.pk}", {"label": name}).json()["label"]["number"] == 1


def test_a_label_is_taken_away_with_null(client: APIClient, example: Example) -> None:
    client.patch(f"{URL}/{example.pk}", {"label": 1})

    response = client.patch(f"{URL}/{example.pk}", {"label": None})

    assert (response.json()["label"], response.json()["state"]) == (None, "unlabelled")
    assert Decision.objects.count() == 2


def test_a_text_changes_with_its_key_and_keeps_its_label(client: APIClient, example: Example) -> None:
    client.patch(f"{URL}/{example.pk}", {"label": 1})

    response = client.patch(f"{URL}/{example.pk}", {"text": " win a\r\ncar "})

    example.refresh_from_db()
    assert (response.status_code, response.json()["text"]) == (200, "win a\ncar")
    assert (example.text, example.text_key, example.label.number) == ("win a\ncar", text_key("win a car"), 1)


def test_what_a_version_said_of_the_old_text_goes_with_it(client: APIClient, example: Example) -> None:
    kept = HeldOutFactory()
    HeldOutFactory(example=example)

    client.patch(f"{URL}/{example.pk}", {"text": "win a car"})

    assert list(HeldOut.objects.all()) == [kept]


def test_the_same_text_again_changes_nothing(client: APIClient, example: Example) -> None:
    HeldOutFactory(example=example)

    response = client.patch(f"{URL}/{example.pk}", {"text": "win a phone "})

    assert (response.status_code, HeldOut.objects.count()) == (200, 1)


def test_a_text_may_change_in_white_space_only(client: APIClient, example: Example) -> None:
    assert client.patch(f"{URL}/{example.pk}", {"text": "win  a phone"}).json()["text"] == "win  a phone"


def test_a_text_that_another_example_has_is_refused(client: APIClient, example: Example) -> None:
    ExampleFactory(classifier=example.classifier, text="taken")

    response = client.patch(f"{URL}/{example.pk}", {"text": "taken", "label": 1})

    example.refresh_from_db()
    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert (example.text, example.state) == ("win a phone", ExampleState.UNLABELLED)


@pytest.mark.parametrize(
    ("body", "issues"),
    [
        ({}, [(None, "required")]),
        ({"text": None}, [("text", "null")]),
        ({"text": 5}, [("text", "not_a_string")]),
        ({"text": " "}, [("text", "blank")]),
        ({"text": "x" * 100_001}, [("text", "too_long")]),
        ({"text": "a\x07"}, [("text", "bad_text")]),
        ({"label": 7}, [("label", "unknown_label")]),
        ({"label": "Spm"}, [("label", "unknown_label")]),
        ({"label": False}, [("label", "not_a_label")]),
        ({"label": ""}, [("label", "blank")]),
        ({"label": 1, "state": "confirmed", "id": 1}, [("id", "unknown_field"), ("state", "unknown_field")]),
    ],
)
def test_a_bad_field_is_named_and_nothing_changes(
    client: APIClient, example: Example, body: dict[str, Any], issues: list[Any]
) -> None:
    response = client.patch(f"{URL}/{example.pk}", body)

    example.refresh_from_db()
    assert (response.status_code, _issues(response)) == (400, issues)
    assert (example.text, example.state, Decision.objects.count()) == ("win a phone", ExampleState.UNLABELLED, 0)


def test_a_label_of_another_classifier_is_unknown(client: APIClient, example: Example) -> None:
    LabelFactory(number=7, name="Foreign")

    assert _issues(client.patch(f"{URL}/{example.pk}", {"label": "Foreign"})) == [("label", "unknown_label")]


def test_a_deleted_example_is_gone_with_its_decisions(client: APIClient, example: Example) -> None:
    client.patch(f"{URL}/{example.pk}", {"label": 1})

    response = client.delete(f"{URL}/{example.pk}")

    assert (response.status_code, response.content) == (204, b"")
    assert (Example.objects.count(), Decision.objects.count()) == (0, 0)
    assert client.delete(f"{URL}/{example.pk}").status_code == 404


@pytest.mark.parametrize("method", ["post", "put"])
def test_another_method_is_refused(client: APIClient, example: Example, method: str) -> None:
    assert getattr(client, method)(f"{URL}/{example.pk}", {}).status_code == 405


def test_a_parameter_is_refused(client: APIClient, example: Example) -> None:
    assert _issues(client.get(f"{URL}/{example.pk}?fields=text")) == [("fields", "unknown_parameter")]


def _labelled(client: APIClient, example: Example) -> str:
    address = f"{URL}/{example.pk}"
    client.patch(address, {"label": 1})
    return address


def test_an_example_is_set_aside_as_golden_and_given_back(client: APIClient, example: Example) -> None:
    address = _labelled(client, example)

    aside = [client.patch(address, {"golden": True}).json()["golden"] for _ in range(2)]
    seen = client.get(address).json()["golden"]
    back = [client.patch(address, {"golden": False}).json()["golden"] for _ in range(2)]

    assert (aside, seen, back) == ([True, True], True, [False, False])


def test_a_label_and_the_golden_mark_can_be_given_at_once(client: APIClient, example: Example) -> None:
    response = client.patch(f"{URL}/{example.pk}", {"label": 1, "golden": True})

    assert (response.status_code, response.json()["state"], response.json()["golden"]) == (200, "confirmed", True)


@pytest.mark.parametrize("body", [{"golden": True}, {"golden": True, "label": None, "text": "new"}])
def test_without_a_confirmed_label_nothing_is_set_aside_or_changed(
    client: APIClient, example: Example, body: dict[str, Any]
) -> None:
    response = client.patch(f"{URL}/{example.pk}", body)

    example.refresh_from_db()
    assert (response.status_code, example.is_golden, example.text) == (409, False, "win a phone")
    assert "Only an example with a confirmed label" in response.json()["message"]


@pytest.mark.parametrize("value", ["true", 1, [], {}])
def test_golden_is_true_or_false(client: APIClient, example: Example, value: Any) -> None:
    response = client.patch(f"{URL}/{example.pk}", {"golden": value})

    assert (response.status_code, _issues(response)) == (400, [("golden", "not_a_boolean")])
