"""An import's page: its bar while it runs, its report, and the way back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from classifiers.models import DecisionSource, Example, ImportRun
from classifiers.services import decisions
from moderation.runs import RunState
from tests import staff, uploads
from tests.factories import ExampleFactory, ImportRunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _page(boss: Client, run: ImportRun) -> str:
    return staff.said(boss.get(staff.page(run.classifier, "upload_run", run_id=run.pk)))


def _undo(boss: Client, run: ImportRun) -> Any:
    return boss.post(staff.page(run.classifier, "upload_undo", run_id=run.pk))


def test_the_report_names_each_refused_row_and_why(boss: Client) -> None:
    run = uploads.stage("text,label\n=1+1,Spm\nhello,0\n")
    uploads.confirm(run)
    uploads.carry_out(run)

    page = staff.said(boss.get(staff.page(run.classifier, "upload_run", run_id=run.pk)))
    download = boss.get(staff.page(run.classifier, "upload_refused", run_id=run.pk))

    assert "The nearest is “Spam”" in page
    assert b"'=1+1" in b"".join(download.streaming_content)
    assert download["Content-Disposition"] == f'attachment; filename="refused-{run.pk}.csv"'


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.DEAD, RunState.CANCELLED])
def test_an_import_that_ended_badly_shows_its_sentence(boss: Client, state: RunState) -> None:
    run = ImportRunFactory(state=state, error="There was no room.")

    page = staff.said(boss.get(staff.page(run.classifier, "upload_run", run_id=run.pk)))

    assert "There was no room." in page


def test_a_running_import_shows_a_bar_that_is_kept_fresh(boss: Client) -> None:
    run = ImportRunFactory(state=RunState.RUNNING, progress=0.42, step="Adding: 42 of 100 rows")

    page = staff.said(boss.get(staff.page(run.classifier, "upload_run", run_id=run.pk)))
    part = staff.said(boss.get(staff.page(run.classifier, "upload_progress", run_id=run.pk)))

    for shown in (page, part):
        assert 'value="42"' in shown
        assert f'data-hr-poll="{staff.page(run.classifier, "upload_progress", run_id=run.pk)}"' in shown
    assert "<html" not in part


def test_the_bar_ends_when_the_import_has_ended(boss: Client) -> None:
    run = ImportRunFactory(state=RunState.SUCCEEDED)

    part = staff.said(boss.get(staff.page(run.classifier, "upload_progress", run_id=run.pk)))

    assert "data-hr-finished" in part
    assert "data-hr-poll" not in part


def test_a_waiting_import_can_be_cancelled(boss: Client) -> None:
    run = ImportRunFactory(state=RunState.QUEUED)

    for _ in range(2):
        boss.post(staff.page(run.classifier, "upload_cancel", run_id=run.pk))

    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_an_import_that_is_done_can_be_undone(boss: Client) -> None:
    run = uploads.done()
    before = _page(boss, run)

    response = _undo(boss, run)

    after = _page(boss, run)
    assert "Remove up to 3 examples" in before
    assert response["Location"] == staff.page(run.classifier, "upload_run", run_id=run.pk)
    assert Example.objects.count() == 0
    assert "Undone on" in after
    assert "Examples removed: 3." in after
    assert "Undo this import" not in after
    assert "rows read" in after


def test_an_import_that_was_undone_is_called_so_in_both_lists(boss: Client) -> None:
    run = uploads.done()
    pages = (staff.page(run.classifier, "data"), reverse("admin:classifiers_importrun_changelist"))
    before = [staff.said(boss.get(page)) for page in pages]

    _undo(boss, run)

    assert not any("Undone" in page for page in before)
    assert all("Undone" in staff.said(boss.get(page)) for page in pages)


def test_the_page_says_what_stays_and_why(boss: Client) -> None:
    classifier = uploads.classifier()
    for text in ("there", "also there"):
        ExampleFactory(classifier=classifier, text=text)
    run = uploads.done(uploads.CSV + "there,0\nalso there,0\n", into=classifier)
    for text in ("hello", "what?", "also there"):
        example = classifier.examples.get(text=text)
        decisions.decide(example.pk, label_id=classifier.labels.get(number=1).pk, source=DecisionSource.PERSON)

    _undo(boss, run)

    page = _page(boss, run)
    assert "Examples removed: 1." in page
    assert "Labels of other examples taken back: 1." in page
    assert "Left as they are, because a person has decided about them since: 3." in page


def test_who_undid_it_is_named_and_it_stands_in_the_history(boss: Client) -> None:
    run = uploads.done()

    _undo(boss, run)

    run.refresh_from_db()
    assert f"by {run.undone_by}." in _page(boss, run)
    history = boss.get(f"/admin/classifiers/classifier/{run.classifier_id}/history/")
    assert "Undid the import of messages.csv." in staff.said(history)


def test_undoing_twice_changes_nothing_more(boss: Client) -> None:
    run = uploads.done()
    _undo(boss, run)
    ExampleFactory(classifier=run.classifier, text="hello")

    response = boss.post(staff.page(run.classifier, "upload_undo", run_id=run.pk), follow=True)

    assert "This import was undone already." in staff.said(response)
    assert Example.objects.count() == 1


@pytest.mark.parametrize("state", [RunState.DRAFT, RunState.QUEUED, RunState.RUNNING])
def test_an_import_that_has_not_ended_is_not_undone(boss: Client, state: RunState) -> None:
    run = ImportRunFactory(state=state, added=1)
    ExampleFactory(classifier=run.classifier, import_run=run)

    _undo(boss, run)

    assert Example.objects.count() == 1


def test_who_may_not_delete_examples_is_not_offered_to_undo() -> None:
    run = uploads.done()
    person = staff.login("classifiers.view_classifier", "classifiers.add_example")

    response = _undo(person, run)

    assert response.status_code == 403
    assert "Undo this import" not in _page(person, run)
    assert Example.objects.count() == 3


def test_an_import_that_only_labelled_says_so(boss: Client) -> None:
    classifier = uploads.classifier()
    ExampleFactory(classifier=classifier, text="hello")

    run = uploads.done("text,label\nhello,0\n", into=classifier)

    assert "Take back up to 1 label<" in _page(boss, run)


def test_an_import_that_brought_nothing_has_nothing_to_undo(boss: Client) -> None:
    run = uploads.done("text,label\nhello,x\n")

    assert "Undo this import" not in _page(boss, run)
