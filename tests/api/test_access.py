"""Which key opens which door. Every route of the API is in the matrix, without being named here."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from moderation.auth import scope_of
from moderation.models import ApiKey, Project, Scope
from moderation.services import keys
from tests.api.shop import FOREIGN, TRAINED, Shop, open_shop
from tests.clients import client_for, client_with
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db

PREFIXES = ("api/v1/", "v1/")


def _routes() -> Iterator[tuple[str, str, str]]:
    """Yield address, method and scope of every door of the API; a classifier's key stays as {key}, all else is 1."""
    for resolver in get_resolver().url_patterns:
        prefix = str(resolver.pattern)
        if prefix in PREFIXES:
            for pattern in _patterns(resolver):
                view = pattern.callback.cls
                path = re.sub("<str:.*?>", "1", f"/{prefix}{pattern.pattern}".replace("<str:key>", "{key}"))
                for method in ("get", "post", "put", "patch", "delete"):
                    if hasattr(view, method):
                        yield path, method, scope_of(view, method=method).value


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern)
        else:
            yield pattern


ROUTES = list(_routes())
BODY = {"text": "Hello"}


@pytest.fixture
def shop(encoder_folder: object) -> Shop:
    return open_shop()


def test_every_address_of_the_api_is_in_the_matrix() -> None:
    paths = {path for path, _, _ in ROUTES}

    assert {path.removeprefix("/api") for path in paths} == {path for path in paths if path.startswith("/v1")}
    assert {"/v1/auth", "/v1/moderate/text", "/v1/classifiers/{key}/predict"} <= paths


@pytest.mark.parametrize(("path", "method", "scope"), ROUTES)
def test_a_key_that_opens_nothing_gets_the_same_answer_at_every_door(
    shop: Shop, path: str, method: str, scope: str
) -> None:
    address = path.format(key=TRAINED)
    without = APIClient().generic(method, address)

    for secret in ("hr_" + "A" * 43, shop.revoked, shop.expired, shop.switched_off):
        answer = client_with(secret).generic(method, address)

        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == 'Bearer realm="houserules"'
        assert answer.json() == without.json()


@pytest.mark.parametrize(("path", "method", "scope"), ROUTES)
def test_every_door_asks_for_its_scope(path: str, method: str, scope: str) -> None:
    others = [other for other in Scope if other.value != scope]
    client = client_for(ProjectFactory(), scopes=others)

    answer = client.generic(method, path.format(key=TRAINED))

    assert answer.status_code == 403
    assert [issue["code"] for issue in answer.json()["issues"]] == ["scope"]


@pytest.mark.parametrize(("path", "method", "scope"), [route for route in ROUTES if "{key}" in route[0]])
def test_another_project_s_classifier_is_not_there(shop: Shop, path: str, method: str, scope: str) -> None:
    client = client_for(Project.objects.get(name="Shop"), scopes=list(Scope))
    body = b"" if method == "get" else json.dumps(BODY).encode()

    foreign = client.generic(method, path.format(key=FOREIGN), body, content_type="application/json")
    unknown = client.generic(method, path.format(key="never-heard-of"), body, content_type="application/json")

    assert foreign.status_code == 404
    assert foreign.json() == unknown.json()


def test_a_key_that_is_revoked_is_refused_by_the_next_request() -> None:
    issued = keys.issue(ProjectFactory(), name="shop")
    client = client_with(issued.secret)
    before = client.get("/api/v1/auth")
    keys.revoke([issued.key.pk])

    after = client.get("/api/v1/auth")

    assert (before.status_code, after.status_code) == (200, 401)


def test_the_scheme_may_be_written_in_any_case() -> None:
    issued = keys.issue(ProjectFactory(), name="shop")

    answer = APIClient().get("/api/v1/auth", HTTP_AUTHORIZATION=f"bEARER  {issued.secret} ")

    assert answer.status_code == 200


def test_a_valid_key_is_told_its_project() -> None:
    answer = client_for(ProjectFactory(name="Shop")).get("/api/v1/auth")

    assert answer.json() == {"status": "success", "message": "Valid API key", "project": "Shop"}


def test_the_use_of_a_key_is_noted_once_a_minute() -> None:
    client = client_for(ProjectFactory())
    client.get("/api/v1/auth")
    noted = ApiKey.objects.get().last_used_at

    client.get("/api/v1/auth")
    assert ApiKey.objects.get().last_used_at == noted

    ApiKey.objects.update(last_used_at=timezone.now() - dt.timedelta(seconds=61))
    client.get("/api/v1/auth")
    assert ApiKey.objects.get().last_used_at > noted
