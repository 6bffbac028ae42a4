"""A project runs what was added to it, once."""

from __future__ import annotations

import pytest

from moderation.models import AnalyzerSetting, Project
from moderation.services import project_analyzers
from moderation.services.project_analyzers import UnknownAnalyzer
from tests.factories import AnalyzerSettingFactory, ProjectFactory

pytestmark = pytest.mark.django_db


def test_an_analyzer_is_added_to_a_project_once() -> None:
    project = ProjectFactory()

    added = [project_analyzers.add(project.pk, analyzer="email") for _ in range(2)]

    assert (added, AnalyzerSetting.objects.filter(project=project).count()) == ([True, False], 1)


def test_an_analyzer_that_was_switched_off_is_switched_on() -> None:
    setting = AnalyzerSettingFactory(is_enabled=False)

    assert project_analyzers.add(setting.project_id, analyzer="email")

    setting.refresh_from_db()
    assert setting.is_enabled


def test_an_analyzer_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownAnalyzer):
        project_analyzers.add(ProjectFactory().pk, analyzer="astrology")

    assert not AnalyzerSetting.objects.exists()


def test_a_project_that_is_not_there_is_told() -> None:
    with pytest.raises(Project.DoesNotExist):
        project_analyzers.add(10**6, analyzer="email")


def test_only_projects_that_run_it_are_named_in_their_order() -> None:
    for name in ("B", "A"):
        AnalyzerSettingFactory(project__name=name)
    AnalyzerSettingFactory(project__name="Off", is_enabled=False)
    AnalyzerSettingFactory(project__name="Other", analyzer="phone")

    assert [project.name for project in project_analyzers.projects_with("email")] == ["A", "B"]
