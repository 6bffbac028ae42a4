"""API keys: issue, find, revoke. The secret is shown once; the database holds a keyed digest of it."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from moderation.models import ApiKey, Project, Scope

PREFIX = "hr_"
# 32 random bytes: there is nothing to guess, so a fast digest is enough and a slow password hash would only cost time.
_SECRET_BYTES = 32
_USED_EVERY = dt.timedelta(minutes=1)


class UnknownScope(ValueError):
    """A scope that doesn't exist was asked for."""


@dataclass(frozen=True)
class IssuedKey:
    """A new key with its secret, which can be shown only now."""

    key: ApiKey
    secret: str


def issue(
    project: Project,
    *,
    name: str,
    scopes: Sequence[str] = (Scope.READ.value, Scope.MODERATE.value),
    by: Any = None,
    expires_at: dt.datetime | None = None,
) -> IssuedKey:
    """Make a new key for the project. Raises UnknownScope."""
    if unknown := sorted(set(scopes) - set(Scope.values)):
        raise UnknownScope(f"There is no scope {', '.join(unknown)}.")
    secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    key = ApiKey.objects.create(
        project=project,
        name=name,
        digest=_digest(secret, secret_key=settings.SECRET_KEY),
        last_four=secret[-4:],
        scopes=sorted(set(scopes)),
        created_by=by,
        expires_at=expires_at,
    )
    return IssuedKey(key=key, secret=secret)


def find(secret: str) -> ApiKey | None:
    """Return the key with this secret if it opens anything now, with its project; else None.

    Asks the database each time, so that a revoked key is refused at once by every process.
    """
    if not secret.startswith(PREFIX) or len(secret) > 100 or not secret.isascii():
        return None
    secret_keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [_digest(secret, secret_key=secret_key) for secret_key in secret_keys]
    key = ApiKey.objects.select_related("project").filter(digest__in=digests).first()
    if key is None or not key.project.is_active or not key.is_valid(at=timezone.now()):
        return None
    return key


def mark_used(key: ApiKey) -> None:
    """Note when the key was last used, at most once a minute."""
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - _USED_EVERY:
        is_due = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - _USED_EVERY)
        ApiKey.objects.filter(is_due, pk=key.pk).update(last_used_at=now)


def revoke(key_ids: Sequence[int]) -> int:
    """Shut the keys for good; return how many were open."""
    return ApiKey.objects.filter(pk__in=key_ids, revoked_at__isnull=True).update(revoked_at=timezone.now())


def _digest(secret: str, *, secret_key: str) -> str:
    pepper = sha256(b"houserules.api-key:" + secret_key.encode()).digest()
    return hmac.new(pepper, secret.encode(), sha256).hexdigest()
