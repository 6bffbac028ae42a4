"""`/classifiers/{key}/annotation-runs`: plan, start, watch, stop, read what was said."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from annotation.models import AnnotationRun, AnnotationSetting, AnnotationState, Pick
from classifiers.models import Classifier
from moderation.models import Scope
from moderation.runs import RunState
from tests.clients import client_for, project_with
from tests.factories import AnnotationFactory, AnnotationRunFactory, ClassifierFactory, ExampleFactory, LabelFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/classifiers/message-check/annotation-runs"


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory(key="message-check")
    LabelFactory(classifier=made, number=0, name="Fine")
    LabelFactory(classifier=made, number=1, name="Spam")
    ExampleFactory.create_batch(12, classifier=made)
    return made


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ, Scope.WRITE))


@pytest.fixture
def llm(settings: Any) -> None:
    settings.OPENAI_API_KEY = "k"
    settings.OPENAI_MODEL = "some-model"
    settings.LLM_PRICES = {}


def _issues(response: Any) -> list[tuple[str | None, str | None]]:
    return [(issue.get("field"), issue.get("code")) for issue in response.json()["issues"]]


def _run(classifier: Classifier, **values: Any) -> AnnotationRun:
    made: AnnotationRun = AnnotationRunFactory(classifier=classifier, **values)
    return made


def test_a_plan_says_what_a_run_would_take_and_starts_nothing(client: APIClient, llm: None) -> None:
    AnnotationSetting.objects.create(classifier=Classifier.objects.get(), monthly_limit=190)

    response = client.post(f"{URL}/plan", {"pick": "first", "wanted": 10})

    body = response.json()
    assert response.status_code == 200
    assert body["prompt_tokens"] > 0
    assert {name: body[name] for name in ("annotator", "model", "texts", "shared", "calls", "cost", "problems")} == {
        "annotator": "llm",
        "model": "some-model",
        "texts": 10,
        "shared": 0,
        "calls": 10,
        "cost": None,
        "problems": [],
    }
    assert body["allowance_left"] == 190
    assert not AnnotationRun.objects.exists()


def test_a_plan_says_what_stands_in_the_way(client: APIClient, classifier: Classifier) -> None:
    classifier.examples.all().delete()

    body = client.post(f"{URL}/plan", {"pick": "all"}).json()

    assert (body["annotator"], body["model"], body["texts"]) == ("offline", None, 0)
    assert "There are no texts without a label" in body["problems"][0]


def test_a_key_that_may_only_read_may_plan_and_not_start(classifier: Classifier) -> None:
    client = client_for(project_with("message-check"), scopes=(Scope.READ,))

    assert client.post(f"{URL}/plan", {"pick": "first"}).status_code == 200
    assert client.post(URL, {"pick": "first"}).status_code == 403
    assert not AnnotationRun.objects.exists()


def test_a_run_is_started_and_has_an_address(client: APIClient, classifier: Classifier) -> None:
    response = client.post(URL, {"pick": "useful", "wanted": 5})

    body = response.json()
    run = AnnotationRun.objects.get()
    assert (response.status_code, response["Location"]) == (202, f"{URL}/{run.pk}")
    assert (run.pick, run.text_count, run.state) == (Pick.USEFUL, 5, RunState.QUEUED)
    assert (body["id"], body["state"], body["texts"], body["wording"]) == (str(run.pk), "queued", 5, 1)
    assert client.get(body["url"]).json()["id"] == body["id"]


def test_without_saying_which_the_first_ten_are_taken(client: APIClient) -> None:
    client.post(URL, {"pick": "first"})

    assert AnnotationRun.objects.get().text_count == 10


def test_the_texts_of_an_earlier_run_are_annotated_again(client: APIClient, classifier: Classifier) -> None:
    run = _run(classifier, state=RunState.SUCCEEDED)
    AnnotationFactory(run=run, label=classifier.labels.first())

    response = client.post(URL, {"pick": "again", "repeats": str(run.pk)})

    assert (response.status_code, response.json()["repeats"]) == (202, str(run.pk))


def test_a_second_run_at_a_time_is_a_conflict(client: APIClient, classifier: Classifier) -> None:
    _run(classifier, state=RunState.RUNNING)

    response = client.post(URL, {"pick": "first"})

    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert "under way" in response.json()["message"]


def test_more_than_the_allowance_is_a_conflict(client: APIClient, classifier: Classifier, llm: None) -> None:
    AnnotationSetting.objects.create(classifier=classifier, monthly_limit=3)

    response = client.post(URL, {"pick": "first"})

    assert response.status_code == 409
    assert "Choose fewer texts." in response.json()["message"]


@pytest.mark.parametrize("path", ["", "/plan"])
@pytest.mark.parametrize(
    ("body", "issue"),
    [
        ({"pick": "some"}, ("pick", "not_a_choice")),
        ({"pick": 1}, ("pick", "not_a_choice")),
        ({"pick": None}, ("pick", "not_a_choice")),
        ({"pick": ["first"]}, ("pick", "not_a_choice")),
        ({"pick": "first", "wanted": 0}, ("wanted", "not_a_number")),
        ({"pick": "first", "wanted": True}, ("wanted", "not_a_number")),
        ({"pick": "first", "wanted": "5"}, ("wanted", "not_a_number")),
        ({"pick": "first", "wanted": 200_001}, ("wanted", "not_a_number")),
        ({"pick": "first", "repeats": "1"}, ("repeats", "not_allowed")),
        ({"pick": "again"}, ("repeats", "not_an_id")),
        ({"pick": "again", "repeats": 1}, ("repeats", "not_an_id")),
        ({"pick": "again", "repeats": "9" * 30}, ("repeats", "not_an_id")),
        ({"pick": "again", "repeats": "999"}, ("repeats", "unknown_run")),
        ({"pick": "first", "model": "x"}, ("model", "unknown_field")),
    ],
)
def test_a_bad_field_is_named(client: APIClient, path: str, body: dict[str, Any], issue: tuple[str, str]) -> None:
    response = client.post(f"{URL}{path}", body)

    assert (response.status_code, _issues(response)) == (400, [issue])
    assert not AnnotationRun.objects.exists()


def test_the_run_of_another_classifier_can_not_be_repeated(client: APIClient) -> None:
    foreign = AnnotationRunFactory(state=RunState.SUCCEEDED)

    response = client.post(URL, {"pick": "again", "repeats": str(foreign.pk)})

    assert _issues(response) == [("repeats", "unknown_run")]


def test_runs_come_newest_first_and_page_by_page(client: APIClient, classifier: Classifier) -> None:
    runs = [_run(classifier, state=RunState.SUCCEEDED) for _ in range(3)]
    AnnotationRunFactory()

    first = client.get(f"{URL}?limit=2").json()
    second = client.get(f"{URL}?limit=2&cursor={first['next_cursor']}").json()

    assert [run["id"] for run in first["annotation_runs"]] == [str(runs[2].pk), str(runs[1].pk)]
    assert [run["id"] for run in second["annotation_runs"]] == [str(runs[0].pk)]
    assert second["next_cursor"] is None


def test_a_run_is_watched(client: APIClient, classifier: Classifier) -> None:
    run = _run(classifier, state=RunState.RUNNING, progress=0.5, step="5 of 10 texts", annotated=4, refused=1, calls=6)

    body = client.get(f"{URL}/{run.pk}").json()

    assert (body["state"], body["progress"], body["step"]) == ("running", 0.5, "5 of 10 texts")
    assert (body["labelled"], body["not_annotated"], body["calls"], body["cost"]) == (4, 1, 6, "0.000000")


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("pause", RunState.QUEUED, "paused"),
        ("resume", RunState.PAUSED, "queued"),
        ("resume", RunState.FAILED, "queued"),
        ("cancel", RunState.QUEUED, "cancelled"),
        ("cancel", RunState.PAUSED, "cancelled"),
    ],
)
def test_a_run_is_stopped_and_goes_on(
    client: APIClient, classifier: Classifier, verb: str, before: RunState, after: str
) -> None:
    run = _run(classifier, state=before)

    response = client.post(f"{URL}/{run.pk}/{verb}")

    assert (response.status_code, response.json()["state"]) == (200, after)


@pytest.mark.parametrize(
    ("verb", "state"),
    [("pause", RunState.SUCCEEDED), ("resume", RunState.SUCCEEDED), ("resume", RunState.RUNNING), ("cancel", "FAILED")],
)
def test_what_can_not_be_stopped_or_resumed_is_a_conflict(
    client: APIClient, classifier: Classifier, verb: str, state: str
) -> None:
    run = _run(classifier, state=state)

    response = client.post(f"{URL}/{run.pk}/{verb}")

    run.refresh_from_db()
    assert (response.status_code, run.state) == (409, state)


def test_resuming_while_another_is_under_way_is_a_conflict(client: APIClient, classifier: Classifier) -> None:
    run = _run(classifier, state=RunState.PAUSED)
    _run(classifier, state=RunState.RUNNING)

    assert client.post(f"{URL}/{run.pk}/resume").status_code == 409


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_a_body_where_there_is_none_to_send_is_refused(client: APIClient, classifier: Classifier, verb: str) -> None:
    run = _run(classifier, state=RunState.PAUSED)

    assert client.post(f"{URL}/{run.pk}/{verb}", {"force": True}).status_code == 400


def test_what_a_run_said_is_read_page_by_page(client: APIClient, classifier: Classifier) -> None:
    run = _run(classifier)
    spam = classifier.labels.get(number=1)
    labelled = AnnotationFactory(run=run, label=spam, confidence=0.75, reason="It sells.")
    AnnotationFactory(run=run, state=AnnotationState.REFUSED, problem="The answer was cut off.")

    first = client.get(f"{URL}/{run.pk}/annotations?limit=1").json()
    second = client.get(f"{URL}/{run.pk}/annotations?limit=1&cursor={first['next_cursor']}").json()

    assert first["annotations"] == [
        {
            "id": str(labelled.pk),
            "example": str(labelled.example_id),
            "text": labelled.example.text,
            "state": "labelled",
            "label": {"number": 1, "name": "Spam"},
            "confidence": 0.75,
            "reason": "It sells.",
            "problem": "",
            "is_shared": False,
        }
    ]
    assert [each["problem"] for each in second["annotations"]] == ["The answer was cut off."]
    assert second["next_cursor"] is None


def test_only_what_was_not_annotated_can_be_read(client: APIClient, classifier: Classifier) -> None:
    run = _run(classifier)
    AnnotationFactory(run=run, label=classifier.labels.first())
    AnnotationFactory(run=run, state=AnnotationState.REFUSED, problem="Refused.")

    body = client.get(f"{URL}/{run.pk}/annotations?state=refused").json()

    assert [each["state"] for each in body["annotations"]] == ["refused"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("?limit=0", "limit"),
        ("?cursor=x", "cursor"),
        ("?state=x", "state"),
        ("/{id}?x=1", "x"),
        ("/{id}/annotations?state=ALL", "state"),
        ("/{id}/annotations?cursor=-1", "cursor"),
    ],
)
def test_a_bad_parameter_is_named(client: APIClient, classifier: Classifier, path: str, field: str) -> None:
    response = client.get(URL + path.format(id=_run(classifier).pk))

    assert (response.status_code, _issues(response)[0][0]) == (400, field)


@pytest.mark.parametrize("id", ["0", "9" * 18, "9" * 30, "x", "-1"])
@pytest.mark.parametrize("path", ["", "/annotations"])
def test_a_run_that_is_not_there_is_not_found(client: APIClient, id: str, path: str) -> None:
    assert client.get(f"{URL}/{id}{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "/annotations", "/pause", "/resume", "/cancel"])
def test_the_run_of_another_classifier_is_not_found(client: APIClient, path: str) -> None:
    foreign = AnnotationRunFactory(state=RunState.PAUSED)
    method = client.get if path in ("", "/annotations") else client.post

    assert method(f"{URL}/{foreign.pk}{path}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"), [("get", "/plan"), ("put", ""), ("delete", "/{id}"), ("get", "/{id}/pause"), ("post", "/{id}")]
)
def test_another_method_is_refused(client: APIClient, classifier: Classifier, method: str, path: str) -> None:
    run = _run(classifier)

    assert getattr(client, method)(URL + path.format(id=run.pk)).status_code in (404, 405)


def test_pages_take_as_many_queries_for_many_as_for_few(
    client: APIClient, classifier: Classifier, django_assert_max_num_queries: Any
) -> None:
    runs = [_run(classifier, state=RunState.SUCCEEDED) for _ in range(20)]
    AnnotationFactory.create_batch(20, run=runs[0], label=classifier.labels.first())

    for path in ("", f"/{runs[0].pk}/annotations"):
        with django_assert_max_num_queries(12):
            assert client.get(f"{URL}{path}").status_code == 200
