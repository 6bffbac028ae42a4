"""A file's first screens: it's uploaded, looked at, and its columns are chosen."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from classifiers.models import Classifier, ImportRun
from moderation.runs import RunState
from tests import staff, uploads

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _upload(boss: Client, classifier: Classifier, content: str | bytes = uploads.CSV, **values: Any) -> Any:
    return boss.post(staff.page(classifier, "upload"), {"file": uploads.file(content), **values})


def _preview(boss: Client, run: ImportRun, **query: str) -> Any:
    return boss.get(staff.page(run.classifier, "upload_preview", run_id=run.pk), query)


def _choose(boss: Client, run: ImportRun, **values: Any) -> Any:
    shown = {
        "encoding": run.encoding,
        "delimiter": run.delimiter,
        "sheet": run.sheet,
        "header": json.dumps(run.header),
        "text_column": "0",
        "label_column": "1",
    }
    return boss.post(staff.page(run.classifier, "upload_preview", run_id=run.pk), shown | values)


KINDS: dict[str, tuple[str | bytes, str]] = {
    "CSV": (uploads.CSV, "CSV file, 3 rows."),
    "TSV": (uploads.CSV.replace(",", "\t"), "CSV file, 3 rows."),
    "workbook": (
        uploads.workbook(["text", "label"], ["hello", 0], ["win a phone", "Spam"], ["what?", None]),
        "Excel workbook, sheet “<bdi>Messages</bdi>”, 3 rows.",
    ),
    "JSON lines": (
        '{"text": "hello", "label": 0}\n{"text": "win a phone", "label": "Spam"}\n{"text": "what?"}\n',
        "JSON file, 3 rows.",
    ),
}


@pytest.mark.parametrize(("content", "said"), KINDS.values(), ids=KINDS.keys())
def test_a_file_of_any_kind_goes_from_the_form_to_the_report(boss: Client, content: str | bytes, said: str) -> None:
    classifier = uploads.classifier()

    to_preview = _upload(boss, classifier, content)
    run = ImportRun.objects.get()
    preview = staff.said(boss.get(to_preview["Location"]))
    to_check = _choose(boss, run)
    check = boss.get(to_check["Location"])
    to_report = boss.post(staff.page(classifier, "upload_start", run_id=run.pk), {"chosen": check.context["chosen"]})
    uploads.carry_out(run)
    report = staff.said(boss.get(to_report["Location"]))

    assert said in preview
    assert "win a phone" in preview
    assert ">Add 3 examples</button>" in staff.said(check)
    assert to_report["Location"] == staff.page(classifier, "upload_run", run_id=run.pk)
    assert "Of those added, 2 came with a label." in report
    assert uploads.labels(classifier) == {"hello": "Fine", "win a phone": "Spam", "what?": None}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"text\n", "The file has no rows."),
        (b"%PDF-1.7", "not CSV"),
        (b"PK\x03\x04 xl/workbook.xml", "The workbook is damaged or was cut off."),
    ],
    ids=["empty", "header only", "PDF", "half a workbook"],
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

    response = _choose(boss, run, label_column="0")

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

    response = _choose(boss, run, **values)

    run.refresh_from_db()
    assert (response.status_code, run.state) == (200, RunState.DRAFT)
    assert "Choose the columns again." in staff.said(response)


def test_a_discarded_file_is_gone(boss: Client, django_capture_on_commit_callbacks: Any) -> None:
    run = uploads.stage()

    with django_capture_on_commit_callbacks(execute=True):
        response = boss.post(staff.page(run.classifier, "upload_discard", run_id=run.pk))

    assert response["Location"] == staff.page(run.classifier, "data")
    assert (ImportRun.objects.count(), uploads.kept_files()) == (0, [])


def test_an_import_that_was_started_cannot_be_discarded(boss: Client) -> None:
    run = uploads.stage()
    uploads.confirm(run)

    boss.post(staff.page(run.classifier, "upload_discard", run_id=run.pk))

    assert ImportRun.objects.exists()


def test_a_file_that_was_imported_before_says_so_and_how_many_it_added(boss: Client) -> None:
    first = uploads.done()
    again = uploads.stage(into=first.classifier)

    preview = staff.said(_preview(boss, again))
    check = staff.said(boss.get(_choose(boss, again)["Location"]))

    for page in (preview, check):
        assert "This very file was imported on" in page
        assert "already and added 3 examples then." in page


def test_what_was_chosen_is_proposed_again(boss: Client) -> None:
    run = uploads.stage("a,b,text\nü,x,hello\n".encode("cp1252"))
    _choose(boss, run, encoding="iso8859-15", text_column="0", label_column="")

    response = _preview(boss, run)

    assert response.context["reading"]["encoding"].value() == response.context["look"].encoding == "iso8859-15"
    assert [column.is_text for column in response.context["columns"]] == [True, False, False]


SHEETS = uploads.workbook(["id", "name"], [1, "x"], Chat=[["text", "label"], ["hello", 0]], hidden=[["a"], ["b"]])


def test_another_sheet_of_a_workbook_can_be_looked_at(boss: Client) -> None:
    run = uploads.stage(SHEETS)

    first, other = _preview(boss, run), _preview(boss, run, sheet="Chat")

    assert (first.context["look"].header, other.context["look"].header) == (("id", "name"), ("text", "label"))
    assert 'name="encoding" value=""' in staff.said(first)
    assert "Cells are parted by" not in staff.said(first)


def test_a_hidden_sheet_is_named_but_cannot_be_chosen(boss: Client) -> None:
    run = uploads.stage(SHEETS)

    page = staff.said(_preview(boss, run))
    asked = _preview(boss, run, sheet="hidden")

    assert re.search(r'<option value="hidden" disabled>\s*hidden \(hidden\)', page)
    assert "is hidden. Show it in Excel" in asked.context["problem"]
    assert re.search(r'<option value="Chat">', staff.said(asked))


@pytest.mark.parametrize(
    "sheet", ["--help", "x" * 5_000, "No such one", "\ud83d"], ids=["option", "long", "none", "half"]
)
def test_a_sheet_that_is_not_there_is_refused(boss: Client, sheet: str) -> None:
    run = uploads.stage(SHEETS)
    address = staff.page(run.classifier, "upload_preview", run_id=run.pk)

    response = boss.get(f"{address}?sheet={quote(sheet, errors='surrogatepass')}")

    assert response.status_code == 200
    assert "sheet" in response.context["problem"]
    assert "look" not in response.context


def test_the_chosen_sheet_is_imported(boss: Client) -> None:
    run = uploads.stage(SHEETS)

    _choose(boss, run, sheet="Chat", header='["text", "label"]')
    run.refresh_from_db()
    uploads.start(run)
    uploads.carry_out(run)

    assert run.sheet == "Chat"
    assert uploads.labels(run.classifier) == {"hello": "Fine"}


def test_a_file_without_a_choice_of_reading_offers_none(boss: Client) -> None:
    page = staff.said(_preview(boss, uploads.stage('{"text": "hello"}\n')))

    assert "How it is read" not in page
    assert "Count what would be added" in page
