"""API keys: shown once, stored as a keyed digest, revocable at once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from moderation.models import ApiKey
from moderation.services import keys
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db


def test_the_secret_is_nowhere_in_the_row() -> None:
    issued = keys.issue(ProjectFactory(), name="shop")

    row = ApiKey.objects.values().get()

    assert issued.secret not in str(row)
    assert issued.secret[3:-4] not in str(row)


def test_a_key_is_found_by_its_secret() -> None:
    issued = keys.issue(ProjectFactory(), name="shop")

    assert keys.find(issued.secret) == issued.key


@pytest.mark.parametrize("secret", ["", "hr_", "hr_wrong", "nothing", "hr_ü", "hr_" + "a" * 5000])
def test_a_wrong_secret_finds_nothing(secret: str) -> None:
    keys.issue(ProjectFactory(), name="shop")

    assert keys.find(secret) is None


def test_a_revoked_key_is_refused_at_once() -> None:
    issued = keys.issue(ProjectFactory(), name="shop")

    assert keys.revoke([issued.key.pk]) == 1

    assert keys.find(issued.secret) is None
    assert keys.revoke([issued.key.pk]) == 0


def test_an_expired_key_is_refused() -> None:
    past = timezone.now() - dt.timedelta(seconds=1)
    issued = keys.issue(ProjectFactory(), name="shop", expires_at=past)

    assert keys.find(issued.secret) is None


def test_the_keys_of_a_project_that_is_switched_off_are_refused() -> None:
    issued = keys.issue(ProjectFactory(is_active=False), name="shop")

    assert keys.find(issued.secret) is None


def test_the_digest_depends_on_the_server_s_secret(settings) -> None:
    issued = keys.issue(ProjectFactory(), name="shop")
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "x" + old

    assert keys.find(issued.secret) is None

    settings.SECRET_KEY_FALLBACKS = [old]
    assert keys.find(issued.secret) == issued.key


def test_an_unknown_scope_is_refused() -> None:
    with pytest.raises(keys.UnknownScope):
        keys.issue(ProjectFactory(), name="shop", scopes=["everything"])


def test_use_is_noted_at_most_once_a_minute() -> None:
    issued = keys.issue(ProjectFactory(), name="shop")
    keys.mark_used(issued.key)
    first = ApiKey.objects.get().last_used_at

    keys.mark_used(issued.key)
    assert ApiKey.objects.get().last_used_at == first

    long_ago = timezone.now() - dt.timedelta(minutes=2)
    ApiKey.objects.update(last_used_at=long_ago)
    keys.mark_used(ApiKey.objects.get())
    assert ApiKey.objects.get().last_used_at > long_ago
