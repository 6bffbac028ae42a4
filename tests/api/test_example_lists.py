"""`GET /classifiers/{key}/examples`: pages by cursor, chosen by an allow-list of filters."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from classifiers.models import Classifier, Example, ExampleOrigin, ExampleState
from moderation.models import Scope
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/classifiers/message-check/examples"


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory(key="message-check")
    return made


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ,))


@pytest.fixture
def variety(classifier: Classifier) -> None:
    """Make examples of each kind."""
    fine = LabelFactory(classifier=classifier, number=0, name="Fine")
    spam = LabelFactory(classifier=classifier, number=1, name="Spam")
    kinds = [
        ("typed", None, ExampleState.UNLABELLED, ExampleOrigin.TYPED),
        ("uploaded", None, ExampleState.UNLABELLED, ExampleOrigin.UPLOAD),
        ("fine", fine, ExampleState.CONFIRMED, ExampleOrigin.API),
        ("spam", spam, ExampleState.CONFIRMED, ExampleOrigin.REQUEST),
        ("perhaps spam", spam, ExampleState.SUGGESTED, ExampleOrigin.REQUEST),
    ]
    for text, label, state, origin in kinds:
        ExampleFactory(classifier=classifier, text=text, label=label, state=state, origin=origin)
    ExampleFactory(text="of another classifier")
    LabelFactory(number=2, name="Of another classifier")


def _texts(response: Any) -> list[str]:
    assert response.status_code == 200
    return [example["text"] for example in response.json()["examples"]]


def _issues(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 400
    return [(issue["field"], issue["code"]) for issue in response.json()["issues"]]


def test_an_example_is_described(client: APIClient, classifier: Classifier) -> None:
    label = LabelFactory(classifier=classifier, number=1, name="Spam")
    made = ExampleFactory(classifier=classifier, text="win!", label=label, state=ExampleState.SUGGESTED)

    body = client.get(URL).json()

    assert body == {
        "examples": [
            {
                "id": str(made.pk),
                "text": "win!",
                "label": {"number": 1, "name": "Spam"},
                "state": "suggested",
                "origin": "typed",
                "golden": False,
                "created_at": made.created_at.isoformat().replace("+00:00", "Z"),
            }
        ],
        "next_cursor": None,
    }


def test_the_pages_have_each_example_once_newest_first(client: APIClient, classifier: Classifier) -> None:
    for number in range(5):
        ExampleFactory(classifier=classifier, text=f"text {number}")
    pages = []
    address = f"{URL}?limit=2"
    while address:
        body = client.get(address).json()
        pages.append([example["text"] for example in body["examples"]])
        address = f"{URL}?limit=2&cursor={body['next_cursor']}" if body["next_cursor"] else ""

    assert pages == [["text 4", "text 3"], ["text 2", "text 1"], ["text 0"]]


def test_an_example_that_comes_meanwhile_shifts_no_page(client: APIClient, classifier: Classifier) -> None:
    for number in range(3):
        ExampleFactory(classifier=classifier, text=f"text {number}")
    cursor = client.get(f"{URL}?limit=2").json()["next_cursor"]
    ExampleFactory(classifier=classifier, text="new")

    assert _texts(client.get(f"{URL}?limit=2&cursor={cursor}")) == ["text 0"]


def test_a_last_page_that_is_full_has_no_next_one(client: APIClient, classifier: Classifier) -> None:
    ExampleFactory.create_batch(2, classifier=classifier)

    assert client.get(f"{URL}?limit=2").json()["next_cursor"] is None


@pytest.mark.slow
@pytest.mark.parametrize(("query", "count"), [("", 50), ("?limit=1000000000", 100), (f"?limit={'9' * 400}", 100)])
def test_a_page_has_fifty_or_a_hundred_at_most(
    client: APIClient, classifier: Classifier, query: str, count: int
) -> None:
    ExampleFactory.create_batch(101, classifier=classifier)

    assert len(_texts(client.get(f"{URL}{query}"))) == count


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("", ["perhaps spam", "spam", "fine", "uploaded", "typed"]),
        ("label=0", ["fine"]),
        ("label=1", ["perhaps spam", "spam"]),
        ("label=none", ["uploaded", "typed"]),
        ("state=confirmed", ["spam", "fine"]),
        ("state=suggested", ["perhaps spam"]),
        ("origin=request", ["perhaps spam", "spam"]),
        ("origin=upload", ["uploaded"]),
        ("label=1&state=confirmed&origin=request", ["spam"]),
        ("label=none&state=confirmed", []),
    ],
)
def test_the_filters_choose(client: APIClient, variety: None, query: str, texts: list[str]) -> None:
    assert _texts(client.get(f"{URL}?{query}")) == texts


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("limit=0", "limit", "not_a_number"),
        ("limit=-1", "limit", "not_a_number"),
        ("limit=1e9", "limit", "not_a_number"),
        ("limit=", "limit", "not_a_number"),
        ("limit=\u0665", "limit", "not_a_number"),
        ("cursor=-1", "cursor", "bad_cursor"),
        ("cursor=", "cursor", "bad_cursor"),
        ("cursor=abc", "cursor", "bad_cursor"),
        (f"cursor={'9' * 19}", "cursor", "bad_cursor"),
        ("label=2", "label", "unknown_label"),
        (f"label={'9' * 30}", "label", "unknown_label"),
        ("label=Fine", "label", "not_a_number"),
        ("label=", "label", "not_a_number"),
        ("label=NONE", "label", "not_a_number"),
        ("state=CONFIRMED", "state", "not_a_choice"),
        ("state=", "state", "not_a_choice"),
        ("origin=elsewhere", "origin", "not_a_choice"),
        ("state=confirmed&state=suggested", "state", "ambiguous"),
        ("page=-1", "page", "unknown_parameter"),
        ("offset=10", "offset", "unknown_parameter"),
        ("ordering=text", "ordering", "unknown_parameter"),
        ("Label=1", "Label", "unknown_parameter"),
        ("a%00b=1", "a\\x00b", "unknown_parameter"),
    ],
)
def test_a_bad_parameter_is_named(client: APIClient, variety: None, query: str, field: str, code: str) -> None:
    assert _issues(client.get(f"{URL}?{query}")) == [(field, code)]


@pytest.mark.parametrize(
    "name",
    [
        "classifier__created_by__password__startswith",
        "import_run__requested_by__password__startswith",
        "label__classifier__key",
        "text__regex",
        "id__in",
        "_connector",
        "_negated",
        "pk",
        "classifier",
        "classifier_id",
        "state__in",
        "or",
    ],
)
def test_no_parameter_reaches_the_database_as_a_lookup(client: APIClient, variety: None, name: str) -> None:
    matching, other = client.get(f"{URL}?{name}=1"), client.get(f"{URL}?{name}=zzz")

    assert _issues(matching) == [(name, "unknown_parameter")]
    assert matching.json() == other.json()


@pytest.mark.parametrize("query", ["", "?label=0", "?label=none&state=unlabelled"])
def test_a_page_takes_as_many_queries_for_fifty_as_for_one(
    client: APIClient, classifier: Classifier, query: str, django_assert_num_queries: Any
) -> None:
    label = LabelFactory(classifier=classifier, number=0)
    Example.objects.bulk_create(
        ExampleFactory.build(
            classifier=classifier,
            label=label if number % 2 else None,
            state=ExampleState.CONFIRMED if number % 2 else ExampleState.UNLABELLED,
        )
        for number in range(100)
    )
    client.get(URL)

    # The key, what its project runs, the classifier, the page; one more for the label of a number.
    with django_assert_num_queries(5 if "label=0" in query else 4) as captured:
        assert len(_texts(client.get(f"{URL}{query}"))) == 50

    assert not any("COUNT(" in asked["sql"] for asked in captured.captured_queries)


def test_another_project_s_classifier_is_not_found_like_one_that_nobody_has(client: APIClient) -> None:
    ClassifierFactory(key="foreign")

    foreign, unknown = (client.get(f"/api/v1/classifiers/{key}/examples?label=1") for key in ("foreign", "none"))

    assert (foreign.status_code, foreign.json()) == (404, unknown.json())
