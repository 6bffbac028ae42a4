"""The pages on which a classifier is copied."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from classifiers import tasks
from classifiers.models import Classifier, CopyRun
from moderation.runs import RunState
from tests import staff
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_VIEW, _ADD, _ADD_EXAMPLE = "classifiers.view_classifier", "classifiers.add_classifier", "classifiers.add_example"


@pytest.fixture
def boss() -> Client:
    return staff.login()


@pytest.fixture
def source() -> Classifier:
    made: Classifier = ClassifierFactory(name="Message check", labels_locked_at=timezone.now())
    LabelFactory(classifier=made, number=0, name="Fine")
    ExampleFactory(classifier=made)
    return made


def _copy(boss: Client, source: Classifier, **values: str) -> Any:
    form = {"name": "Second try", "key": "", "taken": "all", "takes_suggestions": "on"}
    return boss.post(staff.page(source, "copy"), form | values)


def _made() -> Classifier:
    return Classifier.objects.get(name="Second try")


def _run(source: Classifier, **values: Any) -> CopyRun:
    made = ClassifierFactory()
    run: CopyRun = CopyRun.objects.create(source=source, classifier=made, **values)
    return run


def test_it_is_offered_where_the_labels_are_locked_and_at_home(boss: Client, source: Classifier) -> None:
    for name in ("labels", "home"):
        assert staff.page(source, "copy") in staff.said(boss.get(staff.page(source, name)))


def test_a_free_name_is_proposed(boss: Client, source: Classifier) -> None:
    ClassifierFactory(name="Message check (copy)")

    page = staff.said(boss.get(staff.page(source, "copy")))

    assert 'value="Message check (copy 2)"' in page
    assert "Which of the 1 examples come along" in page


def test_the_copy_leads_to_its_examples_on_their_way_and_to_what_came(boss: Client, source: Classifier) -> None:
    response = _copy(boss, source)
    run = CopyRun.objects.get()
    waiting = staff.said(boss.get(response["Location"]))
    tasks.copy_examples(run.pk)
    done = staff.said(boss.get(response["Location"]))

    assert response["Location"] == staff.page(_made(), "copy_run", run_id=run.pk)
    assert "data-hr-poll" in waiting
    assert "0 have a confirmed label, 0 a suggested one, and 1 none." in done
    assert LogEntry.objects.get().get_change_message() == f"Copied from {source.key}."


def test_the_copy_without_examples_leads_to_its_labels(boss: Client, source: Classifier) -> None:
    response = _copy(boss, source, taken="none")

    assert response["Location"] == staff.page(_made(), "labels")
    assert not CopyRun.objects.exists()


def test_the_labels_of_the_copy_say_that_examples_still_come(boss: Client, source: Classifier) -> None:
    _copy(boss, source)

    assert "Examples are still being copied" in staff.said(boss.get(staff.page(_made(), "labels")))
    assert "still being copied" not in staff.said(boss.get(staff.page(source, "labels")))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": ""}, "Give the new classifier a name."),
        ({"name": "Message check"}, "There is a classifier called “Message check” already."),
        ({"key": "email"}, "The key “email” is taken."),
        ({"taken": ""}, "Choose which examples come along."),
        ({"taken": "some"}, "not one of the available choices"),
    ],
    ids=["no name", "name taken", "key taken", "no choice", "bad choice"],
)
def test_what_is_wrong_is_said_beside_the_field(
    boss: Client, source: Classifier, values: dict[str, str], sentence: str
) -> None:
    response = _copy(boss, source, **values)

    assert (response.status_code, sentence in staff.said(response)) == (200, True)
    assert Classifier.objects.count() == 1


def test_a_copying_that_failed_can_go_on(boss: Client, source: Classifier) -> None:
    run = _run(source, state=RunState.FAILED, error="The disk is full.", until_id=source.examples.get().pk)
    page = staff.said(boss.get(staff.page(run.classifier, "copy_run", run_id=run.pk)))

    boss.post(staff.page(run.classifier, "copy_resume", run_id=run.pk))

    run.refresh_from_db()
    assert "The disk is full. What came along so far stays: 0 examples." in page
    assert "Go on copying" in page
    assert run.state == RunState.QUEUED


def test_a_copying_can_be_cancelled(boss: Client, source: Classifier) -> None:
    run = _run(source)

    boss.post(staff.page(run.classifier, "copy_cancel", run_id=run.pk))

    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


@pytest.mark.parametrize("state", RunState.values)
def test_its_page_and_its_progress_open_in_every_state(boss: Client, source: Classifier, state: str) -> None:
    run = _run(source, state=state, read=5, added=3, duplicates=2, confirmed=1, lost_labels=1)

    for name in ("copy_run", "copy_progress"):
        assert boss.get(staff.page(run.classifier, name, run_id=run.pk)).status_code == 200


def test_the_page_of_another_classifier_s_copying_is_not_found(boss: Client, source: Classifier) -> None:
    run = _run(source)

    assert boss.get(staff.page(source, "copy_run", run_id=run.pk)).status_code == 404
    assert boss.post(staff.page(source, "copy_cancel", run_id=run.pk)).status_code == 404
    assert boss.post(staff.page(source, "copy_resume", run_id=run.pk)).status_code == 404


@pytest.mark.parametrize("permission", [_VIEW, "classifiers.change_classifier"])
def test_who_may_add_no_classifier_copies_none(source: Classifier, permission: str) -> None:
    visitor = staff.login(permission)

    assert visitor.get(staff.page(source, "copy")).status_code == 403
    assert _copy(visitor, source).status_code == 403
    assert staff.page(source, "copy") not in staff.said(visitor.get(staff.page(source, "labels")))
    assert staff.page(source, "copy") not in staff.said(visitor.get(staff.page(source, "home")))


def test_who_may_add_no_example_copies_the_labels_only(source: Classifier) -> None:
    visitor = staff.login(_VIEW, _ADD)

    page = staff.said(visitor.get(staff.page(source, "copy")))
    refused = _copy(visitor, source)
    made = _copy(visitor, source, taken="none")

    assert ('value="none" checked' in page, 'value="all"' in page) == (True, False)
    assert (refused.status_code, made.status_code) == (403, 302)


def test_who_may_only_look_is_offered_no_way_to_end_it(source: Classifier) -> None:
    run = _run(source, state=RunState.RUNNING)
    visitor = staff.login(_VIEW)

    page = staff.said(visitor.get(staff.page(run.classifier, "copy_run", run_id=run.pk)))

    assert ">Cancel<" not in page
    assert visitor.post(staff.page(run.classifier, "copy_cancel", run_id=run.pk)).status_code == 403


def test_names_are_shown_as_text(boss: Client) -> None:
    source = ClassifierFactory(name="<i>x")

    pages = [
        boss.get(staff.page(source, "copy")),
        boss.get(staff.page((run := _run(source)).classifier, "copy_run", run_id=run.pk)),
    ]

    assert all("<i>x" not in staff.said(page) for page in pages)
