"""Every row of the catalogue of bad uploads, sent through the browser's form: each ends as the catalogue says."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from classifiers.models import Classifier, Example, ImportRun
from classifiers.services import exports
from moderation.runs import RunState
from tests import bad_files, staff, uploads
from tests.bad_files import BadFile, Refused, Taken
from tests.factories import LabelledExampleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _classifier(bad: BadFile) -> Classifier:
    made = uploads.classifier()
    for text, name in bad.there.items():
        LabelledExampleFactory(classifier=made, text=text, label=made.labels.get(name=name))
    return made


def _send(boss: Client, classifier: Classifier, bad: BadFile) -> Any:
    return boss.post(staff.page(classifier, "upload"), {"file": uploads.file(bad.bytes(), name=bad.name)})


def _choice(look: Any) -> dict[str, str]:
    """Return what a browser sends from the preview, text and label chosen by the names of the columns."""
    label = str(look.header.index("label")) if "label" in look.header else ""
    return {
        "encoding": look.encoding,
        "delimiter": look.delimiter,
        "sheet": look.sheet,
        "header": json.dumps(look.header),
        "text_column": "0",
        "label_column": label,
    }


def _cases(kind: type, where: str = "") -> Any:
    cases = [
        bad for bad in bad_files.FILES if isinstance(bad.form, kind) and getattr(bad.form, "where", "") in ("", where)
    ]
    return pytest.mark.parametrize("bad", cases, ids=lambda bad: bad.id)


@_cases(Refused, "upload")
def test_a_file_that_is_no_table_is_refused_on_the_form_and_nothing_is_kept(
    boss: Client, settings: Any, bad: BadFile
) -> None:
    settings.UPLOAD_MAX_ROWS = bad.limit_rows or settings.UPLOAD_MAX_ROWS

    response = _send(boss, _classifier(bad), bad)

    assert response.status_code == 200
    assert bad.form.sentence.casefold() in html.unescape(staff.said(response)).casefold()
    assert (ImportRun.objects.count(), uploads.kept_files()) == (0, [])


@_cases(Refused, "preview")
def test_a_file_whose_columns_cannot_be_told_apart_is_closed_in_the_preview(boss: Client, bad: BadFile) -> None:
    preview = boss.get(_send(boss, _classifier(bad), bad)["Location"])
    run = ImportRun.objects.get()
    choice = _choice(preview.context["look"]) | {"label_column": ""}
    boss.post(staff.page(run.classifier, "upload_preview", run_id=run.pk), choice)

    run.refresh_from_db()
    assert bad.form.sentence in html.unescape(staff.said(preview))
    assert re.search(r'type="submit" disabled', staff.said(preview))
    assert (run.state, Example.objects.count()) == (RunState.DRAFT, 0)


@_cases(Taken)
def test_a_file_with_good_rows_goes_from_the_form_to_a_report_that_says_what_became_of_each(
    boss: Client, settings: Any, bad: BadFile
) -> None:
    settings.UPLOAD_MAX_ROWS = bad.limit_rows or settings.UPLOAD_MAX_ROWS
    classifier = _classifier(bad)

    preview = boss.get(_send(boss, classifier, bad)["Location"], bad.reading)
    run = ImportRun.objects.get()
    address = staff.page(classifier, "upload_preview", run_id=run.pk)
    check = boss.post(address, _choice(preview.context["look"]), follow=True)
    boss.post(staff.page(classifier, "upload_start", run_id=run.pk), {"chosen": check.context["chosen"]})
    uploads.carry_out(run)
    report = html.unescape(staff.said(boss.get(staff.page(classifier, "upload_run", run_id=run.pk))))

    for seen in bad.form.seen:
        assert seen in html.unescape(staff.said(preview))
    _assert_ended(bad, run)
    for row, reason in bad.form.refused.items():
        assert re.search(rf'<td class="hr-num">{row}</td><td>[^<]*{re.escape(reason)}', report)


def _assert_ended(bad: BadFile, run: ImportRun) -> None:
    taken = bad.form
    assert run.state == RunState.SUCCEEDED, run.error
    assert uploads.labels(run.classifier) == taken.labels
    reasons = dict(run.refusals.values_list("row_number", "reason"))
    assert reasons.keys() == taken.refused.keys()
    assert all(taken.refused[row] in reason for row, reason in reasons.items())
    added = len(taken.labels) - len(bad.there)
    assert (run.added, run.duplicates, run.refused) == (added, taken.duplicates, len(taken.refused))
    assert run.read == run.added + run.duplicates + run.refused
    assert "\ufffd" not in "".join(uploads.labels(run.classifier))


@pytest.mark.parametrize("bad", [bad for bad in bad_files.FILES if bad.row == "U31"], ids=lambda bad: bad.id)
def test_a_file_s_name_is_shown_as_text_and_never_used_on_the_disk(boss: Client, bad: BadFile) -> None:
    page = staff.said(boss.get(_send(boss, uploads.classifier(), bad)["Location"]))

    [kept] = uploads.kept_files()
    assert re.fullmatch(r"[0-9a-f]{32}\.upload", kept.name)
    assert kept.is_relative_to(django_settings.UPLOADS_DIR)
    assert "<b>x" not in page
    assert f"<bdi>{html.escape(ImportRun.objects.get().file_name)}</bdi>" in page


@pytest.mark.parametrize("bad", [bad for bad in bad_files.FILES if bad.row == "U29"], ids=lambda bad: bad.id)
def test_a_strange_text_is_shown_apart_from_what_stands_beside_it(boss: Client, bad: BadFile) -> None:
    page = staff.said(boss.get(_send(boss, uploads.classifier(), bad)["Location"]))

    assert '<td><bdi class="hr-clamp">' in page


@pytest.mark.parametrize("format", ["csv", "xlsx", "jsonl"])
def test_formulas_come_back_from_an_export_as_they_were(boss: Client, format: str) -> None:
    [bad] = [bad for bad in bad_files.FILES if bad.row == "U30"]
    first = uploads.done(bad.bytes()).classifier
    exported = b"".join(exports.export(first, format=format).pieces)
    again = uploads.done(exported).classifier

    assert uploads.labels(again) == uploads.labels(first) == bad.form.labels
    if format == "csv":
        assert b"\n=" not in exported


def test_u32_the_same_file_again_says_when_it_was_imported(boss: Client) -> None:
    first = uploads.done()

    preview = boss.post(staff.page(first.classifier, "upload"), {"file": uploads.file()}, follow=True)

    assert "This very file was imported on" in staff.said(preview)
