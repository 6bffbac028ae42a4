"""Fix these first: one press each, by keyboard or without a script, and what it brought."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.models import Answer
from classifiers.models import Classifier, Example, ExampleState
from tests import staff
from tests.factories import (
    AnswerFactory,
    ClassifierFactory,
    DoneVersionFactory,
    HeldOutFactory,
    LabelFactory,
    LabelledExampleFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_AN_HOUR_AGO = timezone.now() - dt.timedelta(hours=1)


@pytest.fixture
def boss() -> Client:
    return staff.login()


@pytest.fixture
def classifier() -> Classifier:
    classifier = ClassifierFactory()
    for number, name in enumerate(("Fine", "Spam", "Rude")):
        LabelFactory(classifier=classifier, number=number, name=name, description=f"Rule {number}.")
    classifier.live_version = DoneVersionFactory(classifier=classifier, number=3, started_at=_AN_HOUR_AGO)
    classifier.save()
    return classifier


def _suspect(classifier: Classifier, *, score: float = 0.8, **values: Any) -> Example:
    example = LabelledExampleFactory(classifier=classifier, label=classifier.labels.get(number=0), **values)
    HeldOutFactory(version=classifier.live_version, example=example, score=score, near_predicted=9, near_own=4)
    return example


def _page(boss: Client, classifier: Classifier) -> Any:
    return boss.get(staff.page(classifier, "mistakes"))


def _press(boss: Client, suspect: Example, number: int, **values: Any) -> Any:
    label_id = suspect.classifier.labels.get(number=number).pk
    fields = {"example": suspect.pk, "label": label_id, "shown": suspect.label_id, "likely": label_id} | values
    return boss.post(staff.page(suspect.classifier, "mistakes"), fields, follow=True)


def test_the_worst_comes_first_with_its_reasons_and_a_key_for_each_answer(boss: Client, classifier: Classifier) -> None:
    better, worst = _suspect(classifier, score=0.6), _suspect(classifier, score=0.9)

    response = _page(boss, classifier)

    page = staff.said(response)
    assert response.context["first"].example == worst
    assert [suspect.example for suspect in response.context["others"]] == [better]
    assert "Version 3, not having seen it, says “Spam”, 90 % sure." in page
    assert "Of the examples nearest to it, 9 are “Spam” and 4 “Fine”." in page
    # Enter presses what has the focus.
    assert re.search(r'value="\d+" autofocus [^>]*><bdi>Spam</bdi>', page)
    assert [(choice.label.name, choice.key) for choice in response.context["choices"]] == [("Rude", "3")]
    assert response.context["likely_key"] == "2"
    assert 'data-hr-key="k"' in page


def test_no_more_than_twenty_are_shown_and_all_are_counted(boss: Client, classifier: Classifier) -> None:
    for _ in range(22):
        _suspect(classifier)

    response = _page(boss, classifier)

    assert (len(response.context["others"]), response.context["left"]) == (19, 22)


def test_a_press_fixes_the_label_and_shows_the_next(boss: Client, classifier: Classifier) -> None:
    first, second = _suspect(classifier, score=0.9), _suspect(classifier, score=0.8)

    response = _press(boss, first, 1)

    first.refresh_from_db()
    assert (first.label.name, first.state) == ("Spam", ExampleState.CONFIRMED)
    assert response.context["first"].example == second
    assert "Fixed: it is “Spam” now." in staff.said(response)
    assert "1 fixed and 0 kept since version 3 was trained." in staff.said(response)
    assert Answer.objects.get().user is not None


def test_keeping_the_label_takes_it_off_the_list(boss: Client, classifier: Classifier) -> None:
    example = _suspect(classifier)

    response = _press(boss, example, 0)

    example.refresh_from_db()
    assert example.label.name == "Fine"
    assert "Kept: it stays “Fine”." in staff.said(response)
    assert "You are through" in staff.said(response)


def test_the_last_answers_can_be_undone_one_by_one(boss: Client, classifier: Classifier) -> None:
    first, second = _suspect(classifier, score=0.9), _suspect(classifier, score=0.8)
    _press(boss, first, 1)
    _press(boss, second, 0)
    address = staff.page(classifier, "mistakes")

    responses = [boss.post(address, {"undo": 1}, follow=True) for _ in range(3)]

    first.refresh_from_db()
    assert first.label.name == "Fine"
    assert [response.context["left"] for response in responses] == [1, 2, 2]
    assert "Undone: it is “Fine” again." in staff.said(responses[1])
    assert "there is nothing to undo" in staff.said(responses[2])


def test_what_somebody_changed_meanwhile_is_said_and_not_overwritten(boss: Client, classifier: Classifier) -> None:
    example = _suspect(classifier)
    _press(boss, example, 2)

    response = _press(boss, example, 1)

    example.refresh_from_db()
    assert example.label.name == "Rude"
    assert "Somebody changed this label meanwhile." in staff.said(response)


@pytest.mark.parametrize("value", ["", "x", "0", "9" * 30], ids=["empty", "a letter", "none", "too long"])
@pytest.mark.parametrize("field", ["example", "label", "shown"])
def test_a_form_that_makes_no_sense_changes_nothing_and_says_so(
    boss: Client, classifier: Classifier, field: str, value: str
) -> None:
    example = _suspect(classifier)

    response = _press(boss, example, 1, **{field: value})

    example.refresh_from_db()
    assert (response.status_code, example.label.name, Answer.objects.count()) == (200, "Fine", 0)
    assert re.search("isn(&#x27;|')t there any more|meanwhile|isn(&#x27;|')t one of", staff.said(response))


def test_an_example_of_another_classifier_is_not_touched(boss: Client, classifier: Classifier) -> None:
    example = _suspect(classifier)
    other = ClassifierFactory()
    fields = {"example": example.pk, "label": classifier.labels.get(number=1).pk, "shown": example.label_id}

    boss.post(staff.page(other, "mistakes"), fields)

    example.refresh_from_db()
    assert example.label.name == "Fine"


def test_who_may_only_look_sees_them_without_a_button(classifier: Classifier) -> None:
    example = _suspect(classifier)
    _suspect(classifier)
    visitor = staff.login("classifiers.view_classifier")

    page = staff.said(_page(visitor, classifier))

    assert example.text in page
    assert 'type="submit" name="label"' not in page
    assert visitor.post(staff.page(classifier, "mistakes"), {"example": example.pk}).status_code == 403


def test_a_suggestion_is_called_one(boss: Client, classifier: Classifier) -> None:
    _suspect(classifier, state=ExampleState.SUGGESTED, confidence=0.9)

    assert "A machine suggested" in staff.said(_page(boss, classifier))


def test_texts_and_names_are_shown_as_they_are(boss: Client, classifier: Classifier) -> None:
    classifier.labels.filter(number=1).update(name="<b>Spam</b>")
    for text in staff.TEXTS:
        _suspect(classifier, text=text)

    page = staff.said(_page(boss, classifier))

    assert "<script>alert" not in page
    assert "<b>Spam" not in page


def test_an_empty_list_says_what_to_do(boss: Client, classifier: Classifier) -> None:
    trained = staff.said(_page(boss, classifier))
    untrained = staff.said(_page(boss, ClassifierFactory()))

    assert "No label looks wrong." in trained
    assert "There is no live version yet" in untrained
    assert staff.page(classifier, "annotate") in trained


@pytest.mark.parametrize(
    ("measured_on", "sentence"),
    [("CONFIRMED", "Not all of it is better answers"), ("ALL", "The two don’t compare")],
)
def test_after_the_next_training_the_page_says_what_it_brought(
    boss: Client, classifier: Classifier, measured_on: str, sentence: str
) -> None:
    fine, spam = classifier.labels.get(number=0), classifier.labels.get(number=1)
    example = _suspect(classifier)
    AnswerFactory(
        example=example,
        label=spam,
        former_label=fine,
        queue="MISTAKES",
        created_at=_AN_HOUR_AGO + dt.timedelta(minutes=1),
    )
    classifier.live_version = DoneVersionFactory(
        classifier=classifier, number=4, started_at=timezone.now(), macro_f1=0.934, scores={"measured_on": measured_on}
    )
    classifier.save()

    page = staff.said(_page(boss, classifier))

    assert "1 label was fixed here between version 3 and version 4. F1 went from 0.900 to 0.934." in page
    assert sentence in page


def test_the_page_of_each_suspect_s_example_is_one_click_away(boss: Client, classifier: Classifier) -> None:
    example = _suspect(classifier)

    assert reverse("admin:classifiers_example_change", args=[example.pk]) in staff.said(_page(boss, classifier))


def test_a_long_list_takes_no_more_queries_than_a_short_one(
    boss: Client, classifier: Classifier, django_assert_max_num_queries: Any
) -> None:
    _suspect(classifier)
    with django_assert_max_num_queries(100) as for_one:
        _page(boss, classifier)
    for _ in range(15):
        _suspect(classifier)

    with django_assert_max_num_queries(len(for_one)):
        _page(boss, classifier)
