"""`GET /classifiers` and `GET /classifiers/{key}`: what the key's project runs."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.models import Classifier
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory, DoneVersionFactory, LabelFactory

pytestmark = pytest.mark.django_db


def test_the_list_has_the_project_s_classifiers_by_name_and_no_others() -> None:
    ClassifierFactory(key="zebra", name="A zebra")
    ClassifierFactory(key="ant", name="Z ant")
    ClassifierFactory(key="foreign")

    body = client_for(project_with("ant", "email", "zebra")).get("/api/v1/classifiers").json()

    assert [classifier["key"] for classifier in body["classifiers"]] == ["zebra", "ant"]


def test_a_classifier_is_described_with_its_labels_and_scores() -> None:
    classifier = ClassifierFactory(key="message-check", name="Message check", description="May it stay?")
    LabelFactory(classifier=classifier, number=0, name="Fine", description="Anything else.")
    version = DoneVersionFactory(
        classifier=classifier, number=3, example_count=200, suggested_count=50, scores={"macro_f1": 0.9}
    )
    Classifier.objects.update(live_version=version)

    body = client_for(project_with("message-check")).get("/api/v1/classifiers/message-check").json()

    assert body == {
        "key": "message-check",
        "name": "Message check",
        "type": "classifier",
        "description": "May it stay?",
        "labels": [{"number": 0, "name": "Fine", "description": "Anything else."}],
        "live_version": {
            "number": 3,
            "trained_at": None,
            "examples": 200,
            "suggested_examples": 50,
            "scores": {"macro_f1": 0.9},
        },
    }


def test_a_classifier_that_is_not_trained_has_no_live_version() -> None:
    ClassifierFactory(key="message-check")

    body = client_for(project_with("message-check")).get("/api/v1/classifiers/message-check").json()

    assert body["live_version"] is None


@pytest.mark.parametrize("key", ["foreign", "email", "none"])
def test_what_the_project_does_not_run_is_not_found(key: str) -> None:
    ClassifierFactory(key="foreign")

    response = client_for(project_with("email")).get(f"/api/v1/classifiers/{key}")

    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


def test_the_list_does_not_ask_more_often_for_more_classifiers(django_assert_num_queries: Any) -> None:
    keys = ["one", "two", "three"]
    for key in keys:
        classifier = ClassifierFactory(key=key)
        LabelFactory(classifier=classifier)
        Classifier.objects.filter(pk=classifier.pk).update(live_version=DoneVersionFactory(classifier=classifier))
    client = client_for(project_with(*keys))
    client.get("/api/v1/classifiers")

    with django_assert_num_queries(4):
        client.get("/api/v1/classifiers")
