"""`/classifiers/{key}/imports`: upload a file, follow its import, read the report."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django_q.models import OrmQ
from rest_framework.test import APIClient

from classifiers.models import Classifier, ImportRun
from moderation.models import Scope
from moderation.runs import RunState
from tests import uploads
from tests.clients import client_for, project_with
from tests.factories import ImportRunFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/classifiers/message-check/imports"
COLUMNS = {"text_column": "text", "label_column": "label"}


@pytest.fixture
def classifier() -> Classifier:
    made = uploads.classifier()
    Classifier.objects.filter(pk=made.pk).update(key="message-check")
    return made


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ, Scope.WRITE))


def _send(client: APIClient, content: str | bytes = uploads.CSV, *, name: str = "", **fields: Any) -> Any:
    return client.post(URL, {"file": uploads.file(content, name=name), **COLUMNS | fields}, format="multipart")


def _issues(response: Any) -> list[tuple[str | None, str | None]]:
    return [(issue.get("field"), issue.get("code")) for issue in response.json()["issues"]]


@pytest.mark.slow
def test_an_uploaded_file_waits_for_a_worker_and_is_imported(
    client: APIClient, classifier: Classifier, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = _send(client)
    body = response.json()
    assert (response.status_code, response["Location"], body["state"]) == (202, f"{URL}/{body['id']}", "queued")
    assert OrmQ.objects.count() == 1

    uploads.carry_out(ImportRun.objects.get(pk=body["id"]))

    body = client.get(body["url"]).json()
    assert (body["state"], body["progress"], body["error"]) == ("succeeded", 1.0, "")
    assert (body["read"], body["added"], body["labelled"], body["duplicates"], body["refused"]) == (3, 3, 2, 0, 0)
    assert uploads.labels(classifier) == {"hello": "Fine", "win a phone": "Spam", "what?": None}


def _workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in (("label", "text"), (1, "win a phone"), (None, "=A1")):
        book.active.append(row)
    second = book.create_sheet("More")
    for row in (("text", "label"), ("hello", 0)):
        second.append(row)
    book.save(file)
    return file.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "fields", "texts"),
    [
        (b"\xef\xbb\xbfLabel;TEXT\n0;hello\n", {}, {"hello": "Fine"}),
        ("text|label\ncaf\xe9|1\n".encode("cp1252"), {"encoding": "cp1252"}, {"café": "Spam"}),
        (b"a\ttext\tlabel\n1\thello, you\t0\n", {"delimiter": "tab"}, {"hello, you": "Fine"}),
        (b"a\ttext\tlabel\n1\thello, you\t0\n", {"delimiter": "\t"}, {"hello, you": "Fine"}),
        (b'{"text": "hello", "label": 0}\n{"text": "win"}\n', {}, {"hello": "Fine", "win": None}),
        (_workbook(), {}, {"win a phone": "Spam"}),
        (_workbook(), {"sheet": "More"}, {"hello": "Fine"}),
    ],
    ids=["names in other case", "named encoding", "named delimiter", "a tab", "JSONL", "XLSX", "named sheet"],
)
def test_each_kind_of_file_is_read_as_it_says_or_as_was_asked(
    client: APIClient, classifier: Classifier, content: bytes, fields: dict[str, str], texts: dict[str, str | None]
) -> None:
    response = _send(client, content, **fields)
    assert response.status_code == 202, response.json()

    uploads.carry_out(ImportRun.objects.get(pk=response.json()["id"]))

    assert uploads.labels(classifier) == texts


@pytest.mark.slow
def test_without_a_label_column_the_texts_come_without_labels(client: APIClient, classifier: Classifier) -> None:
    response = client.post(URL, {"file": uploads.file(), "text_column": "text"}, format="multipart")

    run = ImportRun.objects.get(pk=response.json()["id"])
    assert (run.text_column, run.label_column) == (0, None)


# What is wrong with the file itself: see `test_bad_files`.
REFUSED: dict[str, tuple[bytes, dict[str, str], int, str | None, str | None]] = {
    "unknown encoding": (b"text,label\nhello,0\n", {"encoding": "utf-7"}, 400, "encoding", None),
    "101 columns": (b"text,label" + b",x" * 99 + b"\n", {}, 400, "file", "too_many_columns"),
    "no such text column": (b"text,label\nhello,0\n", {"text_column": "body"}, 400, "text_column", None),
    "no such label column": (b"text,label\nhello,0\n", {"label_column": "class"}, 400, "label_column", None),
    "no such sheet": (_workbook(), {"sheet": "Third"}, 400, "file", "no_such_sheet"),
    "one column twice": (b"text,label\nhello,0\n", {"label_column": "text"}, 400, None, None),
}


@pytest.mark.slow
@pytest.mark.parametrize(("content", "fields", "status", "field", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_cannot_be_read_is_refused_and_not_kept(
    client: APIClient,
    django_capture_on_commit_callbacks: Any,
    content: bytes,
    fields: dict[str, str],
    status: int,
    field: str | None,
    code: str | None,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = _send(client, content, **fields)

    assert response.status_code == status
    assert _issues(response) == ([(field, code)] if field else [])
    assert response.json()["message"].endswith(".")
    assert (ImportRun.objects.count(), uploads.kept_files()) == (0, [])


@pytest.mark.slow
def test_more_rows_than_allowed_are_refused(client: APIClient, settings: Any) -> None:
    settings.UPLOAD_MAX_ROWS = 2

    response = _send(client)

    assert (response.status_code, _issues(response)) == (413, [("file", "too_many_rows")])


@pytest.mark.slow
def test_a_name_that_is_not_there_is_answered_with_those_that_are(client: APIClient) -> None:
    response = _send(client, text_column="body")

    assert response.json()["message"] == "There is no column “body” in the file; there are “text”, “label”."


@pytest.mark.slow
@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.QUEUED])
def test_the_same_file_again_is_a_conflict_unless_it_is_meant(
    client: APIClient, django_capture_on_commit_callbacks: Any, state: RunState
) -> None:
    first = _send(client).json()["id"]
    ImportRun.objects.filter(pk=first).update(state=state)

    with django_capture_on_commit_callbacks(execute=True):
        again = _send(client, name="another name.csv")
    meant = _send(client, again="true")

    assert (again.status_code, again.json()["code"], _issues(again)) == (409, "CONFLICT", [("again", None)])
    assert f"as import {first}." in again.json()["message"]
    assert meant.status_code == 202
    assert len(uploads.kept_files()) == 2


BAD_FORMS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"text_column": "text"}, [("file", "required")]),
    ({"file": "text,label\n", "text_column": "text"}, [("file", "required")]),
    ({"file": None}, [("text_column", "required")]),
    ({"file": None, "text_column": ""}, [("text_column", "blank")]),
    ({"file": None, "text_column": "x" * 201}, [("text_column", "too_long")]),
    ({"file": None, "text_column": "a\0"}, [("text_column", "nul_character")]),
    ({"file": None, "text_column": "text", "label_column": " "}, [("label_column", "blank")]),
    ({"file": None, "text_column": "text", "delimiter": "x"}, [("delimiter", "not_a_choice")]),
    ({"file": None, "text_column": "text", "again": "yes"}, [("again", "not_a_boolean")]),
    (
        {"file": None, "text_column": "text", "user": "1", "by": "2"},
        [("by", "unknown_field"), ("user", "unknown_field")],
    ),
    ({"file": None, "text_column": ["text", "text"]}, [("text_column", "ambiguous")]),
]


@pytest.mark.parametrize(("fields", "issues"), BAD_FORMS)
def test_a_bad_field_is_named(client: APIClient, fields: dict[str, Any], issues: list[tuple[str, str]]) -> None:
    if "file" in fields and fields["file"] is None:
        fields = fields | {"file": uploads.file()}

    response = client.post(URL, fields, format="multipart")

    assert (response.status_code, _issues(response)) == (400, issues)
    assert ImportRun.objects.count() == 0


def test_a_column_that_is_sent_as_a_file_is_named(client: APIClient) -> None:
    fields = {"file": uploads.file(), "text_column": SimpleUploadedFile("x", b"text")}

    assert _issues(client.post(URL, fields, format="multipart")) == [("text_column", "not_a_string")]


def test_two_files_are_refused(client: APIClient) -> None:
    response = client.post(URL, {"file": [uploads.file(), uploads.file()], **COLUMNS}, format="multipart")

    assert _issues(response) == [("file", "ambiguous")]


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b'{"text_column": "text"}', 415),
        ("application/json", b"", 400),
        ("multipart/form-data", b"x", 400),
    ],
)
def test_another_body_than_a_form_is_refused(client: APIClient, content_type: str, body: bytes, status: int) -> None:
    response = client.generic("POST", URL, body, content_type=content_type)

    issues = [issue["message"] for issue in response.json()["issues"]]
    assert response.status_code == status
    assert "multipart/form-data" in " ".join([response.json()["message"], *issues])


def test_a_file_of_another_endpoint_is_refused(client: APIClient) -> None:
    response = client.post(URL.replace("imports", "examples"), {"file": uploads.file()}, format="multipart")

    assert response.status_code == 415


def test_the_name_of_a_file_is_kept_as_text_and_not_used(client: APIClient, settings: Any) -> None:
    response = _send(client, name="../..\\%2e%2e#<b>x.csv")

    [kept] = uploads.kept_files()
    assert response.json()["file_name"] == "%2e%2e#<b>x.csv"
    assert kept.is_relative_to(settings.UPLOADS_DIR)
    assert kept.suffix == ".upload"


@pytest.fixture
def run(classifier: Classifier) -> ImportRun:
    """Return an import that refused 60 rows."""
    made: ImportRun = ImportRunFactory(
        classifier=classifier, state=RunState.SUCCEEDED, read=100, added=40, refused=60, labelled=30
    )
    for number in range(60):
        made.refusals.create(row_number=2 + number, reason="The text is blank.", excerpt="x")
    return made


def test_an_import_is_described_with_its_first_refused_rows(client: APIClient, run: ImportRun) -> None:
    body = client.get(f"{URL}/{run.pk}").json()

    assert (body["id"], body["state"], body["file_name"]) == (str(run.pk), "succeeded", "messages.csv")
    assert (body["read"], body["added"], body["labelled"], body["refused"]) == (100, 40, 30, 60)
    assert body["refusals"][0] == {"row": 2, "reason": "The text is blank.", "excerpt": "x"}
    assert len(body["refusals"]) == 20


def test_a_failed_import_says_why(client: APIClient, classifier: Classifier) -> None:
    failed = ImportRunFactory(classifier=classifier, state=RunState.FAILED, error="The file takes more memory.")

    body = client.get(f"{URL}/{failed.pk}").json()

    assert (body["state"], body["error"]) == ("failed", "The file takes more memory.")


def test_all_refused_rows_come_page_by_page(client: APIClient, run: ImportRun) -> None:
    first = client.get(f"{URL}/{run.pk}/refusals").json()
    second = client.get(f"{URL}/{run.pk}/refusals?cursor={first['next_cursor']}&limit=100").json()

    rows = [refusal["row"] for page in (first, second) for refusal in page["refusals"]]
    assert (len(first["refusals"]), second["next_cursor"]) == (50, None)
    assert rows == list(range(2, 62))


@pytest.mark.parametrize("query", ["limit=0", "cursor=x", "offset=1", f"cursor={'9' * 19}"])
def test_a_bad_page_of_refused_rows_is_refused(client: APIClient, run: ImportRun, query: str) -> None:
    assert client.get(f"{URL}/{run.pk}/refusals?{query}").status_code == 400


def test_a_cursor_behind_the_last_row_gives_an_empty_page(client: APIClient, run: ImportRun) -> None:
    body = client.get(f"{URL}/{run.pk}/refusals?cursor={'9' * 18}").json()

    assert body == {"refusals": [], "next_cursor": None}


def test_the_pages_of_refused_rows_take_as_many_queries_for_many_as_for_few(
    client: APIClient, run: ImportRun, django_assert_num_queries: Any
) -> None:
    client.get(f"{URL}/{run.pk}")

    # The key, what its project runs, the classifier, the import, its refused rows.
    for path in ("", "/refusals?limit=100", "/refusals?limit=1"):
        with django_assert_num_queries(5):
            assert client.get(f"{URL}/{run.pk}{path}").status_code == 200


@pytest.mark.parametrize("path", ["", "/refusals"])
def test_what_is_a_draft_or_of_another_classifier_is_not_found(
    client: APIClient, classifier: Classifier, path: str
) -> None:
    draft = ImportRunFactory(classifier=classifier)
    foreign = ImportRunFactory(state=RunState.SUCCEEDED)

    for id in (draft.pk, foreign.pk, "0", "x", "9" * 30):
        assert client.get(f"{URL}/{id}{path}").status_code == 404
