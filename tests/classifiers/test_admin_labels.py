"""The beginning of a classifier and its Labels page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from classifiers.admin import new
from classifiers.models import Classifier, ClassifierType, Label
from tests import staff
from tests.factories import ClassifierFactory, LabelFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_NEW = "admin:classifiers_classifier_add"


def _form(*rows: dict[str, Any]) -> dict[str, Any]:
    """Return what a browser posts for these labels."""
    form: dict[str, Any] = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": 0, "save": ""}
    for index, row in enumerate(rows):
        values = {"id": "", "name": "", "description": "", "color": "#0072b2"} | row
        form |= {f"form-{index}-{name}": value for name, value in values.items()}
    return form


def _post(classifier: Classifier, *rows: dict[str, Any], boss: Client | None = None) -> Any:
    return (boss or staff.login()).post(staff.page(classifier, "labels"), _form(*rows))


def _names(classifier: Classifier) -> Sequence[str]:
    return list(classifier.labels.values_list("name", flat=True))


def test_a_new_classifier_leads_to_its_labels() -> None:
    response = staff.login().post(
        reverse(_NEW), {"type": "CLASSIFIER", "name": "Message check", "key": "", "description": "May it stay?"}
    )

    made = Classifier.objects.get()
    assert (made.key, made.description, made.created_by is None) == ("message-check", "May it stay?", False)
    assert (response.status_code, response["Location"]) == (302, staff.page(made, "labels"))
    assert LogEntry.objects.get().get_change_message() == "Created."


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": ""}, "Give the classifier a name."),
        ({"name": "Taken"}, "There is a classifier called “Taken” already."),
        ({"key": "No good"}, "Start the key with a lower-case letter"),
        ({"key": "email"}, "The key “email” is taken."),
        ({"type": "ORACLE"}, "not one of the available choices"),
    ],
    ids=["no name", "name taken", "bad key", "key taken", "bad type"],
)
def test_a_bad_beginning_is_said_on_the_form(values: dict[str, str], sentence: str) -> None:
    ClassifierFactory(name="Taken")

    response = staff.login().post(
        reverse(_NEW), {"type": "CLASSIFIER", "name": "New", "key": "", "description": ""} | values
    )

    if "type" not in values:
        assert sentence in staff.said(response)
    assert (response.status_code, Classifier.objects.count()) == (200, 1)


def test_each_type_that_works_is_offered_with_what_it_does() -> None:
    page = staff.said(staff.login().get(reverse(_NEW)))

    assert {choice.code.value for choice in new.TYPES} == set(ClassifierType.values)
    assert all(f'<input type="radio" name="type" value="{value}"' in page for value in ClassifierType.values)
    assert page.count(" checked>") == 1
    assert all(choice.help in page for choice in new.TYPES)


def test_a_ranking_is_made_and_its_labels_page_says_that_their_order_counts() -> None:
    values = {"type": "RANKING", "name": "Quality", "key": "", "description": ""}

    response = staff.login().post(reverse(_NEW), values, follow=True)

    assert Classifier.objects.get().is_ranking
    assert "the numbers are the order of the labels, from the lowest step to the highest" in staff.said(response)


def test_the_chosen_type_stays_where_the_form_is_refused() -> None:
    page = staff.said(staff.login().post(reverse(_NEW), {"type": "RANKING", "name": ""}))

    assert '<input type="radio" name="type" value="RANKING" checked>' in page
    assert page.count(" checked>") == 1


def test_other_classifiers_are_not_told_of_an_order() -> None:
    assert "This is a ranking" not in staff.said(staff.login().get(staff.page(ClassifierFactory(), "labels")))


def test_sending_the_form_twice_makes_one_classifier() -> None:
    boss = staff.login()
    for _ in range(2):
        boss.post(reverse(_NEW), {"type": "CLASSIFIER", "name": "New", "key": "", "description": ""})

    assert Classifier.objects.count() == 1


def test_labels_are_saved_and_empty_rows_left_out() -> None:
    classifier = ClassifierFactory()

    response = _post(classifier, {"name": "Fine"}, {}, {"name": "Spam", "description": "Unasked."})

    assert response.status_code == 302
    assert list(classifier.labels.values_list("number", "name", "description")) == [
        (0, "Fine", ""),
        (1, "Spam", "Unasked."),
    ]
    assert LogEntry.objects.get().get_change_message() == "Changed labels."


def test_a_label_with_a_description_but_no_name_is_said_on_the_form() -> None:
    classifier = ClassifierFactory()

    response = _post(classifier, {"name": "Fine"}, {"description": "What was it called?"})

    assert "Give every label a name." in staff.said(response)
    assert "What was it called?" in staff.said(response)
    assert _names(classifier) == []


def test_labels_sent_twice_are_refused_the_second_time() -> None:
    classifier, boss = ClassifierFactory(), staff.login()

    _post(classifier, {"name": "Fine"}, boss=boss)
    response = _post(classifier, {"name": "Fine"}, boss=boss)

    assert "Two labels are called “Fine”." in staff.said(response)
    assert _names(classifier) == ["Fine"]


def test_a_label_can_be_renamed_and_another_removed() -> None:
    classifier = ClassifierFactory()
    first, second = (LabelFactory(classifier=classifier, number=number) for number in range(2))

    _post(classifier, {"id": first.pk, "name": "New"}, {"id": second.pk, "name": "x", "is_removed": "on"})

    assert _names(classifier) == ["New"]


@pytest.mark.parametrize("form", [{"save": ""}, {"form-TOTAL_FORMS": "x", "save": ""}], ids=["empty", "nonsense"])
def test_a_form_without_its_counter_changes_nothing(form: dict[str, str]) -> None:
    label = LabelFactory(name="Stays")

    response = staff.login().post(staff.page(label.classifier, "labels"), form)

    assert (response.status_code, _names(label.classifier)) == (200, ["Stays"])


def test_a_trained_classifier_s_names_are_locked_on_the_page_and_on_the_server() -> None:
    label = LabelFactory(classifier=ClassifierFactory(labels_locked_at=timezone.now()), name="Spam")
    boss = staff.login()

    shown = staff.said(boss.get(staff.page(label.classifier, "labels")))
    response = _post(label.classifier, {"id": label.pk, "name": "Ham"}, boss=boss)

    assert 'type="hidden" name="form-0-name" value="Spam"' in shown
    assert "Add another label" not in shown
    assert "has been trained" in staff.said(response)
    assert _names(label.classifier) == ["Spam"]


def test_a_trained_classifier_s_descriptions_can_be_changed() -> None:
    label = LabelFactory(classifier=ClassifierFactory(labels_locked_at=timezone.now()), name="Spam")

    _post(label.classifier, {"id": label.pk, "name": "Spam", "description": "Better.", "color": "#112233"})

    label.refresh_from_db()
    assert (label.description, label.color) == ("Better.", "#112233")


def test_many_labels_get_a_hint() -> None:
    few, many = ClassifierFactory(), ClassifierFactory()
    LabelFactory.create_batch(10, classifier=few)
    LabelFactory.create_batch(11, classifier=many)
    boss = staff.login()

    said = ["These are many labels." in staff.said(boss.get(staff.page(each, "labels"))) for each in (few, many)]

    assert said == [False, True]


def test_new_rows_show_the_numbers_that_they_would_get() -> None:
    classifier = ClassifierFactory()
    Label.objects.create(classifier=classifier, number=4, name="A")

    formset = staff.login().get(staff.page(classifier, "labels")).context["formset"]

    assert [form.number for form in formset] == [4, 5, 6]


def test_name_and_description_of_the_classifier_can_change() -> None:
    classifier = ClassifierFactory()

    staff.login().post(staff.page(classifier, "labels"), {"describe": "", "name": "New", "description": "Why?"})

    classifier.refresh_from_db()
    assert (classifier.name, classifier.description) == ("New", "Why?")


@pytest.mark.parametrize(("name", "sentence"), [("", "This field is required."), ("Taken", "already")])
def test_a_bad_name_is_said_on_the_form(name: str, sentence: str) -> None:
    ClassifierFactory(name="Taken")
    classifier = ClassifierFactory(name="Mine")

    response = staff.login().post(staff.page(classifier, "labels"), {"describe": "", "name": name})

    classifier.refresh_from_db()
    assert sentence in staff.said(response)
    assert classifier.name == "Mine"
