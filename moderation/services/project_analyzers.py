"""Which projects run which analyzer."""

from __future__ import annotations

from moderation.analyzers import registry
from moderation.models import AnalyzerSetting, Project


class UnknownAnalyzer(Exception):
    """There's no analyzer with this key."""


def add(project_id: int, *, analyzer: str) -> bool:
    """Let the project run the analyzer; return whether it didn't yet. Raises UnknownAnalyzer, Project.DoesNotExist."""
    if registry.find(analyzer) is None:
        raise UnknownAnalyzer(f"There is no analyzer “{analyzer}”.")
    project = Project.objects.get(pk=project_id)
    _, is_new = AnalyzerSetting.objects.get_or_create(project=project, analyzer=analyzer)
    if is_new:
        return True
    switched_on = AnalyzerSetting.objects.filter(project=project, analyzer=analyzer, is_enabled=False)
    return bool(switched_on.update(is_enabled=True))


def projects_with(analyzer: str) -> list[Project]:
    """Return the projects that run the analyzer, by name."""
    return list(Project.objects.filter(analyzers__analyzer=analyzer, analyzers__is_enabled=True).order_by("name"))
