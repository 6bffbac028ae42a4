"""Labels imported from a table and exported as one, by the rules of the Labels page."""

from __future__ import annotations

import html
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from classifiers.models import Classifier
from tests import staff, uploads
from tests.classifiers.importing import workbooks
from tests.factories import ClassifierFactory, LabelFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

IMPORT, EXPORT = reverse("admin:classifiers_label_import"), reverse("admin:classifiers_label_export")
CONFIRM = reverse("admin:classifiers_label_process_import")
FORMATS = {"csv": "0", "xlsx": "1", "tsv": "2", "json": "3"}
TABLE = "number,name,description,color\n0,Fine,Polite.,#009E73\n,Spam,Adverts.,\n"


@pytest.fixture
def boss() -> Client:
    return staff.login()


@pytest.fixture
def classifier() -> Classifier:
    """Return a classifier with the label 0 Fine."""
    made: Classifier = ClassifierFactory()
    LabelFactory(classifier=made, number=0, name="Fine", description="Old.", color="#0072b2")
    return made


def _preview(boss: Client, classifier: Classifier, content: str | bytes, *, format: str = "csv") -> Any:
    content = content if isinstance(content, bytes) else content.encode()
    file = SimpleUploadedFile(f"labels.{format}", content)
    fields = {"classifier": classifier.pk, "import_file": file, "format": FORMATS[format], "resource": "0"}
    return boss.post(IMPORT, fields)


def _confirm(boss: Client, preview: Any, **changes: str) -> Any:
    form = preview.context["confirm_form"]
    return boss.post(CONFIRM, {**form.initial, **changes}, follow=True)


def _said(response: Any) -> str:
    return " ".join(html.unescape(staff.said(response)).split())


def _rows(classifier: Classifier) -> list[tuple[int, str, str, str]]:
    return list(classifier.labels.values_list("number", "name", "description", "color"))


def _as(format: str) -> str | bytes:
    rows = [line.split(",") for line in TABLE.splitlines()]
    if format == "xlsx":
        return uploads.workbook(*rows)
    if format == "json":
        return json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]])
    return TABLE.replace(",", "\t") if format == "tsv" else TABLE


@pytest.mark.parametrize("format", FORMATS)
def test_a_table_is_previewed_and_then_imported(boss: Client, classifier: Classifier, format: str) -> None:
    preview = _preview(boss, classifier, _as(format), format=format)
    before = _rows(classifier)
    response = _confirm(boss, preview)

    assert before == [(0, "Fine", "Old.", "#0072b2")]
    assert _rows(classifier) == [(0, "Fine", "Polite.", "#009e73"), (1, "Spam", "Adverts.", "#d55e00")]
    assert "Labels imported: 1 new, 1 changed, 0 as they were." in _said(response)
    assert response.redirect_chain[-1][0] == staff.page(classifier, "labels")
    assert LogEntry.objects.get().get_change_message().startswith("Labels imported: 1 new")


def test_nothing_stays_behind_on_the_disk(boss: Client, classifier: Classifier) -> None:
    before = set(Path(tempfile.gettempdir()).iterdir())

    _preview(boss, classifier, TABLE)
    _preview(boss, classifier, _as("xlsx"), format="xlsx")

    left = [path for path in django_settings.WORK_DIR.rglob("*") if path.is_file()]
    assert [path for path in set(Path(tempfile.gettempdir()).iterdir()) - before if path.is_file()] == left == []


def test_the_wording_before_the_import_is_kept(boss: Client, classifier: Classifier) -> None:
    _confirm(boss, _preview(boss, classifier, TABLE))

    assert [one.labels[0]["description"] for one in classifier.guidelines.order_by("number")] == ["Old.", "Polite."]


def test_a_label_is_found_by_its_name_whatever_the_case_and_keeps_it(boss: Client, classifier: Classifier) -> None:
    _confirm(boss, _preview(boss, classifier, "name,description\n FINE ,New.\n"))

    assert _rows(classifier) == [(0, "Fine", "New.", "#0072b2")]


def test_a_new_name_alone_is_a_new_label_and_one_that_is_there_stays_as_it_is(
    boss: Client, classifier: Classifier
) -> None:
    response = _confirm(boss, _preview(boss, classifier, "name\nSpam\nFine\n"))

    assert "1 new, 0 changed, 1 as they were." in _said(response)
    assert _rows(classifier) == [(0, "Fine", "Old.", "#0072b2"), (1, "Spam", "", "#d55e00")]


