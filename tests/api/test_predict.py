"""`POST /classifiers/{key}/predict`: one classifier on one text or many."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.models import Classifier, Version
from moderation.models import RequestLog
from tests.clients import client_for
from tests.factories import AnalyzerSettingFactory, ClassifierFactory, ProjectFactory
from tests.live_versions import PROTOTYPES, go_live

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("encoder_folder")]

PATH = "/api/v1/classifiers/message-check/predict"


def _project(**values: Any) -> Any:
    return AnalyzerSettingFactory(project=ProjectFactory(**values), analyzer="message-check").project


def _trained() -> Version:
    return go_live(ClassifierFactory(key="message-check"))


@pytest.mark.parametrize("path", [PATH, PATH.removeprefix("/api")])
def test_the_answer_has_the_form_of_the_guide(path: str) -> None:
    _trained()

    response = client_for(_project()).post(path, {"text": PROTOTYPES["Greeting"]})

    body = response.json()
    assert response.status_code == 200
    assert body.keys() == {"label", "score", "label_scores"}
    assert (body["label"], body["score"]) == ("Greeting", body["label_scores"]["Greeting"])
    assert body["label_scores"].keys() == {"Payment", "Greeting"}
    assert body["score"] > 0.9


def test_many_texts_are_answered_in_order() -> None:
    _trained()
    texts = [PROTOTYPES["Greeting"], PROTOTYPES["Payment"], PROTOTYPES["Greeting"]]

    body = client_for(_project()).post(PATH, {"texts": texts}).json()

    assert [result["label"] for result in body["results"]] == ["Greeting", "Payment", "Greeting"]


def test_a_text_is_answered_alike_alone_and_among_others() -> None:
    _trained()
    client = client_for(_project())

    alone = client.post(PATH, {"text": "Hello there"}).json()
    among = client.post(PATH, {"texts": ["Pay now", "Hello there"]}).json()["results"][1]

    assert alone == among


def test_a_bad_text_among_good_ones_is_answered_in_its_place() -> None:
    _trained()
    texts = [PROTOTYPES["Greeting"], "  ", PROTOTYPES["Payment"], 5]

    response = client_for(_project()).post(PATH, {"texts": texts})

    good, blank, other, number = response.json()["results"]
    assert response.status_code == 200
    assert (good["label"], other["label"]) == ("Greeting", "Payment")
    assert (blank["label"], blank["score"], blank["error"]["code"]) == (None, None, "blank")
    assert number["error"]["code"] == "not_a_string"


def test_only_bad_texts_are_all_answered() -> None:
    _trained()

    body = client_for(_project()).post(PATH, {"texts": [None, ""]}).json()

    assert [result["error"]["code"] for result in body["results"]] == ["null", "blank"]


def test_a_hundred_texts_are_taken_and_one_more_is_not() -> None:
    _trained()
    client = client_for(_project())

    taken = client.post(PATH, {"texts": ["Hello"] * 100})
    refused = client.post(PATH, {"texts": ["Hello"] * 101})

    assert (taken.status_code, len(taken.json()["results"])) == (200, 100)
    assert (refused.status_code, refused.json()["issues"][0]["code"]) == (413, "too_many")


@pytest.mark.parametrize("texts", [[], {}, "Hello", None, 5])
def test_what_is_no_list_of_texts_is_refused(texts: object) -> None:
    _trained()

    response = client_for(_project()).post(PATH, {"texts": texts})

    [issue] = response.json()["issues"]
    assert (response.status_code, issue["field"], issue["code"]) == (400, "texts", "not_a_list_of_texts")


def test_text_and_texts_together_are_refused() -> None:
    _trained()

    response = client_for(_project()).post(PATH, {"text": "Hello", "texts": ["Hello"]})

    assert (response.status_code, response.json()["issues"][0]["code"]) == (400, "ambiguous")


def test_an_unknown_field_is_named() -> None:
    _trained()

    response = client_for(_project()).post(PATH, {"text": "Hello", "value": "Hello", "x" * 900: 1})

    issues = response.json()["issues"]
    assert response.status_code == 400
    assert [issue["code"] for issue in issues] == ["unknown_field"] * 2
    assert [issue["field"] for issue in issues] == ["value", "x" * 60]


def test_a_classifier_without_a_live_version_is_a_conflict() -> None:
    ClassifierFactory(key="message-check")

    response = client_for(_project(is_logging=True)).post(PATH, {"text": "Hello"})

    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert "Train it first" in response.json()["message"]
    assert int(response["Retry-After"]) > 0


def test_a_classifier_whose_files_are_gone_is_unavailable_and_nothing_is_stored() -> None:
    version = _trained()
    Version.objects.filter(pk=version.pk).update(artifact_sha256="1" * 64, artifact_path="message-check/2")

    response = client_for(_project(is_logging=True)).post(PATH, {"text": "Hello"})

    assert (response.status_code, response.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert "missing" in response.json()["message"]
    assert int(response["Retry-After"]) > 0
    assert not RequestLog.objects.exists()


def test_a_new_live_version_answers_the_next_request() -> None:
    _trained()
    client = client_for(_project())
    before = client.post(PATH, {"text": "Hello"}).json()
    Classifier.objects.get().labels.all().delete()
    go_live(Classifier.objects.get(), prototypes={"Cats": "cats", "Dogs": "dogs"}, path="message-check/2")

    after = client.post(PATH, {"text": "Hello"}).json()

    assert before["label"] == "Greeting"
    assert after["label_scores"].keys() == {"Cats", "Dogs"}


@pytest.mark.parametrize("key", ["another", "email", "no-such-one", "%00", "x" * 500])
def test_a_classifier_that_the_project_does_not_run_is_not_found(key: str) -> None:
    _trained()
    go_live(ClassifierFactory(key="another"))
    project = _project()
    AnalyzerSettingFactory(project=project, analyzer="email")

    response = client_for(project).post(f"/api/v1/classifiers/{key}/predict", {"text": "Hello"})

    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


def test_each_text_is_stored_where_the_project_keeps_a_log() -> None:
    _trained()

    body = client_for(_project(is_logging=True)).post(PATH, {"texts": ["Hello", "", "Good bye"]}).json()

    rows = RequestLog.objects.order_by("pk")
    assert [row.text for row in rows] == ["Hello", "Good bye"]
    assert {row.endpoint for row in rows} == {"predict"}
    assert rows[0].findings == {"message-check": body["results"][0]}


@pytest.mark.parametrize("body", [{"text": "Hello"}, {"texts": ["Hello"]}])
def test_nothing_is_stored_where_the_caller_says_so(body: dict[str, object]) -> None:
    _trained()

    response = client_for(_project(is_logging=True)).post(PATH, body | {"doNotStore": True})

    assert response.status_code == 200
    assert not RequestLog.objects.exists()


def test_a_prediction_asks_the_database_five_times(django_assert_num_queries: Any) -> None:
    _trained()
    client = client_for(_project(is_logging=True))
    client.post(PATH, {"text": "The first use of a key in a minute is noted."})

    with django_assert_num_queries(5):
        client.post(PATH, {"texts": ["Hello"] * 20})
