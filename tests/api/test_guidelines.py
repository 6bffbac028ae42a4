"""`GET /classifiers/{key}/guidelines`: the wordings that the labels have had."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from classifiers.models import Classifier
from classifiers.services import labels
from moderation.models import Scope
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory, LabelFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/classifiers/message-check/guidelines"


@pytest.fixture
def classifier() -> Classifier:
    """Return a classifier whose label has had three wordings."""
    made: Classifier = ClassifierFactory(key="message-check")
    LabelFactory(classifier=made, number=0, name="Spam", description="0")
    for text in "12":
        labels.change(made.pk, 0, description=text)
    return made


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ,))


def test_the_wordings_are_listed_newest_first(client: APIClient) -> None:
    body = client.get(URL).json()

    assert [one["number"] for one in body["guidelines"]] == [3, 2, 1]
    assert body["guidelines"][0]["labels"] == [{"number": 0, "name": "Spam", "description": "2"}]
    assert body["guidelines"][0].keys() == {"number", "labels", "created_at"}
    assert body["next_cursor"] is None


def test_they_come_page_by_page(client: APIClient) -> None:
    first = client.get(f"{URL}?limit=2").json()
    second = client.get(f"{URL}?limit=2&cursor={first['next_cursor']}").json()

    assert [one["number"] for page in (first, second) for one in page["guidelines"]] == [3, 2, 1]
    assert second["next_cursor"] is None


def test_a_classifier_whose_labels_were_never_saved_has_none(client: APIClient, classifier: Classifier) -> None:
    classifier.guidelines.all().delete()

    assert client.get(URL).json() == {"guidelines": [], "next_cursor": None}


@pytest.mark.parametrize("query", ["limit=0", "cursor=x", "number=1", f"cursor={'9' * 19}"])
def test_a_bad_page_is_refused(client: APIClient, query: str) -> None:
    assert client.get(f"{URL}?{query}").status_code == 400


def test_nothing_can_be_written(client: APIClient) -> None:
    assert client.post(URL, {}).status_code == 405


def test_a_page_takes_as_many_queries_for_many_as_for_one(
    client: APIClient, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    client.get(URL)

    # The key, what its project runs, the classifier, the guidelines.
    for limit in (1, 100):
        with django_assert_num_queries(4):  # type: ignore[operator]
            client.get(f"{URL}?limit={limit}")
