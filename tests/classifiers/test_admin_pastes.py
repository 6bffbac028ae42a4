"""The page for pasting lines."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.models import Classifier, EmbeddingRun, Example
from moderation.runs import RunState
from tests import staff
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def _paste(classifier: Classifier, lines: str, **values: Any) -> Any:
    return staff.login().post(staff.page(classifier, "paste"), {"lines": lines, "label": ""} | values)


def test_the_page_opens() -> None:
    assert staff.login().get(staff.page(ClassifierFactory(), "paste")).status_code == 200


def test_lines_are_added_and_the_others_reported_with_their_numbers() -> None:
    label = LabelFactory()
    ExampleFactory(classifier=label.classifier, text="<b>there</b>")

    response = _paste(label.classifier, "new\r\n<b>there</b>", label=label.pk)

    report = response.context["report"]
    assert (report.added, report.duplicates, [line.number for line in report.left]) == (1, 1, [2])
    assert Example.objects.get(text="new").label == label
    assert "&lt;b&gt;there" in staff.said(response)
    assert "<b>there" not in staff.said(response)


@pytest.mark.parametrize(
    ("lines", "values", "sentence"),
    [
        ("", {}, "Paste some lines first."),
        (" \n ", {}, "Paste some lines first."),
        ("x\n" * 2_001, {}, "2,000 can be pasted at once"),
        ("a\0b", {}, "Null characters are not allowed."),
        ("a", {"label": 10**9}, "not one of the available choices"),
    ],
    ids=["empty", "blank", "too many", "NUL", "no such label"],
)
def test_what_cannot_be_pasted_is_said_on_the_form(lines: str, values: dict[str, Any], sentence: str) -> None:
    response = _paste(ClassifierFactory(), lines, **values)

    assert sentence in staff.said(response)
    assert not Example.objects.exists()


def test_who_may_not_add_examples_cannot_paste() -> None:
    classifier = ClassifierFactory()
    address = staff.page(classifier, "paste")

    assert staff.login("classifiers.view_classifier").post(address, {"lines": "a"}).status_code == 403
    assert staff.login("classifiers.add_example").post(address, {"lines": "a"}).status_code == 200


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (RunState.RUNNING, "data-hr-poll"),
        (RunState.SUCCEEDED, "All examples are read."),
        (RunState.FAILED, "broke off"),
    ],
)
def test_the_reading_of_new_examples_is_shown_until_it_is_over(state: RunState, sentence: str) -> None:
    run = EmbeddingRun.objects.create(classifier=ClassifierFactory(), state=state)
    boss = staff.login()

    card = staff.said(boss.get(staff.page(run.classifier, "reading_progress", run_id=run.pk)))
    page = staff.said(boss.get(staff.page(run.classifier, "data")))

    assert sentence in card
    assert ("Reading new examples" in page) == (state == RunState.RUNNING)
