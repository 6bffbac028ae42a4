"""Who may do what on a classifier's pages, and by which method."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from classifiers.models import Classifier, Example, ImportRun, Version
from moderation.runs import RunState
from tests import staff
from tests.factories import AdminFactory, ClassifierFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_VIEW = "classifiers.view_classifier"
# Name of the page, and the permission that its POST needs.
_POSTS = {
    "labels": "classifiers.change_classifier",
    "copy": "classifiers.add_classifier",
    "upload": "classifiers.add_example",
    "add_text": "classifiers.add_example",
    "upload_preview": "classifiers.add_example",
    "upload_check": "classifiers.add_example",
    "upload_start": "classifiers.add_example",
    "upload_undo": "classifiers.delete_example",
    "upload_discard": "classifiers.add_example",
    "upload_cancel": "classifiers.add_example",
    "annotate_texts": "classifiers.change_example",
    "annotate_turn": "classifiers.change_example",
    "disagreements": "classifiers.change_example",
    "overlap": "annotation.change_annotationsetting",
    "train": "classifiers.add_version",
    "train_cancel": "classifiers.add_version",
    "train_suggestions": "classifiers.change_classifier",
    "mistakes": "classifiers.change_example",
    "review": _VIEW,
    "promote": "classifiers.change_version",
    "golden_set_aside": "classifiers.change_example",
    "golden_give_back": "classifiers.change_example",
    "use_add": "moderation.add_analyzersetting",
}
_POST_ONLY = (
    "upload",
    "add_text",
    "upload_start",
    "upload_discard",
    "upload_cancel",
    "upload_undo",
    "annotate_turn",
    "overlap",
    "train_cancel",
    "train_suggestions",
    "promote",
    "golden_set_aside",
    "golden_give_back",
    "use_add",
)


def _address(classifier: Classifier, name: str) -> str:
    captured: dict[str, Any] = {}
    if name.startswith("upload_"):
        captured = {"run_id": ImportRun.objects.get(classifier=classifier, state=RunState.DRAFT).pk}
    if name in ("promote", "train_cancel"):
        captured = {"version_id": Version.objects.get(classifier=classifier, number=1).pk}
    return staff.page(classifier, name, **captured)


@pytest.mark.parametrize("name", [name for name in _POSTS if name != "review"])
def test_who_may_only_look_changes_nothing(name: str) -> None:
    address = _address(staff.filled(), name)

    assert staff.login(_VIEW).post(address).status_code == 403


@pytest.mark.parametrize("name", _POSTS)
def test_who_may_do_one_thing_is_let_through(name: str) -> None:
    address = _address(staff.filled(), name)

    assert staff.login(_POSTS[name]).post(address).status_code in (200, 302)


@pytest.mark.parametrize("name", _POSTS)
def test_a_stranger_is_sent_to_the_login(client: Client, name: str) -> None:
    address = _address(staff.filled(), name)

    response = client.post(address)

    assert (response.status_code, response["Location"].split("?")[0]) == (302, reverse("admin:login"))


@pytest.mark.parametrize("name", _POSTS)
def test_a_request_from_another_site_is_refused(name: str) -> None:
    address = _address(staff.filled(), name)
    client = Client(enforce_csrf_checks=True)
    client.force_login(AdminFactory())

    assert client.post(address).status_code == 403


@pytest.mark.parametrize("name", _POST_ONLY)
def test_a_page_that_changes_something_is_not_to_be_got(name: str) -> None:
    address = _address(staff.filled(), name)

    assert staff.login().get(address).status_code == 405


@pytest.mark.parametrize("step", staff.STEPS)
@pytest.mark.parametrize(
    ("permission", "status"), [(_VIEW, 200), ("classifiers.change_classifier", 200), ("auth.view_user", 403)]
)
def test_the_steps_are_for_those_who_may_see_classifiers(step: str, permission: str, status: int) -> None:
    address = staff.page(staff.filled(), step)

    assert staff.login(permission).get(address).status_code == status


@pytest.mark.parametrize("step", staff.STEPS)
def test_who_may_only_look_is_offered_no_forms_but_the_try_box(step: str) -> None:
    response = staff.login(_VIEW).get(staff.page(staff.filled(), step))

    buttons = re.findall(r'<button class="hr-[^>]*type="submit"[^>]*>', staff.said(response))
    offered = [button for button in buttons if "disabled" not in button]
    assert len(offered) == (1 if step == "review" else 0)


def test_a_new_classifier_needs_its_permission() -> None:
    assert staff.login(_VIEW).get(reverse("admin:classifiers_classifier_add")).status_code == 403


def test_nothing_changes_by_looking() -> None:
    classifier = staff.filled()
    boss = staff.login()
    before = (Example.objects.count(), Version.objects.count(), ImportRun.objects.count())

    for step in staff.STEPS:
        boss.get(staff.page(classifier, step))

    assert (Example.objects.count(), Version.objects.count(), ImportRun.objects.count()) == before


def test_a_run_of_another_classifier_is_not_found() -> None:
    run = ImportRun.objects.filter(classifier=staff.filled()).first()
    version = Version.objects.first()
    other, boss = ClassifierFactory(), staff.login()

    statuses = {
        boss.get(staff.page(other, "upload_run", run_id=run.pk)).status_code,
        boss.get(staff.page(other, "upload_refused", run_id=run.pk)).status_code,
        boss.post(staff.page(other, "upload_discard", run_id=run.pk)).status_code,
        boss.get(staff.page(other, "upload_check", run_id=run.pk)).status_code,
        boss.post(staff.page(other, "upload_start", run_id=run.pk)).status_code,
        boss.post(staff.page(other, "upload_undo", run_id=run.pk)).status_code,
        boss.post(staff.page(other, "promote", version_id=version.pk)).status_code,
        boss.get(staff.page(other, "train_progress", version_id=version.pk)).status_code,
    }

    assert statuses == {404}
