"""`/classifiers/{key}/suggestions`: what machines have suggested, and confirming it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleState
from moderation.models import Scope
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, LabelledExampleFactory, UserFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/classifiers/message-check/suggestions"


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory(key="message-check")
    LabelFactory(classifier=made, number=1, name="Spam")
    ada = UserFactory(username="ada")
    ada.user_permissions.add(Permission.objects.get(content_type__app_label="classifiers", codename="change_example"))
    return made


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ, Scope.WRITE))


def _suggest(classifier: Classifier, confidence: float | None) -> Example:
    """Return an example whose label only a machine has given."""
    label = classifier.labels.get()
    made: Example = LabelledExampleFactory(
        classifier=classifier, label=label, state=ExampleState.SUGGESTED, confidence=confidence
    )
    Decision.objects.create(example=made, label=label, source=DecisionSource.LLM, confidence=confidence)
    return made


def _issues(response: Any) -> list[tuple[str | None, str | None]]:
    return [(issue.get("field"), issue.get("code")) for issue in response.json()["issues"]]


def _confirm(client: APIClient, **body: Any) -> Any:
    return client.post(f"{URL}/confirm", {"annotator": "ada", **body})


def _read_all(client: APIClient, *, limit: int) -> list[str]:
    ids: list[str] = []
    path = f"{URL}?limit={limit}"
    while True:
        body = client.get(path).json()
        ids += [each["id"] for each in body["suggestions"]]
        if body["next_cursor"] is None:
            return ids
        path = f"{URL}?limit={limit}&cursor={body['next_cursor']}"


def test_a_suggestion_is_an_example_with_how_sure_the_machine_was(client: APIClient, classifier: Classifier) -> None:
    example = _suggest(classifier, 0.75)
    LabelledExampleFactory(classifier=classifier, label=classifier.labels.get())
    ExampleFactory(classifier=classifier)

    [body] = client.get(URL).json()["suggestions"]

    assert (body["id"], body["confidence"], body["label"]) == (str(example.pk), 0.75, {"number": 1, "name": "Spam"})
    assert (body["text"], body["state"]) == (example.text, "suggested")


def test_the_least_sure_come_first_on_all_pages(client: APIClient, classifier: Classifier) -> None:
    shares = (0.9, None, 0.1 + 0.2, 1e-07, 0.3, 1.0, 0.0, None, 0.9)
    examples = {share: [] for share in shares}  # type: ignore[var-annotated]
    for share in shares:
        examples[share].append(str(_suggest(classifier, share).pk))
    expected = [pk for share in (None, 0.0, 1e-07, 0.3, 0.1 + 0.2, 0.9, 1.0) for pk in examples[share]]

    for limit in (1, 2, 3, 100):
        assert _read_all(client, limit=limit) == expected


@pytest.mark.parametrize(
    "cursor", ["", "x", "1", "0.5", "0.5:", ":5", "2.0:5", "nan:5", "0.5:5 ", "-1:5", "0.5:9" + "9" * 18]
)
def test_a_cursor_that_was_made_up_is_refused(client: APIClient, cursor: str) -> None:
    response = client.get(URL, {"cursor": cursor})

    assert (response.status_code, _issues(response)) == (400, [("cursor", "bad_cursor")])


def test_suggestions_are_confirmed_by_id_as_the_word_of_a_person(client: APIClient, classifier: Classifier) -> None:
    first, second = _suggest(classifier, 0.5), _suggest(classifier, 0.6)

    response = _confirm(client, ids=[str(first.pk), "999"])

    assert (response.status_code, response.json()) == (200, {"confirmed": 1, "is_more": False})
    assert list(Example.objects.filter(state=ExampleState.CONFIRMED)) == [first]
    assert Decision.objects.get(source=DecisionSource.PERSON).user.username == "ada"
    assert Example.objects.get(pk=second.pk).state == ExampleState.SUGGESTED


def test_suggestions_are_confirmed_from_a_floor_on(client: APIClient, classifier: Classifier) -> None:
    for share in (0.95, 0.9, 0.89, None):
        _suggest(classifier, share)

    response = _confirm(client, floor=0.9)

    assert response.json() == {"confirmed": 2, "is_more": False}
    assert Example.objects.filter(state=ExampleState.SUGGESTED).count() == 2


def test_confirming_twice_does_nothing_the_second_time(client: APIClient, classifier: Classifier) -> None:
    example = _suggest(classifier, 0.5)
    _confirm(client, ids=[str(example.pk)])

    assert _confirm(client, ids=[str(example.pk)]).json()["confirmed"] == 0
    assert Decision.objects.filter(source=DecisionSource.PERSON).count() == 1


def test_the_suggestions_of_another_classifier_are_not_confirmed(client: APIClient) -> None:
    foreign = ClassifierFactory()
    LabelFactory(classifier=foreign, number=1)
    example = _suggest(foreign, 0.99)

    assert _confirm(client, ids=[str(example.pk)]).json()["confirmed"] == 0
    assert _confirm(client, floor=0).json()["confirmed"] == 0
    assert Example.objects.get(pk=example.pk).state == ExampleState.SUGGESTED


@pytest.mark.parametrize(
    ("body", "issue"),
    [
        ({}, ("ids", "ambiguous")),
        ({"ids": ["1"], "floor": 0.5}, ("ids", "ambiguous")),
        ({"ids": []}, ("ids", "not_a_list_of_ids")),
        ({"ids": "1"}, ("ids", "not_a_list_of_ids")),
        ({"ids": [1]}, ("ids", "not_a_list_of_ids")),
        ({"ids": ["9" * 19]}, ("ids", "not_a_list_of_ids")),
        ({"ids": ["1"] * 1_001}, ("ids", "not_a_list_of_ids")),
        ({"floor": "0.5"}, ("floor", "not_a_share")),
        ({"floor": True}, ("floor", "not_a_share")),
        ({"floor": 1.01}, ("floor", "not_a_share")),
        ({"floor": -0.1}, ("floor", "not_a_share")),
        ({"floor": None}, ("floor", "not_a_share")),
        ({"floor": 0.5, "all": True}, ("all", "unknown_field")),
        ({"floor": 0.5, "annotator": "nobody"}, ("annotator", "unknown_annotator")),
        ({"floor": 0.5, "annotator": None}, ("annotator", "null")),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_confirmed(
    client: APIClient, classifier: Classifier, body: dict[str, Any], issue: tuple[str, str]
) -> None:
    _suggest(classifier, 0.99)

    response = _confirm(client, **body)

    assert (response.status_code, _issues(response)) == (400, [issue])
    assert Example.objects.get().state == ExampleState.SUGGESTED


def test_a_key_that_may_only_read_confirms_nothing(classifier: Classifier) -> None:
    client = client_for(project_with("message-check"), scopes=(Scope.READ,))

    assert _confirm(client, floor=0).status_code == 403


@pytest.mark.parametrize(("method", "path"), [("post", ""), ("get", "/confirm"), ("put", "/confirm")])
def test_another_method_is_refused(client: APIClient, method: str, path: str) -> None:
    assert getattr(client, method)(f"{URL}{path}").status_code == 405
