"""Callers of the API inside the test's process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.test import APIClient

from moderation.models import Project, Scope
from moderation.services import keys
from tests.factories import AnalyzerSettingFactory, ProjectFactory


def client_with(secret: str) -> APIClient:
    """Return a client that sends `secret` as its key, and JSON."""
    client = APIClient()
    client.default_format = "json"
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def client_for(project: Project, *, scopes: Sequence[Scope] = (Scope.READ, Scope.MODERATE)) -> APIClient:
    """Return a client with a new key of the project."""
    issued = keys.issue(project, name="test", scopes=[scope.value for scope in scopes])
    return client_with(issued.secret)


def project_with(*analyzers: str, **values: Any) -> Any:
    """Return a new project that runs the analyzers."""
    project = ProjectFactory(**values)
    for analyzer in analyzers:
        AnalyzerSettingFactory(project=project, analyzer=analyzer)
    return project
