"""API keys and projects on the screens of the staff."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from moderation.models import ApiKey, Project
from moderation.services import keys
from tests import staff
from tests.factories import ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def _make(project: Project) -> Any:
    form = {
        "project": project.pk,
        "name": "shop",
        "scopes": ["read", "moderate"],
        "expires_at_0": "",
        "expires_at_1": "",
    }
    return staff.login().post(reverse("admin:moderation_apikey_add"), form)


def test_a_new_key_is_shown_once_and_opens_its_project() -> None:
    project = ProjectFactory()

    response = _make(project)

    found = keys.find(response.context["secret"])
    assert found is not None
    assert (found.project, found.created_by is None) == (project, False)
    assert response.context["secret"] in staff.said(response)
    assert "no-store" in response["Cache-Control"]


def test_a_key_s_page_never_shows_its_secret_again() -> None:
    secret = _make(ProjectFactory()).context["secret"]

    page = staff.said(staff.login().get(reverse("admin:moderation_apikey_change", args=[ApiKey.objects.get().pk])))

    assert secret not in page


def test_the_form_offers_one_button_because_the_key_is_shown_next() -> None:
    page = staff.said(staff.login().get(reverse("admin:moderation_apikey_add")))

    assert 'name="_save"' in page
    assert 'name="_addanother"' not in page
    assert 'name="_continue"' not in page


def test_keys_are_revoked_from_the_list() -> None:
    issued = keys.issue(ProjectFactory(), name="shop")
    action = {"action": "revoke", "_selected_action": [issued.key.pk]}

    response = staff.login().post(reverse("admin:moderation_apikey_changelist"), action, follow=True)

    assert "Keys revoked: 1." in staff.said(response)
    assert keys.find(issued.secret) is None


def test_a_project_with_its_log_cannot_be_deleted_by_a_click() -> None:
    project = ProjectFactory()

    response = staff.login().post(reverse("admin:moderation_project_delete", args=[project.pk]), {"post": "yes"})

    assert (response.status_code, Project.objects.count()) == (403, 1)
