"""How well people agree, on screen, and settling what they don't agree on."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from annotation.models import AnnotationSetting, Answer
from classifiers.models import Classifier, Example, ExampleState, Label
from moderation.runs import RunState
from tests import staff
from tests.factories import (
    AnnotationFactory,
    AnnotationRunFactory,
    AnswerFactory,
    ClassifierFactory,
    DoneVersionFactory,
    ExampleFactory,
    HeldOutFactory,
    LabelFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def boss() -> Client:
    return staff.login()


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory()
    for number, name in enumerate(("Fine", "Spam", "Rude")):
        LabelFactory(classifier=made, number=number, name=name)
    return made


def _said(classifier: Classifier, *names: str, text: str = "What does it cost?") -> Example:
    """Return a text of which Ada, Ben and so on have said these labels."""
    example: Example = ExampleFactory(classifier=classifier, text=text)
    for person, name in zip(("ada", "ben", "cem"), names, strict=False):
        user = get_user_model().objects.filter(username=person).first() or UserFactory(username=person)
        AnswerFactory(example=example, user=user, label=classifier.labels.get(name=name))
    return example


def _open(boss: Client, classifier: Classifier, **query: Any) -> Any:
    return boss.get(staff.page(classifier, "disagreements"), query)


def _settle(boss: Client, example: Example, **fields: Any) -> Any:
    address = staff.page(example.classifier, "disagreements")
    return boss.post(address, {"example": example.pk, **fields}, follow=True)


def _number(classifier: Classifier, name: str) -> int:
    label: Label = classifier.labels.get(name=name)
    return label.pk


def test_without_second_opinions_it_says_how_to_come_by_them(boss: Client, classifier: Classifier) -> None:
    _said(classifier, "Fine")

    response = _open(boss, classifier)

    assert "No text has the opinions of two people yet" in staff.said(response)
    assert staff.page(classifier, "annotate_texts") in staff.said(response)


def test_agreement_is_said_in_words_and_numbers(boss: Client, classifier: Classifier) -> None:
    for number in range(9):
        _said(classifier, *(["Fine", "Fine"] if number % 2 else ["Spam", "Spam"]), text=f"text {number}")
    _said(classifier, "Fine", "Spam", text="the other")

    page = staff.said(_open(boss, classifier))

    assert "20 opinions of 10 texts" in page
    assert "9 of 10" in page
    # Cohen's kappa by hand: observed .9, expected .5 * .4 + .5 * .6 = .5.
    assert "0.80" in page
    assert "Landis and Koch" in page


def test_a_text_on_which_people_disagree_shows_who_said_what(boss: Client, classifier: Classifier) -> None:
    _said(classifier, "Fine", "Spam", text="<b>Half price</b>")
    _said(classifier, "Rude", "Rude", text="agreed")

    response = _open(boss, classifier)

    [row] = response.context["rows"]
    assert [(opinion.who, opinion.label.name) for opinion in row.conflict.opinions] == [
        ("ada", "Fine"),
        ("ben", "Spam"),
    ]
    assert [label.name for label in row.said] == ["Fine", "Spam"]
    assert [label.name for label in row.others] == ["Rude"]
    assert "<b>Half" not in staff.said(response)


def test_what_machines_say_stands_beside_it_and_counts_for_nothing(boss: Client, classifier: Classifier) -> None:
    example = _said(classifier, "Fine", "Spam")
    version = DoneVersionFactory(classifier=classifier, number=4)
    HeldOutFactory(version=version, example=example, predicted_number=1)
    Classifier.objects.filter(pk=classifier.pk).update(live_version=version)
    # Of one annotator the last word counts.
    for name in ("Fine", "Rude"):
        run = AnnotationRunFactory(classifier=classifier, model="gpt-5-mini", state=RunState.SUCCEEDED)
        AnnotationFactory(run=run, example=example, label=classifier.labels.get(name=name))

    response = _open(boss, classifier)

    [row] = response.context["rows"]
    assert [(opinion.who, opinion.label.name) for opinion in row.opinions if not opinion.is_person] == [
        ("Language model gpt-5-mini", "Rude"),
        ("Version 4", "Spam"),
    ]
    assert response.context["agreement"].opinion_count == 2


@pytest.mark.parametrize(("field", "name"), [("label", "Spam"), ("other", "Rude")])
def test_one_press_settles_a_text(boss: Client, classifier: Classifier, field: str, name: str) -> None:
    example = _said(classifier, "Fine", "Spam")

    response = _settle(boss, example, **{field: _number(classifier, name)})

    example.refresh_from_db()
    assert (example.label.name, example.state) == (name, ExampleState.CONFIRMED)
    assert f"Settled: it is {name}." in staff.said(response)
    assert response.context["rows"] == []
    assert Answer.objects.filter(is_adjudication=True).count() == 1


@pytest.mark.parametrize("label", ["", "x", "999999"])
def test_nothing_is_settled_without_a_label_of_the_classifier(boss: Client, classifier: Classifier, label: str) -> None:
    example = _said(classifier, "Fine", "Spam")

    response = _settle(boss, example, label=label, other=LabelFactory().pk)

    assert "Choose one of the labels." in staff.said(response)
    assert not Answer.objects.filter(is_adjudication=True).exists()


def test_another_classifier_s_text_is_not_settled_here(boss: Client, classifier: Classifier) -> None:
    foreign = ExampleFactory()

    response = boss.post(
        staff.page(classifier, "disagreements"),
        {"example": foreign.pk, "label": _number(classifier, "Fine")},
        follow=True,
    )

    assert "isn&#x27;t there any more" in staff.said(response)
    foreign.refresh_from_db()
    assert foreign.label is None


@pytest.mark.parametrize("page", ["2", "0", "x", "9" * 18])
def test_a_page_that_is_not_there_leads_back(boss: Client, classifier: Classifier, page: str) -> None:
    _said(classifier, "Fine", "Spam")

    response = _open(boss, classifier, page=page)

    assert response.status_code == 200


def test_a_share_of_second_opinions_is_set(boss: Client, classifier: Classifier) -> None:
    response = boss.post(staff.page(classifier, "overlap"), {"percent": "10"}, follow=True)

    assert AnnotationSetting.objects.get(classifier=classifier).overlap_percent == 10
    assert "on 10 in 100 texts" in staff.said(response)


@pytest.mark.parametrize("percent", ["", "-1", "101", "x", "9" * 30, "1.5"])
def test_a_nonsense_share_is_refused_in_a_sentence(boss: Client, classifier: Classifier, percent: str) -> None:
    response = boss.post(staff.page(classifier, "overlap"), {"percent": percent}, follow=True)

    assert "Give a whole number from 0 to 100." in staff.said(response)
    assert not AnnotationSetting.objects.exists()


def test_each_needs_its_permission(classifier: Classifier) -> None:
    example = _said(classifier, "Fine", "Spam")
    viewer = staff.login("classifiers.view_classifier")
    labeller = staff.login("classifiers.view_classifier", "classifiers.change_example")

    assert _open(viewer, classifier).status_code == 200
    assert _settle(viewer, example, label=_number(classifier, "Fine")).status_code == 403
    assert labeller.post(staff.page(classifier, "overlap"), {"percent": 5}).status_code == 403
    assert not AnnotationSetting.objects.exists()
