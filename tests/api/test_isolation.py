"""Every route below a classifier, with every kind of key: what another project runs isn't there, nor what it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from rest_framework.test import APIClient

from annotation import urls as annotation_urls
from annotation.models import AnnotationRun
from classifiers import urls as classifiers_urls
from classifiers.models import Classifier, Example
from moderation.auth import scope_of
from moderation.models import Project, Scope
from moderation.runs import RunState
from moderation.services import keys
from tests.clients import client_for, client_with, project_with
from tests.factories import (
    AnnotationFactory,
    AnnotationRunFactory,
    ClassifierFactory,
    ExampleFactory,
    ImportRunFactory,
    LabelFactory,
    UserFactory,
    VersionFactory,
)

pytestmark = pytest.mark.django_db

SECRET = "nobody else may read this"
# What a request needs, so that it isn't refused for want of it before anyone looks whose the classifier is.
QUERIES = {"export": "?format=csv", "queues": "?annotator=ada"}
BODIES: dict[str, Any] = {
    "examples": {"examples": [{"text": "new"}]},
    "labels": {"name": "New"},
    "label": {"color": "#000000"},
    "thresholds": {"thresholds": {}},
    "trainings": None,
    "annotation-runs": {"pick": "first"},
    "annotation-plan": {"pick": "first"},
    "annotation-pause": None,
    "annotation-resume": None,
    "annotation-cancel": None,
    "suggestions-confirm": {"annotator": "ada", "floor": 0},
    "queue-next": {"annotator": "ada"},
    "answers": {"annotator": "ada", "example": "1", "skip": True},
    "undo": {"annotator": "ada"},
}
# What is asked with a body and yet changes nothing.
READING = ("annotation-plan",)


@dataclass(frozen=True)
class Route:
    """A door below a classifier: the address with its gaps, and what it takes to pass."""

    name: str
    path: str
    method: str
    scope: Scope

    def address(self, *, key: str, of: str) -> str:
        """Return the address below the classifier `key`, of a thing that the classifier `of` has."""
        owner = Classifier.objects.get(key=of)
        things = {"imports": owner.imports, "annotation-runs": owner.annotation_runs}
        thing = things.get(self.path.split("/")[2] if "{id}" in self.path else "", owner.examples).get().pk
        number = owner.labels.get().number
        path = self.path.format(key=key, id=thing, number=number, code="newest")
        return "/api/v1/" + path + QUERIES.get(self.name, "")

    def call(self, client: APIClient, address: str) -> Any:
        body = BODIES.get(self.name, {"text": "changed"}) if self.method in ("post", "put", "patch") else None
        return getattr(client, self.method)(address, body)


def _routes() -> Iterator[Route]:
    for pattern in (*annotation_urls.urlpatterns, *classifiers_urls.urlpatterns):
        path = re.sub("<str:([a-z]+)>", r"{\1}", str(pattern.pattern))
        view = pattern.callback.cls
        for method in ("get", "post", "put", "patch", "delete"):
            if "{key}" in path and hasattr(view, method):
                yield Route(pattern.name, path, method, scope_of(view, method=method))


ROUTES = list(_routes())
EACH = pytest.mark.parametrize("route", ROUTES, ids=[f"{route.method} {route.path}" for route in ROUTES])


@pytest.fixture
def project() -> Project:
    """Return a project that runs the classifier “own”, beside a “foreign” one; both have a thing of each kind."""
    UserFactory(username="ada", is_superuser=True)
    for number, key in enumerate(("own", "foreign"), 7):
        classifier = ClassifierFactory(key=key)
        LabelFactory(classifier=classifier, number=number, name=f"Label of {key}")
        example = ExampleFactory(classifier=classifier, text=SECRET)
        AnnotationFactory(
            run=AnnotationRunFactory(classifier=classifier, state=RunState.PAUSED, error=SECRET), example=example
        )
        VersionFactory(classifier=classifier, number=number, state=RunState.FAILED, error=SECRET)
        run = ImportRunFactory(classifier=classifier, state=RunState.FAILED, file_name=SECRET)
        run.refusals.create(row_number=2, reason=SECRET)
    project_with("foreign")
    made: Project = project_with("own")
    return made


def _fingerprint() -> list[Any]:
    return [
        list(Example.objects.filter(classifier__key="foreign").values()),
        list(Classifier.objects.filter(key="foreign").values("labels__name", "labels__color", "imports__id")),
        list(AnnotationRun.objects.filter(classifier__key="foreign").values()),
    ]


def test_there_are_routes_of_every_kind() -> None:
    names = {route.name for route in ROUTES}

    assert {"classifier", "predict", "labels", "label", "examples", "example", "imports", "import", "export"} <= names
    assert {"annotation-runs", "annotation-run", "annotations", "suggestions", "queues", "answers"} <= names


@EACH
def test_the_own_classifier_is_there(project: Project, route: Route) -> None:
    answer = route.call(client_for(project, scopes=list(Scope)), route.address(key="own", of="own"))

    assert answer.status_code not in (401, 403, 404)


@EACH
def test_another_project_s_classifier_is_as_one_that_nobody_has(project: Project, route: Route) -> None:
    client = client_for(project, scopes=list(Scope))
    before = _fingerprint()

    foreign = route.call(client, route.address(key="foreign", of="foreign"))
    unknown = route.call(client, route.address(key="unknown", of="foreign"))

    assert (foreign.status_code, foreign.json()) == (404, unknown.json())
    assert _fingerprint() == before


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if "{id}" in route.path or "{number}" in route.path],
    ids=lambda route: f"{route.method} {route.path}",
)
def test_another_classifier_s_thing_is_not_below_the_own_one(project: Project, route: Route) -> None:
    before = _fingerprint()

    answer = route.call(client_for(project, scopes=list(Scope)), route.address(key="own", of="foreign"))

    assert (answer.status_code, answer.json()["message"]) == (404, "Not found")
    assert _fingerprint() == before


@EACH
def test_a_key_that_may_do_all_else_may_not_do_this(project: Project, route: Route) -> None:
    others = [scope for scope in Scope if scope != route.scope]

    answer = route.call(client_for(project, scopes=others), route.address(key="own", of="own"))

    assert (answer.status_code, answer.json()["issues"][0]["code"]) == (403, "scope")


@EACH
def test_without_a_key_or_with_a_revoked_one_nothing_opens(project: Project, route: Route) -> None:
    revoked = keys.issue(project, name="revoked", scopes=Scope.values)
    keys.revoke([revoked.key.pk])
    before = list(Example.objects.values())

    answers = [
        route.call(client, route.address(key="own", of="own"))
        for client in (client_with(revoked.secret), client_with(""))
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert SECRET not in "".join(answer.content.decode() for answer in answers)
    assert list(Example.objects.values()) == before


@EACH
def test_what_changes_things_asks_for_the_scope_to_write(route: Route) -> None:
    is_reading = route.method == "get" or route.name in READING
    expected = Scope.READ if is_reading else Scope.MODERATE if route.name == "predict" else Scope.WRITE

    assert route.scope == expected
