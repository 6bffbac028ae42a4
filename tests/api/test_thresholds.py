"""`/classifiers/{key}/thresholds`: look and set; and what they do to the answers of the other endpoints."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from classifiers.models import Classifier, Version
from moderation.models import Scope
from tests import staff
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory, LabelFactory
from tests.live_versions import go_live

pytestmark = pytest.mark.django_db

# A greeting for the model of `go_live`, though not for certain.
UNSURE = "Hello, how much is it?"
URL = "/api/v1/classifiers/message-check/thresholds"


@pytest.fixture
def version() -> Version:
    classifier = ClassifierFactory(key="message-check")
    LabelFactory(classifier=classifier, number=0, name="Fine")
    LabelFactory(classifier=classifier, number=1, name="Spam")
    made = staff.scored(classifier, number=4)
    Classifier.objects.update(live_version=made)
    return made


@pytest.fixture
def client() -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ, Scope.WRITE, Scope.MODERATE))


def _issues(response: Any) -> list[tuple[str | None, str | None]]:
    return [(issue.get("field"), issue.get("code")) for issue in response.json()["issues"]]


def test_the_live_version_s_thresholds_are_told(version: Version, client: APIClient) -> None:
    Version.objects.update(thresholds={"1": 0.7})

    response = client.get(URL)

    assert (response.status_code, response.json()) == (200, {"version": 4, "thresholds": {"1": 0.7}})


def test_all_thresholds_are_set_at_once(version: Version, client: APIClient) -> None:
    client.put(URL, {"thresholds": {"0": 0.5}})

    response = client.put(URL, {"thresholds": {"1": 0.7, "0": 0}})

    assert (response.status_code, response.json()["thresholds"]) == (200, {"1": 0.7})
    version.refresh_from_db()
    assert version.thresholds == {"1": 0.7}


def test_an_empty_object_removes_them(version: Version, client: APIClient) -> None:
    Version.objects.update(thresholds={"1": 0.7})

    assert client.put(URL, {"thresholds": {}}).json()["thresholds"] == {}


@pytest.mark.parametrize(
    ("body", "issues"),
    [
        ({}, [("thresholds", "required")]),
        ({"thresholds": None}, [("thresholds", "required")]),
        ({"thresholds": [0.5]}, [("thresholds", "not_an_object")]),
        ({"thresholds": {"0": "0.5"}}, [("thresholds", "bad_threshold")]),
        ({"thresholds": {"0": True}}, [("thresholds", "bad_threshold")]),
        ({"thresholds": {"0": None}}, [("thresholds", "bad_threshold")]),
        ({"thresholds": {"0": 1.01}}, [("thresholds", "bad_threshold")]),
        ({"thresholds": {"0": -1}}, [("thresholds", "bad_threshold")]),
        ({"thresholds": {"0": 10**29}}, [("thresholds", "bad_threshold")]),
        ({"thresholds": {"7": 0.5}}, [("thresholds", "bad_threshold")]),
        ({"thresholds": {"Spam": 0.5}}, [("thresholds", "unknown_label")]),
        ({"thresholds": {"9" * 30: 0.5}}, [("thresholds", "unknown_label")]),
        ({"thresholds": {"\u0661": 0.5}}, [("thresholds", "unknown_label")]),
        ({"thresholds": {"0": 0.5}, "version": 3}, [("version", "unknown_field")]),
    ],
)
def test_a_bad_field_is_named_and_nothing_changes(
    version: Version, client: APIClient, body: dict[str, Any], issues: list[Any]
) -> None:
    Version.objects.update(thresholds={"1": 0.7})

    response = client.put(URL, body)

    assert (response.status_code, _issues(response)) == (400, issues)
    version.refresh_from_db()
    assert version.thresholds == {"1": 0.7}


@pytest.mark.parametrize("method", ["get", "put"])
def test_without_a_live_version_it_is_a_conflict(client: APIClient, method: str) -> None:
    ClassifierFactory(key="message-check")

    response = getattr(client, method)(URL, {"thresholds": {}} if method == "put" else None)

    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert "Train it first" in response.json()["message"]


@pytest.mark.parametrize("method", ["post", "patch", "delete"])
def test_another_method_is_refused(version: Version, client: APIClient, method: str) -> None:
    assert getattr(client, method)(URL, {}).status_code == 405


def test_a_parameter_is_refused(version: Version, client: APIClient) -> None:
    assert _issues(client.get(f"{URL}?version=3")) == [("version", "unknown_parameter")]


@pytest.mark.usefixtures("encoder_folder")
def test_under_the_threshold_the_label_is_null_and_the_scores_stay(client: APIClient) -> None:
    live = go_live(ClassifierFactory(key="message-check"))
    Version.objects.filter(pk=live.pk).update(labels=[{"number": 0, "name": "P"}, {"number": 1, "name": "G"}])
    predict = "/api/v1/classifiers/message-check/predict"
    before = client.post(predict, {"text": UNSURE}).json()

    client.put(URL, {"thresholds": {"0": 1, "1": 1}})

    predicted = client.post(predict, {"text": UNSURE}).json()
    moderated = client.post("/api/v1/moderate/text", {"value": UNSURE}).json()["message-check"]
    assert before["label"] == "Greeting"
    assert predicted == before | {"label": None}
    assert (moderated["label"], moderated["label_scores"]) == (None, before["label_scores"])


@pytest.mark.usefixtures("encoder_folder")
def test_a_label_that_reaches_its_threshold_is_given_and_removing_it_gives_all_again(client: APIClient) -> None:
    live = go_live(ClassifierFactory(key="message-check"))
    Version.objects.filter(pk=live.pk).update(labels=[{"number": 0, "name": "P"}, {"number": 1, "name": "G"}])
    predict = "/api/v1/classifiers/message-check/predict"
    body = {"text": UNSURE}

    answers = []
    for thresholds in ({"1": 0.9}, {"1": 1, "0": 1}, {}):
        client.put(URL, {"thresholds": thresholds})
        answers.append(client.post(predict, body).json()["label"])

    assert answers == ["Greeting", None, "Greeting"]
