"""A classifier's examples as a file: ordered, complete, and read back by an import as they were."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from classifiers.exporting.xlsx_writer import DoesNotFit
from classifiers.importing.texts import clean_text
from classifiers.models import Classifier, Example, ExampleOrigin, ExampleState
from classifiers.services import exports
from classifiers.services.example_lists import Choice, NoSuchLabel
from classifiers.services.exports import UnknownFormat
from tests import uploads
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory

pytestmark = pytest.mark.django_db

FORMATS = ("csv", "xlsx", "jsonl")
# Among them numbers, what a formula starts with, and what an import could take for something else.
LABELS = ("Fine", "7", "=cmd", "+", "Ça va", "a, b; c", "-1", "0", "_x0041_", "'quoted'", "None")
TEXTS = (
    "hello",
    "=1+1",
    "'=1+1",
    "''=1+1",
    "'tis the season",
    "+49 170 1234",
    "-5",
    "@home",
    '"quoted", with; commas\tand tabs',
    "two\nlines\n\nand a blank one",
    "  inner   blanks stay  ",
    "007",
    "1.0",
    "TRUE",
    "#N/A",
    "_x0041_ _x005F_ _x000D_",
    "\uff1d1+1",
    "\ufeffmarked",
    "\uffff and \ufffe",
    "e\u0301 \u202ertl\u202c \U0001f600",
    "<b>&amp;</b> ]]> {{ x }}",
    "\u2028line separator\u2028within",
    "text",
    "x" * 32_000,
)


@pytest.fixture
def classifier() -> Classifier:
    """Return a classifier with odd texts under odd labels."""
    made = _empty()
    labels = [*made.labels.order_by("number"), None]
    states = (ExampleState.CONFIRMED, ExampleState.SUGGESTED)
    for text, label, state in zip(TEXTS, itertools.cycle(labels), itertools.cycle(states), strict=False):
        ExampleFactory(
            classifier=made,
            text=clean_text(text),
            label=label,
            state=ExampleState.UNLABELLED if label is None else state,
        )
    return made


def _empty() -> Classifier:
    made: Classifier = ClassifierFactory()
    for number, name in enumerate(LABELS):
        LabelFactory(classifier=made, number=number, name=name)
    return made


def _export(classifier: Classifier, format: str, **choice: Any) -> bytes:
    return b"".join(exports.export(classifier, format=format, choice=Choice(**choice)).pieces)


def _rows(path: Path, *, labels: Path) -> Iterator[dict[str, Any]]:
    """Yield what the import's child prints for the file."""
    command = [sys.executable, "-m", "classifiers.importing.job", "rows", "--file", str(path), "--text-column", "0"]
    command += ["--label-column", "1", "--labels", str(labels), "--encoding", "utf-8", "--delimiter", ","]
    child = subprocess.run(command, capture_output=True, check=True, cwd=settings.BASE_DIR)
    yield from map(json.loads, child.stdout.splitlines()[1:])


def _import(content: bytes, *, into: Classifier, folder: Path) -> dict[str, int]:
    path, labels = folder / "exported", folder / "labels.json"
    path.write_bytes(content)
    labels.write_text(json.dumps(list(into.labels.values("number", "name"))))
    return uploads.write(uploads.claim(into), list(_rows(path, labels=labels)))


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_what_is_exported_imported_and_exported_again_has_the_same_bytes(
    classifier: Classifier, tmp_path: Path, format: str
) -> None:
    exported = _export(classifier, format)
    empty = _empty()

    sums = _import(exported, into=empty, folder=tmp_path)

    assert (sums["added"], sums["refused"]) == (len(TEXTS), 0)
    assert uploads.labels(empty) == uploads.labels(classifier)
    assert _export(empty, format) == exported


@pytest.mark.slow
def test_the_upload_of_an_export_adds_the_same_examples(classifier: Classifier) -> None:
    empty = _empty()
    run = uploads.stage(_export(classifier, "csv"), into=empty)
    uploads.confirm(run)

    uploads.carry_out(run)

    assert (run.added, run.refused) == (len(TEXTS), 0)
    assert uploads.labels(empty) == uploads.labels(classifier)


@pytest.mark.slow
def test_a_file_of_somebody_else_keeps_its_apostrophes() -> None:
    classifier = _empty()
    run = uploads.stage("text,label\n'=1+1,0\n'tis,0\n=2,0\n", into=classifier)
    uploads.confirm(run)

    uploads.carry_out(run)

    assert sorted(uploads.labels(classifier)) == ["'=1+1", "'tis", "=2"]


