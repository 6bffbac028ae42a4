"""Who calls the API, and what the key may do."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from moderation.models import ApiKey, Scope
from moderation.services import keys

_HEADER = 'Bearer realm="houserules"'
# One sentence for every kind of bad key: the answer must not tell a guesser which kind it is.
REFUSED = "Authorization not provided, or the key is not valid. Send the header: Authorization: Bearer <key>."


class ApiKeyAuthentication(BaseAuthentication):
    """Read `Authorization: Bearer <key>`; `request.auth` is then the ApiKey."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey]:
        """Return the key. Raises AuthenticationFailed where there's none, or it opens nothing."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        key = keys.find(secret.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            raise AuthenticationFailed(REFUSED)
        keys.mark_used(key)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return _HEADER


def scope_of(view: Any, *, method: str) -> Scope:
    """Return the scope that the view asks for: `scope`, or where it has one, `change_scope` for what changes things."""
    scope: Scope = view.scope
    return scope if method.upper() in SAFE_METHODS else getattr(view, "change_scope", scope)


class HasScope(BasePermission):
    """Let a key pass whose scopes hold the one that the view asks for."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True. Raises PermissionDenied with code `scope` otherwise."""
        scope = scope_of(view, method=request.method)
        if scope.value not in request.auth.scopes:
            raise PermissionDenied(
                f"This key may not do that: it lacks the scope “{scope.value}”. Make a key that has it.",
                code="scope",
            )
        return True
