"""A team's own labelling screen: the queues, the next text, the answer, and taking it back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from annotation.models import Answer, Lease
from classifiers.models import Classifier, Decision, DecisionSource, Example
from moderation.models import Scope
from tests.clients import client_for, project_with
from tests.factories import AdminFactory, ClassifierFactory, ExampleFactory, LabelFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("encoder_folder")]

URL = "/api/v1/classifiers/message-check"
NEXT, ANSWERS, UNDO = f"{URL}/queues/useful/next", f"{URL}/answers", f"{URL}/undo"


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory(key="message-check")
    LabelFactory(classifier=made, number=0, name="Fine", description="Anything else.")
    LabelFactory(classifier=made, number=1, name="Spam")
    AdminFactory(username="ada")
    return made


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ, Scope.WRITE))


def _issues(response: Any) -> list[tuple[str | None, str | None]]:
    return [(issue.get("field"), issue.get("code")) for issue in response.json()["issues"]]


def _next(client: APIClient, **fields: Any) -> Any:
    return client.post(NEXT, {"annotator": "ada", **fields})


def _answer(client: APIClient, example: Example, **fields: Any) -> Any:
    return client.post(ANSWERS, {"annotator": "ada", "example": str(example.pk), **fields})


def test_the_queues_are_listed_with_how_many_wait(client: APIClient, classifier: Classifier) -> None:
    ExampleFactory.create_batch(2, classifier=classifier)

    body = client.get(f"{URL}/queues?annotator=ada").json()

    sizes = {queue["code"]: queue["size"] for queue in body["queues"]}
    assert (sizes["useful"], sizes["confirm"]) == (2, 0)
    assert {"mistakes", "disagree", "near", "label", "newest", "random", "overlap"} <= set(sizes)


def test_the_next_text_comes_with_its_reason_and_is_held(client: APIClient, classifier: Classifier) -> None:
    example = ExampleFactory(classifier=classifier)

    body = _next(client).json()

    assert body["example"]["id"] == str(example.pk)
    assert body["why"].endswith(".")
    # The likeliest comes first: which that is depends on the text, which is any.
    assert {label["name"] for label in body["labels"]} == {"Fine", "Spam"}
    assert sum(label["similarity"] for label in body["labels"]) == pytest.approx(1, abs=0.01)
    assert body["preselected"] == {"number": 0, "name": "Fine"}
    assert Lease.objects.get().user.username == "ada"


def test_what_a_person_has_already_is_not_given_again(client: APIClient, classifier: Classifier) -> None:
    examples = ExampleFactory.create_batch(2, classifier=classifier)

    first = _next(client).json()["example"]["id"]
    second = _next(client, holding=[first]).json()["example"]["id"]

    assert [first, second] == [str(example.pk) for example in examples]


def test_nobody_is_given_what_another_has(client: APIClient, classifier: Classifier) -> None:
    ExampleFactory.create_batch(2, classifier=classifier)
    AdminFactory(username="ben")

    given = {_next(client, annotator=name).json()["example"]["id"] for name in ("ada", "ben")}

    assert len(given) == 2


def test_the_end_of_a_queue_says_why(client: APIClient) -> None:
    body = _next(client).json()

    assert body["example"] is None
    assert "no texts yet" in body["why"]


@pytest.mark.parametrize("label", [1, "spam"])
def test_a_label_is_the_named_person_s_decision(client: APIClient, classifier: Classifier, label: Any) -> None:
    example = ExampleFactory(classifier=classifier)

    response = _answer(client, example, label=label, preselected=0, queue="newest")

    assert response.status_code == 200
    assert response.json()["example"]["label"] == {"number": 1, "name": "Spam"}
    decision, answer = Decision.objects.get(), Answer.objects.get()
    assert (decision.source, decision.user.username) == (DecisionSource.PERSON, "ada")
    assert (answer.queue, answer.preselected.name) == ("NEWEST", "Fine")


def test_sent_twice_an_answer_is_kept_once(client: APIClient, classifier: Classifier) -> None:
    example = ExampleFactory(classifier=classifier)

    statuses = [_answer(client, example, label=1).status_code for _ in range(2)]

    assert (statuses, Answer.objects.count()) == ([200, 200], 1)


def test_a_corrected_text_is_kept_with_its_label(client: APIClient, classifier: Classifier) -> None:
    ExampleFactory(classifier=classifier)
    given = _next(client).json()

    response = client.post(
        ANSWERS,
        {
            "annotator": "ada",
            "example": given["example"]["id"],
            "text": "Better",
            "label": 0,
            "text_mark": given["text_mark"],
        },
    )

    assert (response.status_code, response.json()["example"]["text"]) == (200, "Better")


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"text": "Taken"}, 409), ({"text": "\u200b"}, 400), ({"text_mark": "of-another-text"}, 409)],
    ids=["taken", "blank", "changed"],
)
def test_what_cannot_be_kept_is_refused_whole(
    client: APIClient, classifier: Classifier, fields: dict[str, str], status: int
) -> None:
    ExampleFactory(classifier=classifier, text="Taken")
    example = ExampleFactory(classifier=classifier)

    response = _answer(client, example, label=0, **fields)

    assert response.status_code == status
    assert not Decision.objects.exists()


def test_a_skipped_text_goes_to_others_only(client: APIClient, classifier: Classifier) -> None:
    example = ExampleFactory(classifier=classifier)
    AdminFactory(username="ben")

    assert _answer(client, example, skip=True).json()["example"]["state"] == "unlabelled"

    assert _next(client).json()["example"] is None
    assert _next(client, annotator="ben").json()["example"]["id"] == str(example.pk)


def test_undoing_returns_one_text_after_the_other(client: APIClient, classifier: Classifier) -> None:
    examples = ExampleFactory.create_batch(2, classifier=classifier)
    for example in examples:
        _answer(client, example, label=1)

    undone = [client.post(UNDO, {"annotator": "ada"}).json()["example"] for _ in range(3)]

    assert [each and each["id"] for each in undone] == [str(examples[1].pk), str(examples[0].pk), None]
    assert not Example.objects.filter(label__isnull=False).exists()


def test_near_a_text_and_near_a_label_need_to_be_told_which(client: APIClient, classifier: Classifier) -> None:
    example = ExampleFactory(classifier=classifier)
    foreign = ExampleFactory()

    near, label = f"{URL}/queues/near/next", f"{URL}/queues/label/next"

    assert client.post(near, {"annotator": "ada", "near": str(example.pk)}).status_code == 200
    assert client.post(label, {"annotator": "ada", "label": "Spam"}).status_code == 200
    assert _issues(client.post(near, {"annotator": "ada"})) == [("near", "not_an_id")]
    assert _issues(client.post(near, {"annotator": "ada", "near": str(foreign.pk)})) == [("near", "unknown_example")]
    assert _issues(client.post(label, {"annotator": "ada"})) == [("label", "required")]


def test_only_people_who_may_label_can_be_named(client: APIClient, classifier: Classifier) -> None:
    UserFactory(username="without")
    AdminFactory(username="gone", is_active=False)
    AdminFactory(username="customer", is_staff=False)
    labeller = UserFactory(username="labeller")
    labeller.user_permissions.add(Permission.objects.get(codename="change_example"))

    refused = [_issues(_next(client, annotator=name)) for name in ("without", "gone", "customer", "nobody")]

    assert refused == [[("annotator", "unknown_annotator")]] * 4
    assert _next(client, annotator="labeller").status_code == 200


@pytest.mark.parametrize(
    ("fields", "issue"),
    [
        ({}, (None, "required")),
        ({"label": 7}, ("label", "unknown_label")),
        ({"label": 0, "skip": True}, ("skip", "ambiguous")),
        ({"skip": "yes"}, ("skip", "not_a_boolean")),
        ({"label": 0, "queue": "USEFUL"}, ("queue", "not_a_choice")),
        ({"label": 0, "queue": ["useful"]}, ("queue", "not_a_choice")),
        ({"label": 0, "example": 12}, ("example", "not_an_id")),
        ({"label": 0, "example": "9" * 30}, ("example", "not_an_id")),
        ({"label": 0, "example": "999999"}, ("example", "unknown_example")),
        ({"label": 0, "note": "x"}, ("note", "unknown_field")),
        ({"label": 0, "annotator": None}, ("annotator", "null")),
        ({"label": 0, "preselected": 9}, ("preselected", "unknown_label")),
    ],
)
def test_a_bad_answer_is_named_and_nothing_kept(
    client: APIClient, classifier: Classifier, fields: dict[str, Any], issue: tuple[str | None, str]
) -> None:
    example = ExampleFactory(classifier=classifier)

    response = client.post(ANSWERS, {"annotator": "ada", "example": str(example.pk), **fields})

    assert (response.status_code, _issues(response)) == (400, [issue])
    assert not Answer.objects.exists()


@pytest.mark.parametrize("held", ["12", [12], ["x"], [str(number) for number in range(11)], [None]])
def test_nonsense_in_holding_is_refused(client: APIClient, held: Any) -> None:
    response = _next(client, holding=held)

    assert response.status_code == 400
    assert {field for field, _ in _issues(response)} == {"holding"}


@pytest.mark.parametrize("code", ["USEFUL", "nonsense", "Ł"])
def test_a_queue_that_is_not_there_is_not_found(client: APIClient, code: str) -> None:
    assert client.post(f"{URL}/queues/{code}/next", {"annotator": "ada"}).status_code == 404


def test_another_classifier_s_text_is_not_answered_here(client: APIClient, classifier: Classifier) -> None:
    foreign = ExampleFactory(text="nobody else may read this")

    response = _answer(client, foreign, label=0)

    assert _issues(response) == [("example", "unknown_example")]
    assert "nobody else" not in response.content.decode()


@pytest.mark.parametrize("path", [NEXT, ANSWERS, UNDO])
def test_a_key_that_may_only_read_takes_and_changes_nothing(classifier: Classifier, path: str) -> None:
    ExampleFactory(classifier=classifier)
    reader = client_for(project_with("message-check"), scopes=(Scope.READ,))

    response = reader.post(path, {"annotator": "ada"})

    assert (response.status_code, _issues(response)) == (403, [(None, "scope")])
    assert not Lease.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"), [("get", NEXT), ("get", ANSWERS), ("put", UNDO), ("post", f"{URL}/queues")]
)
def test_another_method_is_refused(client: APIClient, method: str, path: str) -> None:
    assert getattr(client, method)(path, {}).status_code == 405