@pytest.mark.parametrize("format", FORMATS)
def test_the_order_and_the_ids_of_the_examples_do_not_matter(format: str) -> None:
    first, second = ClassifierFactory(), ClassifierFactory()
    for text in ("one", "two", "three"):
        ExampleFactory(classifier=first, text=text)
    for text in ("three", "one", "two"):
        ExampleFactory(classifier=second, text=text, origin=ExampleOrigin.API)

    assert _export(first, format) == _export(second, format)


@pytest.mark.slow
def test_more_examples_than_are_asked_for_at_once_are_all_exported_once(classifier: Classifier) -> None:
    Example.objects.bulk_create(ExampleFactory.build(classifier=classifier) for _ in range(1_200))
    ExampleFactory(text="of another classifier")

    lines = _export(classifier, "jsonl").splitlines()

    texts = {json.loads(line)["text"] for line in lines}
    assert len(lines) == len(texts) == classifier.examples.count()
    assert "of another classifier" not in texts


@pytest.mark.slow
def test_the_examples_are_asked_for_in_chunks_while_the_file_is_read(
    classifier: Classifier, django_assert_num_queries: Any
) -> None:
    Example.objects.bulk_create(
        ExampleFactory.build(classifier=classifier, text=f"{number} {'x' * 300}") for number in range(2_000)
    )

    with django_assert_num_queries(2):
        pieces = exports.export(classifier, format="csv").pieces
        next(pieces)


@pytest.mark.parametrize(
    ("choice", "texts"),
    [
        ({"state": ExampleState.CONFIRMED}, {"confirmed"}),
        ({"is_without_label": True}, {"open"}),
        ({"label_number": 1}, {"confirmed", "suggested"}),
        ({"origin": ExampleOrigin.API}, {"open"}),
    ],
)
def test_some_of_the_examples_can_be_exported(choice: dict[str, Any], texts: set[str]) -> None:
    classifier = uploads.classifier()
    spam = classifier.labels.get(number=1)
    ExampleFactory(classifier=classifier, text="open", origin=ExampleOrigin.API)
    ExampleFactory(classifier=classifier, text="confirmed", label=spam, state=ExampleState.CONFIRMED)
    ExampleFactory(classifier=classifier, text="suggested", label=spam, state=ExampleState.SUGGESTED)

    lines = _export(classifier, "jsonl", **choice).splitlines()

    assert {json.loads(line)["text"] for line in lines} == texts


@pytest.mark.parametrize(("format", "content"), [("csv", b'"text","label","apostrophe_added"\r\n'), ("jsonl", b"")])
def test_without_examples_there_is_a_file_without_rows(format: str, content: bytes) -> None:
    assert _export(ClassifierFactory(), format).removeprefix(b"\xef\xbb\xbf") == content


def test_the_file_is_named_after_the_classifier() -> None:
    export = exports.export(ClassifierFactory(key="message-check"), format="csv")

    assert (export.file_name, export.content_type) == ("message-check-examples.csv", "text/csv; charset=utf-8")


@pytest.mark.parametrize("format", ["", "CSV", "xls", "../csv"])
def test_another_format_is_refused(format: str) -> None:
    with pytest.raises(UnknownFormat, match="csv, xlsx, jsonl"):
        exports.export(ClassifierFactory(), format=format)


def test_a_label_that_is_not_there_cannot_be_chosen() -> None:
    LabelFactory(number=7)

    with pytest.raises(NoSuchLabel, match="There is no label 7"):
        exports.export(ClassifierFactory(), format="csv", choice=Choice(label_number=7))


def test_a_text_that_no_cell_of_excel_holds_is_refused_and_leaves_no_file(classifier: Classifier) -> None:
    ExampleFactory(classifier=classifier, text="y" * 32_768)

    with pytest.raises(DoesNotFit, match=r"^1 text is longer than the 32,767 characters"):
        exports.export(classifier, format="xlsx")

    assert list(settings.WORK_DIR.iterdir()) == []
    assert len(_export(classifier, "jsonl").splitlines()) == len(TEXTS) + 1


def test_a_workbook_that_nobody_reads_to_its_end_leaves_no_file(classifier: Classifier) -> None:
    pieces: Any = exports.export(classifier, format="xlsx").pieces
    next(pieces)
    is_hidden = list(settings.WORK_DIR.iterdir()) == []

    pieces.close()

    assert (is_hidden, list(settings.WORK_DIR.iterdir())) == (True, [])
