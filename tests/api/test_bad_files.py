"""Every row of the catalogue of bad uploads, sent to the API: each ends as the catalogue says."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from classifiers.models import Classifier, ImportRun
from moderation.models import Scope
from tests import bad_files, uploads
from tests.bad_files import BadFile, Refused, Taken
from tests.clients import client_for, project_with
from tests.factories import LabelledExampleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

URL = "/api/v1/classifiers/message-check/imports"


@pytest.fixture
def classifier() -> Classifier:
    made = uploads.classifier()
    Classifier.objects.filter(pk=made.pk).update(key="message-check")
    return made


@pytest.fixture
def client(classifier: Classifier) -> APIClient:
    return client_for(project_with("message-check"), scopes=(Scope.READ, Scope.WRITE))


def _send(client: APIClient, bad: BadFile) -> Any:
    fields = {"text_column": "text", "label_column": "label", **bad.reading}
    return client.post(URL, {"file": uploads.file(bad.bytes(), name=bad.name), **fields}, format="multipart")


def _cases(kind: type) -> Any:
    cases = [bad for bad in bad_files.FILES if isinstance(bad.api or bad.form, kind)]
    return pytest.mark.parametrize("bad", cases, ids=lambda bad: bad.id)


@_cases(Refused)
def test_a_bad_file_is_refused_with_its_status_and_code_and_nothing_is_kept(
    client: APIClient, settings: Any, django_capture_on_commit_callbacks: Any, bad: BadFile
) -> None:
    settings.UPLOAD_MAX_ROWS = bad.limit_rows or settings.UPLOAD_MAX_ROWS
    refused = bad.api or bad.form

    with django_capture_on_commit_callbacks(execute=True):
        response = _send(client, bad)

    body = response.json()
    assert response.status_code == refused.status
    assert refused.sentence.casefold() in body["message"].casefold()
    assert [(issue["field"], issue.get("code")) for issue in body["issues"]] == [(refused.field, refused.code)]
    assert (ImportRun.objects.count(), uploads.kept_files()) == (0, [])


@_cases(Taken)
def test_a_file_with_good_rows_is_reported_row_by_row(
    client: APIClient, classifier: Classifier, settings: Any, bad: BadFile
) -> None:
    settings.UPLOAD_MAX_ROWS = bad.limit_rows or settings.UPLOAD_MAX_ROWS
    taken = bad.api or bad.form
    for text, name in bad.there.items():
        LabelledExampleFactory(classifier=classifier, text=text, label=classifier.labels.get(name=name))

    sent = _send(client, bad).json()
    uploads.carry_out(ImportRun.objects.get(pk=sent["id"]))
    report = client.get(sent["url"]).json()

    assert report["state"] == "succeeded", report["error"]
    assert uploads.labels(classifier) == taken.labels
    reasons = {refusal["row"]: refusal["reason"] for refusal in report["refusals"]}
    assert reasons.keys() == taken.refused.keys()
    assert all(taken.refused[row] in reason for row, reason in reasons.items())
    assert report["read"] == report["added"] + report["duplicates"] + report["refused"]
    assert (report["added"], report["duplicates"]) == (len(taken.labels) - len(bad.there), taken.duplicates)


def test_every_row_of_the_catalogue_has_its_file() -> None:
    elsewhere = {"U16", "U32"}

    assert {bad.row for bad in bad_files.FILES} | elsewhere == {f"U{number}" for number in range(1, 33)}


def test_u32_the_same_file_again_is_a_conflict_that_says_when_it_was_imported(
    client: APIClient, classifier: Classifier
) -> None:
    uploads.done(into=classifier)

    response = client.post(URL, {"file": uploads.file(), "text_column": "text"}, format="multipart")

    assert response.status_code == 409
    assert "This file was imported on" in response.json()["message"]
