"""`/classifiers/{key}/trainings`: start a training, follow it, read its scores."""

from __future__ import annotations

from typing import Any

import pytest
from django_q.models import OrmQ
from rest_framework.test import APIClient

from classifiers.models import Classifier, Version
from moderation.models import Scope
from moderation.runs import RunState
from tests import staff
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory, LabelFactory, LabelledExampleFactory, VersionFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/classifiers/message-check/trainings"


@pytest.fixture
def classifier() -> Classifier:
    return ClassifierFactory(key="message-check")


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ, Scope.WRITE))


def test_a_training_is_started_and_waits_for_a_worker(
    client: APIClient, classifier: Classifier, django_capture_on_commit_callbacks: Any
) -> None:
    staff.trainable(classifier)

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(URL)

    body = response.json()
    classifier.refresh_from_db()
    assert (response.status_code, response["Location"]) == (202, f"{URL}/1")
    assert (body["number"], body["url"], body["state"], body["scores"]) == (1, f"{URL}/1", "queued", None)
    assert (OrmQ.objects.count(), classifier.has_locked_labels) == (1, True)


def test_its_progress_can_be_followed(client: APIClient, classifier: Classifier) -> None:
    VersionFactory(classifier=classifier, number=3, state=RunState.RUNNING, progress=0.4321, step="Training")

    body = client.get(f"{URL}/3").json()

    assert (body["number"], body["state"], body["progress"], body["step"]) == (3, "running", 0.432, "Training")


def test_what_came_of_it_can_be_read(client: APIClient, classifier: Classifier) -> None:
    LabelFactory(classifier=classifier, number=0)
    staff.scored(classifier, number=1, example_count=320, suggested_count=20)
    VersionFactory(classifier=classifier, number=2, state=RunState.FAILED, error="There were no examples.")

    done, failed = (client.get(f"{URL}/{number}").json() for number in (1, 2))

    assert (done["state"], done["examples"], done["suggested_examples"]) == ("succeeded", 320, 20)
    assert done["scores"]["macro_f1"] == 0.9
    assert (failed["state"], failed["error"], failed["scores"]) == ("failed", "There were no examples.", None)


@pytest.mark.parametrize(("labels", "each", "sentence"), [(1, 20, "at least two labels"), (2, 5, "at least 20")])
def test_what_can_t_be_trained_is_refused_with_what_is_missing(
    client: APIClient, classifier: Classifier, labels: int, each: int, sentence: str
) -> None:
    for number in range(labels):
        label = LabelFactory(classifier=classifier, number=number)
        LabelledExampleFactory.create_batch(each, classifier=classifier, label=label)

    response = client.post(URL)

    assert (response.status_code, sentence in response.json()["message"]) == (422, True)
    assert not Version.objects.exists()


def test_while_one_goes_on_another_is_refused(client: APIClient, classifier: Classifier) -> None:
    staff.trainable(classifier)
    client.post(URL)

    response = client.post(URL)

    assert (response.status_code, "under way" in response.json()["message"]) == (409, True)
    assert Version.objects.count() == 1


def test_a_body_is_refused(client: APIClient, classifier: Classifier) -> None:
    staff.trainable(classifier)

    response = client.post(URL, {"deep": True})

    assert (response.status_code, Version.objects.count()) == (400, 0)


@pytest.mark.parametrize("number", ["4", "0", "x", "1e3", "9" * 30])
def test_a_training_that_isn_t_there_is_not_found(client: APIClient, classifier: Classifier, number: str) -> None:
    assert client.get(f"{URL}/{number}").status_code == 404


def test_all_are_listed_in_pages_the_newest_first(client: APIClient, classifier: Classifier) -> None:
    for number in (1, 2, 3):
        VersionFactory(classifier=classifier, number=number, state=RunState.FAILED)

    first = client.get(f"{URL}?limit=2").json()
    second = client.get(f"{URL}?limit=2&cursor={first['next_cursor']}").json()

    assert [each["number"] for each in first["trainings"]] == [3, 2]
    assert ([each["number"] for each in second["trainings"]], second["next_cursor"]) == ([1], None)
