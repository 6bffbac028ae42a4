"""The page between the choice of columns and the import: what would be added, and where labels go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django_q.models import OrmQ

from classifiers.models import Classifier, DecisionSource, Example, ImportRun
from classifiers.services import decisions, labels
from moderation.runs import RunState
from tests import staff, uploads
from tests.factories import ExampleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

JUNK = "text,label\nbuy,junk\nwin,junk\nhello,0\nwhat?,\n"


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _draft(content: str | bytes = uploads.CSV, *, into: Classifier | None = None, **choices: Any) -> ImportRun:
    return uploads.choose(uploads.stage(content, into=into), **choices)


def _check(boss: Client, run: ImportRun, **values: Any) -> Any:
    address = staff.page(run.classifier, "upload_check", run_id=run.pk)
    return boss.post(address, values, follow=True) if values else boss.get(address)


def _map(boss: Client, run: ImportRun, **chosen: str) -> Any:
    """Send the table of label cells as it stands, but for `chosen`, by the words in the cell."""
    cells = [row.cell.cell for row in _check(boss, run).context["destinations"]]
    fields = {f"cell-{cells.index(cell)}": code for cell, code in chosen.items()}
    return _check(boss, run, cells=json.dumps(cells), **fields)


def _start(boss: Client, run: ImportRun, *, chosen: str) -> Any:
    return boss.post(staff.page(run.classifier, "upload_start", run_id=run.pk), {"chosen": chosen}, follow=True)


def test_the_page_says_what_the_button_does_and_why(boss: Client) -> None:
    classifier = uploads.classifier()
    for text in ("hello", "also there"):
        ExampleFactory(classifier=classifier, text=text)

    page = staff.said(
        _check(boss, _draft("text,label\nhello,0\nalso there,\nnew,1\nnew,1\nodd,0\nodd,1\n,0\n", into=classifier))
    )

    assert ">Add 1 example and label 1 that are there</button>" in page
    assert "Of the new ones, 1 come with a label." in page
    assert "Duplicates inside the file: 1." in page
    assert "Duplicates of what is there: 2, of which 1 have no confirmed label and get the file's." in page
    assert "Rows whose text has another label elsewhere, none of them chosen: 2." in page
    assert "The text is blank." in page


PROMISES = {
    "some": ("text,label\na,0\nb,0\n", "Add 2 examples"),
    "one": ("text,label\na,0\n", "Add 1 example"),
    "labels only": ("text,label\nthere,0\n", "Label 1 example"),
    "nothing": ("text,label\nthere,\n", "Add nothing, keep the report"),
}


@pytest.mark.parametrize(("content", "promise"), PROMISES.values(), ids=PROMISES.keys())
def test_the_button_says_exactly_what_happens(boss: Client, content: str, promise: str) -> None:
    classifier = uploads.classifier()
    ExampleFactory(classifier=classifier, text="there")

    page = staff.said(_check(boss, _draft(content, into=classifier)))

    assert f">{promise}</button>" in page


def test_texts_with_two_labels_are_shown_as_text_with_both(boss: Client) -> None:
    classifier = uploads.classifier()
    example = ExampleFactory(classifier=classifier, text="<b>confirmed</b>")
    decisions.decide(example.pk, label_id=classifier.labels.get(number=1).pk, source=DecisionSource.PERSON)

    page = staff.said(_check(boss, _draft("text,label\n<b>confirmed</b>,0\n", into=classifier)))

    assert "Texts with two labels" in page
    assert "&lt;b&gt;confirmed&lt;/b&gt;" in page
    assert "“<bdi>Spam</bdi>” among the examples" in page
    assert "“<bdi>Fine</bdi>” in row 2" in page


def test_every_label_cell_says_where_it_goes(boss: Client) -> None:
    page = staff.said(_check(boss, _draft("text,label\na,0\nb,Spam\nc,\nd,<i>junk</i>\n")))

    for said in (
        "By its number.",
        "By its name.",
        "An empty cell means no label.",
        "“&lt;i&gt;junk&lt;/i&gt;” is not a",
    ):
        assert said in page


def test_cells_that_go_nowhere_by_themselves_come_first(boss: Client) -> None:
    response = _check(boss, _draft("text,label\na,0\nb,0\nc,junk\nd,Spam\n"))

    assert [row.cell.cell for row in response.context["destinations"]] == ["junk", "0", "Spam"]


def test_words_that_are_no_label_can_be_sent_to_one(boss: Client) -> None:
    run = _draft(JUNK)

    response = _map(boss, run, junk="1")
    _start(boss, run, chosen=response.context["chosen"])
    uploads.carry_out(run)

    assert ">Add 4 examples</button>" in staff.said(response)
    assert "As you have decided." in staff.said(response)
    assert uploads.labels(run.classifier) == {"buy": "Spam", "win": "Spam", "hello": "Fine", "what?": None}


def test_rows_can_be_left_out_or_taken_without_their_label(boss: Client) -> None:
    run = _draft(JUNK)

    response = _map(boss, run, junk="none", **{"0": "refuse"})
    run.refresh_from_db()

    check = response.context["check"]
    assert (check.added, check.labelled, check.refused) == (3, 0, 1)
    assert run.label_mapping == [{"cell": "junk", "label": None}, {"cell": "0", "label": "refuse"}]


def test_a_cell_can_be_sent_back_to_where_its_words_say(boss: Client) -> None:
    run = _draft(JUNK)
    _map(boss, run, junk="1")

    response = _map(boss, run)
    run.refresh_from_db()

    assert (response.context["check"].added, run.label_mapping) == (2, [])


@pytest.mark.parametrize(
    "cell", ["a\nb", "x" * 300, "<i>", "“”", "\u202eabc"], ids=["line", "long", "tag", "quotes", "rtl"]
)
def test_a_cell_of_any_form_is_found_again(boss: Client, cell: str) -> None:
    run = _draft(f'text,label\nhello,"{cell}"\n')
    [shown] = _check(boss, run).context["check"].cells

    response = _map(boss, run, **{shown.cell: "1"})

    assert (response.context["check"].labelled, response.context["check"].refused) == (1, 0)


BAD_TABLES = {
    "no list": {"cells": "{"},
    "a number": {"cells": "3"},
    "no texts": {"cells": "[1]"},
    "no such label": {"cells": '["junk"]', "cell-0": "7"},
    "no choice": {"cells": '["junk"]', "cell-0": "x"},
    "too many": {"cells": json.dumps(["x"] * 201)},
}


@pytest.mark.parametrize("values", BAD_TABLES.values(), ids=BAD_TABLES.keys())
def test_a_table_that_no_page_sends_changes_nothing(boss: Client, values: dict[str, str]) -> None:
    run = _draft(JUNK)

    response = _check(boss, run, **values)

    run.refresh_from_db()
    assert (response.status_code, run.label_mapping, run.state) == (200, [], RunState.DRAFT)
    assert [message.level_tag for message in response.context["messages"]] == ["error"]


def test_other_columns_forget_what_was_decided_about_cells(boss: Client) -> None:
    run = _draft("text,label,kind\nhello,junk,0\n")
    _map(boss, run, junk="1")
    run.refresh_from_db()
    assert run.label_mapping

    uploads.choose(run, label_column=1)
    kept = list(run.label_mapping)
    uploads.choose(run, label_column=2)

    assert (len(kept), run.label_mapping) == (1, [])


def test_an_import_starts_once(boss: Client, django_capture_on_commit_callbacks: Any) -> None:
    run = _draft()
    chosen = _check(boss, run).context["chosen"]

    with django_capture_on_commit_callbacks(execute=True):
        answers = [_start(boss, run, chosen=chosen) for _ in range(2)]

    assert [answer.redirect_chain[-1][0] for answer in answers] == [
        staff.page(run.classifier, "upload_run", run_id=run.pk)
    ] * 2
    assert "was started already" in staff.said(answers[1])
    assert OrmQ.objects.count() == 1


def test_what_was_changed_in_another_window_is_not_imported_unseen(boss: Client) -> None:
    run = _draft(JUNK)
    shown = _check(boss, run).context["chosen"]
    _map(boss, run, junk="1")

    response = _start(boss, run, chosen=shown)

    run.refresh_from_db()
    assert run.state == RunState.DRAFT
    assert "has changed since. Look at the sums again." in staff.said(response)
    assert ">Add 4 examples</button>" in staff.said(response)


@pytest.mark.parametrize("chosen", ["", "x", "0" * 64])
def test_an_import_that_was_not_shown_does_not_start(boss: Client, chosen: str) -> None:
    run = _draft()

    _start(boss, run, chosen=chosen)

    run.refresh_from_db()
    assert run.state == RunState.DRAFT


def test_a_file_without_chosen_columns_has_no_sums_and_does_not_start(boss: Client) -> None:
    run = uploads.stage()

    response = _check(boss, run)
    _start(boss, run, chosen="")

    run.refresh_from_db()
    assert response["Location"] == staff.page(run.classifier, "upload_preview", run_id=run.pk)
    assert run.state == RunState.DRAFT


def test_looking_at_the_sums_imports_nothing(boss: Client) -> None:
    _check(boss, _draft())

    assert Example.objects.count() == 0


def test_a_file_that_is_gone_can_still_be_discarded(boss: Client) -> None:
    run = _draft()
    Path(run.file.path).unlink()

    page = staff.said(_check(boss, run))

    assert "The file can&#x27;t be opened. Upload it again." in page
    assert "Discard" in page
    assert "Add " not in page.split('class="hr-page"')[1]


def test_texts_without_labels_have_no_table_of_cells(boss: Client) -> None:
    run = _draft(label_column=None)

    response = _check(boss, run)
    _start(boss, run, chosen=response.context["chosen"])
    uploads.carry_out(run)

    assert "Count again" not in staff.said(response)
    assert set(Example.objects.values_list("label", flat=True)) == {None}


def test_a_label_that_is_gone_is_said_and_its_rows_are_refused(boss: Client) -> None:
    run = _draft(JUNK)
    spam = run.classifier.labels.get(number=1)
    _map(boss, run, junk="1")
    labels.save(run.classifier_id, drafts=[labels.LabelDraft(id=spam.pk, name="Spam", is_removed=True)])

    response = _check(boss, run)

    assert response.context["check"].refused == 2
    assert "There is no label 1." in staff.said(response)
    assert [row.field.value() for row in response.context["destinations"]] == ["", "", ""]