def test_columns_that_are_not_there_change_nothing(boss: Client, classifier: Classifier) -> None:
    _confirm(boss, _preview(boss, classifier, "Name,Color,Remark\nFine,#000000,ours\n"))

    assert _rows(classifier) == [(0, "Fine", "Old.", "#000000")]


def test_once_locked_descriptions_can_be_imported_and_labels_cannot(boss: Client, classifier: Classifier) -> None:
    Classifier.objects.filter(pk=classifier.pk).update(labels_locked_at=timezone.now())

    refused = _preview(boss, classifier, TABLE)
    _confirm(boss, _preview(boss, classifier, "name,description\nFine,New.\n"))

    assert "its labels and their names stay as they are" in _said(refused)
    assert "confirm_form" not in refused.context
    assert _rows(classifier) == [(0, "Fine", "New.", "#0072b2")]


BAD: dict[str, tuple[str | bytes, str, str]] = {
    "empty": (b"", "csv", "The submitted file is empty."),
    "header only": ("name,description\n", "csv", "No valid data to import."),
    "no names": ("label;rule\nFine;x\n", "csv", "There is no column “name” in the file; there are “label;rule”."),
    "column twice": ("name,Name\na,b\n", "csv", "The column “name” stands twice in the file."),
    "blank name": ("name,color\n  ,#000000\n", "csv", "Give every label a name."),
    "name twice": ("name\nSpam\nspam\n", "csv", "“spam” stands in row 1 already. Keep one of them."),
    "long name": (f"name\n{'x' * 61}\n", "csv", "a name has at most 60 characters."),
    "long description": (
        f"name,description\nSpam,{'x' * 4001}\n",
        "csv",
        "A description has at most 4,000 characters.",
    ),
    "color": ("name,color\nSpam,red\n", "csv", "Give “Spam” a color like #2563eb."),
    "number of another": ("name,number\nFine,3\n", "csv", "This label has the number 0."),
    "number to come": ("name,number\nSpam,3\n", "csv", "A new label in this row would get the number 1."),
    "NUL": (json.dumps([{"name": "a\0b"}]), "json", "Row 1 holds a character that is no text"),
    "half a character": ('[{"name": "a\\ud83d"}]', "json", "Row 1 holds a character that is no text"),
    "a list for a name": ('[{"name": ["a"]}]', "json", "Write text in this cell."),
    "too many rows": ("name\n" + "".join(f"{n}\n" for n in range(501)), "csv", "The file has more than 500 rows."),
    "too large": (b"name\n" + b"x" * 250_000, "csv", "A table of labels has at most 250 kB."),
    "not UTF-8": ("name\nGrün\n".encode("cp1252"), "csv", "The file isn't UTF-8."),
    "ragged": ("name\na,b,c\n", "csv", "The file can't be read as CSV."),
    "no JSON": ("{", "json", "The file can't be read as JSON."),
    "no workbook": (TABLE, "xlsx", "The workbook is damaged"),
    "far cell": (
        workbooks.build(
            io.BytesIO(), workbooks.table(workbooks.text("A2", "x")) + '<row r="9"><c r="XFD9"><v>1</v></c></row>'
        ).getvalue(),  # type: ignore[arg-type,attr-defined]
        "xlsx",
        "too many columns",
    ),
}


@pytest.mark.parametrize(("content", "format", "sentence"), BAD.values(), ids=BAD.keys())
def test_a_bad_table_is_refused_with_a_sentence_and_changes_nothing(
    boss: Client, classifier: Classifier, content: str | bytes, format: str, sentence: str
) -> None:
    response = _preview(boss, classifier, content, format=format)

    assert response.status_code == 200
    assert sentence in _said(response)
    assert "Traceback" not in _said(response)
    assert "confirm_form" not in response.context
    assert len(_rows(classifier)) == 1


def test_a_bomb_is_not_unpacked(boss: Client, classifier: Classifier) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 210_000_000)

    response = _preview(boss, classifier, file.getvalue(), format="xlsx")

    assert response.status_code == 200
    assert len(_rows(classifier)) == 1


@pytest.mark.parametrize(
    "changes",
    [{"format": "9"}, {"format": "x"}, {"resource": "7"}, {"classifier": "0"}, {"classifier": "x"}],
    ids=lambda changes: str(changes),
)
def test_a_confirmation_that_no_page_offers_imports_nothing(
    boss: Client, classifier: Classifier, changes: dict[str, str]
) -> None:
    response = _confirm(boss, _preview(boss, classifier, TABLE), **changes)

    assert response.status_code == 200
    assert len(_rows(classifier)) == 1


