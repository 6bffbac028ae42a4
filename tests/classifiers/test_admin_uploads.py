"""A file's way over the screens: looked at, its columns chosen, imported, reported."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from classifiers.models import Classifier, Example, ImportRun
from moderation.runs import RunState
from tests import staff, uploads
from tests.factories import ImportRunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _upload(boss: Client, classifier: Classifier, content: str | bytes = uploads.CSV, **values: Any) -> Any:
    return boss.post(staff.page(classifier, "upload"), {"file": uploads.file(content), **values})


def _preview(boss: Client, run: ImportRun, **query: str) -> Any:
    return boss.get(staff.page(run.classifier, "upload_preview", run_id=run.pk), query)


def _confirm(boss: Client, run: ImportRun, **values: Any) -> Any:
    shown = {
        "encoding": run.encoding,
        "delimiter": run.delimiter,
        "header": json.dumps(run.header),
        "text_column": "0",
        "label_column": "1",
    }
    return boss.post(staff.page(run.classifier, "upload_preview", run_id=run.pk), shown | values)


def test_a_file_goes_from_the_form_to_the_report(boss: Client) -> None:
    classifier = uploads.classifier()

    to_preview = _upload(boss, classifier)
    run = ImportRun.objects.get()
    preview = staff.said(boss.get(to_preview["Location"]))
    to_report = _confirm(boss, run)
    uploads.carry_out(run)
    report = staff.said(boss.get(to_report["Location"]))

    assert "Import 3 rows" in preview
    assert "win a phone" in preview
    assert to_report["Location"] == staff.page(classifier, "upload_run", run_id=run.pk)
    assert "Of those added, 2 came with a label." in report
    assert uploads.labels(classifier) == {"hello": "Fine", "win a phone": "Spam", "what?": None}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "empty"), (b"text\n", "The file has no rows."), (b"%PDF-1.7", "not CSV")],
    ids=["empty", "header only", "PDF"],
)
def test_a_file_that_is_no_table_is_said_on_the_form(boss: Client, content: bytes, sentence: str) -> None:
    response = _upload(boss, uploads.classifier(), content)

    assert sentence in staff.said(response)
    assert (response.status_code, ImportRun.objects.count(), uploads.kept_files()) == (200, 0, [])


def test_a_form_without_a_file_asks_for_one(boss: Client) -> None:
    response = boss.post(staff.page(uploads.classifier(), "upload"))

    assert "Choose a file first." in staff.said(response)


def test_columns_are_proposed_by_their_names(boss: Client) -> None:
    run = uploads.stage("id,label,text\n1,0,hello\n")

    columns = _preview(boss, run).context["columns"]

    assert [(column.name, column.is_text, column.is_label) for column in columns] == [
        ("id", False, False),
        ("label", False, True),
        ("text", True, False),
    ]


def test_a_file_can_be_looked_at_with_another_delimiter(boss: Client) -> None:
    run = uploads.stage("text;x,label\nhello;1,0\n")

    headers = [_preview(boss, run, delimiter=delimiter).context["look"].header for delimiter in (";", ",")]

    assert headers == [("text", "x,label"), ("text;x", "label")]


def test_an_encoding_that_is_not_certain_is_asked_about(boss: Client) -> None:
    run = uploads.stage("text,label\ncafé,0\n".encode("cp1252"))

    page = staff.said(_preview(boss, run))

    assert "Check that the letters below are right" in page
    assert "café" in page


@pytest.mark.parametrize("query", [{"encoding": "zip"}, {"delimiter": "x"}])
def test_an_unknown_way_to_read_a_file_is_refused_by_the_form(boss: Client, query: dict[str, str]) -> None:
    response = _preview(boss, uploads.stage(), **query)

    assert response.status_code == 200
    assert "look" not in response.context


def test_a_wrong_encoding_is_said_and_another_can_be_chosen(boss: Client) -> None:
    response = _preview(boss, uploads.stage(), encoding="utf-16")

    assert (response.status_code, bool(response.context["problem"])) == (200, True)
    assert 'name="encoding"' in staff.said(response)


def test_a_header_that_cannot_be_used_closes_the_import(boss: Client) -> None:
    run = uploads.stage("text,text\na,b\n")

    page = staff.said(_preview(boss, run))

    assert "both named" in page
    assert 'type="submit" disabled' in page


def test_one_column_cannot_be_both(boss: Client) -> None:
    run = uploads.stage()

    response = _confirm(boss, run, label_column="0")

    run.refresh_from_db()
    assert "Choose one column for the text" in staff.said(response)
    assert run.state == RunState.DRAFT


@pytest.mark.parametrize(
    "values",
    [{"text_column": "9"}, {"text_column": ""}, {"header": "{"}, {"header": "3"}, {"encoding": "zip"}],
    ids=["no such column", "no column", "no JSON", "no list", "bad encoding"],
)
def test_a_choice_that_no_page_offers_imports_nothing(boss: Client, values: dict[str, str]) -> None:
    run = uploads.stage()

    response = _confirm(boss, run, **values)

    run.refresh_from_db()
    assert (response.status_code, run.state) == (200, RunState.DRAFT)
    assert "Choose the columns again." in staff.said(response)


def test_a_second_click_starts_no_second_import(boss: Client) -> None:
    run = uploads.stage()
    _confirm(boss, run)

    response = _confirm(boss, run)

    assert response["Location"] == staff.page(run.classifier, "upload_run", run_id=run.pk)
    assert ImportRun.objects.count() == 1


def test_a_discarded_file_is_gone(boss: Client, django_capture_on_commit_callbacks: Any) -> None:
    run = uploads.stage()

    with django_capture_on_commit_callbacks(execute=True):
        response = boss.post(staff.page(run.classifier, "upload_discard", run_id=run.pk))

    assert response["Location"] == staff.page(run.classifier, "data")
    assert (ImportRun.objects.count(), uploads.kept_files()) == (0, [])


def test_an_import_that_was_started_cannot_be_discarded(boss: Client) -> None:
    run = uploads.stage()
    _confirm(boss, run)

    boss.post(staff.page(run.classifier, "upload_discard", run_id=run.pk))

    assert ImportRun.objects.exists()


def test_a_file_that_was_imported_before_says_so(boss: Client) -> None:
    first = uploads.stage()
    uploads.confirm(first)
    uploads.carry_out(first)
    again = uploads.stage(into=first.classifier)

    assert "This very file was imported on" in staff.said(_preview(boss, again))


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


def test_texts_without_labels_need_no_label_column(boss: Client) -> None:
    run = uploads.stage()

    _confirm(boss, run, label_column="")
    uploads.carry_out(run)

    assert set(Example.objects.values_list("label", flat=True)) == {None}
