"""`POST /moderate/text`: the analyzers of the key's project on one text."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from moderation.analyzers.base import RESERVED_KEYS
from tests.clients import client_for, project_with
from tests.factories import AnalyzerSettingFactory, ClassifierFactory
from tests.live_versions import go_live

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("encoder_folder")]

PATH = "/api/v1/moderate/text"


@pytest.mark.parametrize("path", ["/api/v1/moderate/text", "/v1/moderate/text"])
def test_the_answer_has_the_form_that_clients_know(path: str) -> None:
    go_live(ClassifierFactory(key="message-check"))
    client = client_for(project_with("email", "message-check"))

    response = client.post(path, {"value": "Pay me by bank transfer: bob@example.com"})

    body = response.json()
    timestamp = body["request"].pop("timestamp")
    custom = body.pop("message-check")
    assert response.status_code == 200
    assert 1_700_000_000_000 < timestamp < 10_000_000_000_000
    assert body == {
        "status": "success",
        "request": {"quota_usage": 1},
        "flagged": True,
        "author": None,
        "content_moderated": False,
        "unicode_spoofing": False,
        "data_found": True,
        "original": "Pay me by bank transfer: bob@example.com",
        "content": "Pay me by bank transfer: bob@example.com",
        "email": {"found": True, "mode": "NORMAL", "matches": ["bob@example.com"]},
    }
    assert custom.keys() == {"label", "score", "label_scores"}
    assert (custom["label"], custom["score"]) == ("Payment", custom["label_scores"]["Payment"])
    assert custom["score"] > 0.5
    assert sum(custom["label_scores"].values()) == pytest.approx(1)


def test_look_alikes_and_hidden_characters_are_undone_before_the_analyzers_run() -> None:
    client = client_for(project_with("email"))

    body = client.post(PATH, {"value": "b\u200bob@ex\u0430mple.com"}).json()

    assert body["original"] == "b\u200bob@ex\u0430mple.com"
    assert body["content"] == "bob@example.com"
    assert body["email"]["matches"] == ["bob@example.com"]
    assert (body["content_moderated"], body["unicode_spoofing"]) == (True, True)


def test_a_project_without_analyzers_answers_without_findings() -> None:
    body = client_for(project_with()).post(PATH, {"value": "Hello"}).json()

    assert (body["flagged"], body["data_found"], body["request"]["quota_usage"]) == (False, False, 1)


def test_an_analyzer_that_is_switched_off_is_not_run() -> None:
    project = project_with()
    AnalyzerSettingFactory(project=project, analyzer="email", is_enabled=False)

    body = client_for(project).post(PATH, {"value": "bob@example.com"}).json()

    assert "email" not in body


def test_each_custom_classifier_costs_one_unit() -> None:
    go_live(ClassifierFactory(key="one"))
    go_live(ClassifierFactory(key="two"))

    body = client_for(project_with("email", "one", "two")).post(PATH, {"value": "Hello"}).json()

    assert body["request"]["quota_usage"] == 2


def test_a_classifier_without_a_live_version_fails_alone() -> None:
    ClassifierFactory(key="untrained")

    response = client_for(project_with("email", "untrained")).post(PATH, {"value": "bob@example.com"})

    body = response.json()
    assert response.status_code == 200
    assert (body["untrained"]["label"], body["untrained"]["label_scores"]) == (None, {})
    assert "Train it first" in body["untrained"]["error"]
    assert body["email"]["found"] is True


def test_a_classifier_whose_files_are_gone_fails_alone() -> None:
    version = go_live(ClassifierFactory(key="lost"))
    type(version).objects.filter(pk=version.pk).update(artifact_sha256="1" * 64, artifact_path="lost/2")

    body = client_for(project_with("email", "lost")).post(PATH, {"value": "bob@example.com"}).json()

    assert body["lost"]["label"] is None
    assert "missing" in body["lost"]["error"]
    assert body["email"]["found"] is True


def test_a_classifier_of_another_encoder_fails_alone() -> None:
    go_live(ClassifierFactory(key="older"), encoder_id="another-encoder")

    body = client_for(project_with("older")).post(PATH, {"value": "Hello"}).json()

    assert "another encoder" in body["older"]["error"]


def test_an_analyzer_that_is_gone_fails_alone() -> None:
    body = client_for(project_with("email", "deleted-one")).post(PATH, {"value": "bob@example.com"}).json()

    assert "no analyzer with this key" in body["deleted-one"]["error"]
    assert body["request"]["quota_usage"] == 1
    assert body["email"]["found"] is True


def test_no_label_is_given_where_none_passes_its_threshold() -> None:
    go_live(ClassifierFactory(key="strict"), thresholds={"Payment": 0.999, "Greeting": 0.999})

    body = client_for(project_with("strict")).post(PATH, {"value": "Green lamps"}).json()

    assert body["strict"]["label"] is None
    assert body["strict"]["score"] == max(body["strict"]["label_scores"].values())


def test_every_field_beside_the_analyzers_is_reserved() -> None:
    body = client_for(project_with("email", is_logging=True)).post(PATH, {"value": "Hello"}).json()

    assert body.keys() - {"email"} <= RESERVED_KEYS


def test_a_classifier_cannot_take_the_place_of_a_field() -> None:
    # As it might be called in a database that was filled by other means than the screens.
    go_live(ClassifierFactory(key="original"))

    body = client_for(project_with("original")).post(PATH, {"value": "Hello"}).json()

    assert body["original"] == "Hello"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("newField", 1),
        ("policies", []),
        ("contentId", None),
        ("contentId", ""),
        ("authorId", ""),
        ("metadata", None),
        ("doNotStore", None),
    ],
)
def test_what_a_client_of_another_generation_sends_is_ignored(name: str, value: object) -> None:
    response = client_for(project_with()).post(PATH, {"value": "Hello", name: value})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("contentId", 5, "not_a_string"),
        ("contentId", "x" * 101, "too_long"),
        ("contentId", " ", "blank"),
        ("contentId", "a\0", "nul_character"),
        ("authorId", ["a"], "not_a_string"),
        ("authorId", "x" * 201, "too_long"),
        ("contextId", "x" * 201, "too_long"),
        ("channelKey", "x" * 101, "too_long"),
        ("metadata", "a", "not_an_object"),
        ("metadata", [], "not_an_object"),
        ("metadata", {"a": ["b\0"]}, "bad_character"),
        ("metadata", {"a\0": 1}, "bad_character"),
        ("doNotStore", "true", "not_a_boolean"),
        ("doNotStore", 1, "not_a_boolean"),
    ],
)
def test_a_bad_field_is_named(name: str, value: object, code: str) -> None:
    response = client_for(project_with()).post(PATH, {"value": "Hello", name: value})

    [issue] = response.json()["issues"]
    assert (response.status_code, issue["field"], issue["code"]) == (400, name, code)


# --- What it costs ------------------------------------------------------------------------------------------------


def test_a_request_asks_the_database_four_times(django_assert_num_queries: Any) -> None:
    go_live(ClassifierFactory(key="one"))
    client = client_for(project_with("email", "one", is_logging=True))
    client.post(PATH, {"value": "The first use of a key in a minute is noted."})

    with django_assert_num_queries(4) as queries:
        client.post(PATH, {"value": "Hello"})

    assert _tables(queries) == [
        "SELECT moderation_apikey",
        "SELECT moderation_analyzersetting",
        "SELECT classifiers_classifier",
        "INSERT moderation_requestlog",
    ]


def test_more_classifiers_do_not_cost_more_queries(django_assert_num_queries: Any) -> None:
    for key in ("one", "two", "three"):
        go_live(ClassifierFactory(key=key))
    client = client_for(project_with("email", "one", "two", "three"))
    client.post(PATH, {"value": "Hello"})

    with django_assert_num_queries(3):
        client.post(PATH, {"value": "Hello"})


def test_built_in_analyzers_alone_do_not_ask_for_classifiers(django_assert_num_queries: Any) -> None:
    client = client_for(project_with("email"))
    client.post(PATH, {"value": "Hello"})

    with django_assert_num_queries(2):
        client.post(PATH, {"value": "Hello"})


def _tables(queries: CaptureQueriesContext) -> list[str]:
    """Return the verb and the first table of each query."""
    found = []
    for query in queries.captured_queries:
        verb = query["sql"].split()[0]
        table = query["sql"].partition("INTO " if verb == "INSERT" else "FROM ")[2].split()[0]
        found.append(f"{verb} {table.strip(chr(34))}")
    return found