def test_a_table_that_was_not_previewed_here_is_refused(boss: Client, classifier: Classifier) -> None:
    response = _confirm(boss, _preview(boss, classifier, TABLE), import_file_name="eyJhIjoxfQ:1:abc")

    assert "Choose the file again." in _said(response)
    assert len(_rows(classifier)) == 1


def test_what_no_longer_fits_at_the_confirmation_says_so(boss: Client, classifier: Classifier) -> None:
    preview = _preview(boss, classifier, TABLE)
    Classifier.objects.filter(pk=classifier.pk).update(labels_locked_at=timezone.now())

    response = _confirm(boss, preview)

    assert "Nothing was imported. Look at the file once more." in _said(response)
    assert _rows(classifier) == [(0, "Fine", "Old.", "#0072b2")]


def _export(boss: Client, classifier: Classifier, format: str) -> bytes:
    query = f"?classifier__id__exact={classifier.pk}"
    response = boss.post(f"{EXPORT}{query}", {"format": FORMATS[format], "resource": "0"})
    assert response.status_code == 200, response
    return bytes(response.content)


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_can_be_imported_elsewhere_as_it_was(boss: Client, classifier: Classifier, format: str) -> None:
    for number, rule in enumerate(("=1+1", "'=1+1", "- a list\n- of two", 'say "hi", 正确', ""), 1):
        LabelFactory(classifier=classifier, number=number, name=f"=Label {number}", description=rule)
    other = ClassifierFactory()

    exported = _export(boss, classifier, format)
    _confirm(boss, _preview(boss, other, exported, format=format))

    assert _rows(other) == _rows(classifier)
    if format == "csv":
        assert b",=" not in exported


def test_an_export_has_the_labels_of_one_classifier(boss: Client, classifier: Classifier) -> None:
    LabelFactory(name="Somebody else's")

    exported = _export(boss, classifier, "csv").decode()
    unfiltered = boss.get(EXPORT, follow=True)

    assert exported.splitlines() == ["number,name,description,color", "0,Fine,Old.,#0072b2"]
    assert "Choose a classifier in the filters first" in _said(unfiltered)


def test_the_labels_page_leads_to_both_with_its_classifier_chosen(boss: Client, classifier: Classifier) -> None:
    page = staff.said(boss.get(staff.page(classifier, "labels")))
    query = f"?classifier__id__exact={classifier.pk}"
    form = boss.get(f"{IMPORT}{query}")

    assert f'href="{IMPORT}{query}"' in page
    assert f'href="{EXPORT}{query}"' in page
    assert f'<option value="{classifier.pk}" selected>' in staff.said(form)


def test_who_may_only_look_exports_and_imports_nothing(classifier: Classifier) -> None:
    visitor = staff.login("classifiers.view_classifier")

    assert visitor.get(IMPORT).status_code == 403
    assert visitor.post(CONFIRM).status_code == 403
    assert b"Fine" in _export(visitor, classifier, "csv")
    assert f'href="{IMPORT}' not in staff.said(visitor.get(staff.page(classifier, "labels")))


def test_a_stranger_to_classifiers_sees_no_labels(classifier: Classifier) -> None:
    visitor = staff.login("auth.view_user")

    for address in (IMPORT, f"{EXPORT}?classifier__id__exact={classifier.pk}"):
        assert visitor.get(address).status_code == 403
    assert visitor.get(reverse("admin:classifiers_label_changelist")).status_code == 403


@pytest.mark.parametrize("address", [IMPORT, EXPORT])
def test_the_pages_say_whose_labels_they_are_and_lead_back(boss: Client, classifier: Classifier, address: str) -> None:
    response = boss.get(address, {"classifier__id__exact": classifier.pk})

    assert f"Back to the labels of <bdi>{classifier}</bdi>" in staff.said(response)
    assert staff.page(classifier, "labels") in staff.said(response)


@pytest.mark.parametrize("chosen", ["", "0", "x", "99999999999999999999"])
def test_an_import_without_a_known_classifier_asks_for_one(boss: Client, chosen: str) -> None:
    response = boss.get(IMPORT, {"classifier__id__exact": chosen})

    assert response.status_code == 200
    assert "Back to the labels" not in staff.said(response)
