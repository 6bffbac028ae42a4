"""A ranking over the API: what it is, and the position in its answers."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from classifiers.models import ClassifierType
from moderation.models import RequestLog
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory
from tests.live_versions import go_live

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("encoder_folder")]

PATH = "/api/v1/classifiers/quality"
STEPS = {"Poor": "bad bad worst junk", "Great": "a wonderful, useful answer"}


@pytest.fixture
def client() -> APIClient:
    go_live(ClassifierFactory(key="quality", type=ClassifierType.RANKING), prototypes=STEPS)
    return client_for(project_with("quality", "email", is_logging=True))


def test_a_classifier_says_that_it_is_a_ranking(client: APIClient) -> None:
    assert client.get(PATH).json()["type"] == "ranking"


def test_an_answer_has_the_expected_position(client: APIClient) -> None:
    body = client.post(f"{PATH}/predict", {"text": STEPS["Great"]}).json()

    assert body.keys() == {"label", "score", "label_scores", "position"}
    # Of two labels the position is the upper one's probability.
    assert body["position"] == pytest.approx(body["label_scores"]["Great"], abs=1e-5)


def test_each_of_many_answers_has_its_position_and_a_bad_text_has_none(client: APIClient) -> None:
    results = client.post(f"{PATH}/predict", {"texts": [STEPS["Poor"], "", STEPS["Great"]]}).json()["results"]

    assert results[0]["position"] < results[2]["position"]
    assert "position" not in results[1]


def test_moderating_a_text_gives_the_position_and_the_log_keeps_it(client: APIClient) -> None:
    body = client.post("/api/v1/moderate/text", {"value": STEPS["Great"]}).json()

    assert body["quality"]["position"] > 0.5
    assert "position" not in body["email"]
    assert RequestLog.objects.get().findings["quality"]["position"] == body["quality"]["position"]
