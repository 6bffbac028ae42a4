"""The history of the wording on the Labels page."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from classifiers.models import Classifier, Label
from classifiers.services import labels
from tests import staff
from tests.factories import AdminFactory, LabelFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def boss() -> Client:
    return staff.login()


@pytest.fixture
def label() -> Label:
    """Return a label that ada has described anew."""
    made: Label = LabelFactory(number=0, name="<b>Spam", description="<i>Old")
    labels.change(made.classifier_id, 0, description="New rule.", by=AdminFactory(username="ada"))
    return made


def _restore(boss: Client, classifier: Classifier, number: int) -> Any:
    return boss.post(staff.page(classifier, "wording_restore", number=number), follow=True)


def test_the_page_tells_who_changed_which_label_from_what_to_what(boss: Client, label: Label) -> None:
    page = staff.said(boss.get(staff.page(label.classifier, "labels")))

    for said in ("by <bdi>ada</bdi>", "“<bdi>&lt;b&gt;Spam</bdi>” described anew.", "&lt;i&gt;Old", "New rule."):
        assert said in page
    assert page.index("Number 2") < page.index("Number 1")
    assert "without a person's name" in page


def test_one_click_brings_a_wording_back(boss: Client, label: Label) -> None:
    response = _restore(boss, label.classifier, 1)

    label.refresh_from_db()
    assert label.description == "<i>Old"
    assert "The wording number 1 holds again, as number 3." in staff.said(response)
    assert LogEntry.objects.get().get_change_message() == "Restored the wording number 1 of the labels."


def test_the_wording_that_holds_is_not_offered(boss: Client, label: Label) -> None:
    page = staff.said(boss.get(staff.page(label.classifier, "labels")))

    assert page.count("Restore this wording") == 1
    assert staff.page(label.classifier, "wording_restore", number=1) in page


def test_a_click_that_would_change_nothing_says_so(boss: Client, label: Label) -> None:
    assert "There is nothing to restore." in staff.said(_restore(boss, label.classifier, 2))


def test_a_wording_that_is_not_there_is_not_found(boss: Client, label: Label) -> None:
    assert _restore(boss, label.classifier, 9).status_code == 404


def test_who_may_only_look_sees_the_history_and_restores_nothing(label: Label) -> None:
    visitor = staff.login("classifiers.view_classifier")

    page = staff.said(visitor.get(staff.page(label.classifier, "labels")))

    assert "described anew" in page
    assert "Restore this wording" not in page
    assert _restore(visitor, label.classifier, 1).status_code == 403


def test_a_long_history_comes_in_parts(boss: Client, label: Label) -> None:
    for number in range(12):
        labels.change(label.classifier_id, 0, description=f"Rule {number}.")
    address = staff.page(label.classifier, "labels")

    first = boss.get(address)
    rest = staff.said(boss.get(address, {"before": first.context["next_before"]}))

    assert "Number 1<" not in staff.said(first)
    assert "Number 1<" in rest
    assert " open>" in rest.split('id="wordings"')[1][:20]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "0"])
def test_a_part_that_no_page_offers_does_no_harm(boss: Client, label: Label, before: str) -> None:
    assert boss.get(staff.page(label.classifier, "labels"), {"before": before}).status_code == 200
