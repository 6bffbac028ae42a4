"""`POST /classifiers/{key}/examples`: up to 1,000 at once, and what became of each."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleOrigin, ExampleState
from moderation.models import Scope
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory

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
    return client_for(project_with("message-check"), scopes=(Scope.WRITE,))


def _statuses(response: Any) -> list[str]:
    assert response.status_code == 200
    return [result["status"] for result in response.json()["results"]]


def test_new_texts_are_added_with_their_labels(client: APIClient, classifier: Classifier) -> None:
    response = client.post(URL, {"examples": [{"text": " hello "}, {"text": "win!", "label": "spam"}]})

    hello, win = classifier.examples.order_by("pk")
    assert response.status_code == 200
    assert response.json() == {
        "results": [{"status": "added", "id": str(hello.pk)}, {"status": "added", "id": str(win.pk)}],
        "added": 2,
        "duplicates": 0,
        "conflicts": 0,
        "refused": 0,
    }
    assert (hello.text, hello.origin, hello.state) == ("hello", ExampleOrigin.API, ExampleState.UNLABELLED)
    assert (win.label.name, win.state) == ("Spam", ExampleState.CONFIRMED)


def test_a_label_is_a_decision_that_names_the_key(client: APIClient) -> None:
    client.post(URL, {"examples": [{"text": "win!", "label": 1}]})

    decision = Decision.objects.get()
    assert (decision.source, decision.label.number, decision.user) == (DecisionSource.IMPORT, 1, None)
    assert decision.reason.startswith("By the API key test (…")


@pytest.mark.parametrize(
    ("items", "statuses"),
    [
        ([("new", None), ("new", None)], ["added", "duplicate"]),
        ([("new", None), ("new ", 1)], ["added", "duplicate"]),
        ([("new", 0), ("new", 1), ("new", None)], ["conflict", "conflict", "conflict"]),
        ([("fine", None), ("fine", 0)], ["duplicate", "duplicate"]),
        ([("fine", 1), ("fine", None)], ["conflict", "duplicate"]),
        ([("fine", 0), ("fine", 1)], ["conflict", "conflict"]),
        ([("open", 1)], ["duplicate"]),
        ([("perhaps", 0)], ["duplicate"]),
    ],
)
def test_each_text_is_held_against_the_others_and_against_what_is_there(
    client: APIClient, classifier: Classifier, items: list[tuple[str, int | None]], statuses: list[str]
) -> None:
    _make_stored(classifier)

    response = client.post(URL, {"examples": [{"text": text, "label": label} for text, label in items]})

    assert _statuses(response) == statuses


def _make_stored(classifier: Classifier) -> None:
    fine, spam = classifier.labels.order_by("number")
    ExampleFactory(classifier=classifier, text="open")
    ExampleFactory(classifier=classifier, text="fine", label=fine, state=ExampleState.CONFIRMED)
    ExampleFactory(classifier=classifier, text="perhaps", label=spam, state=ExampleState.SUGGESTED)


@pytest.mark.parametrize(("text", "label"), [("open", 1), ("perhaps", 0)])
def test_what_nobody_has_labelled_gets_the_label_that_comes(
    client: APIClient, classifier: Classifier, text: str, label: int
) -> None:
    _make_stored(classifier)

    client.post(URL, {"examples": [{"text": text, "label": label}]})

    example = classifier.examples.get(text=text)
    assert (example.label.number, example.state) == (label, ExampleState.CONFIRMED)


@pytest.mark.parametrize("items", [[("fine", 1)], [("fine", 0), ("fine", 1)], [("fine", None)]])
def test_what_a_person_has_said_stays(
    client: APIClient, classifier: Classifier, items: list[tuple[str, int | None]]
) -> None:
    _make_stored(classifier)

    client.post(URL, {"examples": [{"text": text, "label": label} for text, label in items]})

    assert classifier.examples.get(text="fine").label.number == 0
    assert Decision.objects.count() == 0


def test_a_conflict_says_which_label_is_there(client: APIClient, classifier: Classifier) -> None:
    _make_stored(classifier)

    [result] = client.post(URL, {"examples": [{"text": "fine", "label": 1}]}).json()["results"]

    assert result == {
        "status": "conflict",
        "id": str(classifier.examples.get(text="fine").pk),
        "reason": "This text is among the examples already, labelled “Fine”. If “Spam” is right, change it there.",
    }


def test_of_a_text_with_two_labels_nothing_is_written(client: APIClient, classifier: Classifier) -> None:
    response = client.post(URL, {"examples": [{"text": "new", "label": 0}, {"text": "new", "label": 1}]})

    assert [result["id"] for result in response.json()["results"]] == [None, None]
    assert classifier.examples.count() == 0


BAD_ITEMS: list[tuple[object, str | None, str]] = [
    ("hello", None, "not_an_object"),
    (None, None, "not_an_object"),
    ([], None, "not_an_object"),
    ({}, "text", "required"),
    ({"text": None}, "text", "null"),
    ({"text": 5}, "text", "not_a_string"),
    ({"text": "\u200b "}, "text", "blank"),
    ({"text": "x" * 100_001}, "text", "too_long"),
    ({"text": "a\0"}, "text", "nul_character"),
    ({"text": "a\x07"}, "text", "bad_text"),
    ({"text": "a", "label": True}, "label", "not_a_label"),
    ({"text": "a", "label": 1.0}, "label", "not_a_label"),
    ({"text": "a", "label": [1]}, "label", "not_a_label"),
    ({"text": "a", "label": ""}, "label", "blank"),
    ({"text": "a", "label": 2}, "label", "unknown_label"),
    ({"text": "a", "label": -1}, "label", "unknown_label"),
    ({"text": "a", "label": 10**29}, "label", "unknown_label"),
    ({"text": "a", "label": "Spm"}, "label", "unknown_label"),
    ({"text": "a", "state": "confirmed"}, "state", "unknown_field"),
]


@pytest.mark.parametrize(("item", "field", "code"), BAD_ITEMS)
def test_a_bad_item_is_refused_and_the_others_are_taken(
    client: APIClient, classifier: Classifier, item: object, field: str | None, code: str
) -> None:
    response = client.post(URL, {"examples": [{"text": "one"}, item, {"text": "two"}]})

    assert _statuses(response) == ["added", "refused", "added"]
    refused = response.json()["results"][1]
    assert (refused.get("field"), refused["code"], refused["id"]) == (field, code, None)
    assert refused["reason"].endswith(".")
    assert sorted(classifier.examples.values_list("text", flat=True)) == ["one", "two"]


def test_half_a_surrogate_pair_is_refused(client: APIClient) -> None:
    body = '{"examples": [{"text": "\\ud83d"}, {"text": "a", "label": "\\ud83d"}, {"\\ud83d": 1}]}'

    response = client.generic("POST", URL, body, content_type="application/json")

    assert [result["code"] for result in response.json()["results"]] == [
        "lone_surrogate",
        "lone_surrogate",
        "unknown_field",
    ]


def test_the_sums_are_those_of_the_results(client: APIClient, classifier: Classifier) -> None:
    _make_stored(classifier)
    items = [{"text": "new"}, {"text": "new"}, {"text": "fine", "label": 1}, {"text": ""}, {"text": "newer"}]

    body = client.post(URL, {"examples": items}).json()

    assert (body["added"], body["duplicates"], body["conflicts"], body["refused"]) == (2, 1, 1, 1)


@pytest.mark.parametrize("body", [{}, {"examples": []}, {"examples": None}, {"examples": {"text": "a"}}])
def test_there_must_be_a_list(client: APIClient, body: dict[str, Any]) -> None:
    response = client.post(URL, body)

    assert response.status_code == 400
    assert [issue["field"] for issue in response.json()["issues"]] == ["examples"]


def test_more_than_a_thousand_are_refused(client: APIClient, classifier: Classifier) -> None:
    response = client.post(URL, {"examples": [{"text": str(number)} for number in range(1_001)]})

    assert response.status_code == 413
    assert classifier.examples.count() == 0


@pytest.mark.slow
def test_a_thousand_are_taken_in_a_handful_of_queries(
    client: APIClient, classifier: Classifier, django_assert_max_num_queries: Any
) -> None:
    items = [{"text": f"text {number}", "label": number % 2} for number in range(1_000)]

    with django_assert_max_num_queries(60):
        response = client.post(URL, {"examples": items})

    assert response.json()["added"] == classifier.examples.filter(state=ExampleState.CONFIRMED).count() == 1_000


def test_an_unknown_field_is_named(client: APIClient) -> None:
    response = client.post(URL, {"examples": [{"text": "a"}], "origin": "typed"})

    assert response.status_code == 400
    assert [issue["field"] for issue in response.json()["issues"]] == ["origin"]


def test_the_texts_of_another_classifier_are_no_duplicates(client: APIClient) -> None:
    ExampleFactory(text="hello")

    assert _statuses(client.post(URL, {"examples": [{"text": "hello"}]})) == ["added"]
    assert Example.objects.count() == 2
