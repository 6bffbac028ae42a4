"""Labelling one text after the other, and looking at what was labelled."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleState
from tests import staff
from tests.factories import ClassifierFactory, DecisionFactory, ExampleFactory, LabelFactory, LabelledExampleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _classifier(*, waiting: int) -> tuple[Classifier, list[Example]]:
    classifier = ClassifierFactory()
    for number in range(2):
        LabelFactory(classifier=classifier, number=number)
    return classifier, ExampleFactory.create_batch(waiting, classifier=classifier)


def _next(boss: Client, classifier: Classifier, **query: Any) -> Example | None:
    found: Example | None = boss.get(staff.page(classifier, "annotate"), query).context["example"]
    return found


def _label(boss: Client, example: Example, label_id: int | str) -> Any:
    address = staff.page(example.classifier, "annotate")
    return boss.post(address, {"example": example.pk, "label": label_id}, follow=True)


def test_the_oldest_text_without_a_label_comes_first(boss: Client) -> None:
    classifier, examples = _classifier(waiting=2)
    LabelledExampleFactory(classifier=classifier, label=classifier.labels.first())

    assert _next(boss, classifier) == examples[0]


def test_a_press_labels_the_text_and_shows_the_next(boss: Client) -> None:
    classifier, examples = _classifier(waiting=2)
    label = classifier.labels.last()

    response = _label(boss, examples[0], label.pk)

    decision = Decision.objects.get()
    assert (decision.example, decision.label, decision.source) == (examples[0], label, DecisionSource.PERSON)
    assert decision.user is not None
    assert response.context["example"] == examples[1]
    assert "1</b> of 2 labelled" in staff.said(response)
    assert reverse("admin:classifiers_example_change", args=[examples[0].pk]) in staff.said(response)


def test_the_first_nine_labels_have_a_key(boss: Client) -> None:
    classifier = ClassifierFactory()
    for number in range(11):
        LabelFactory(classifier=classifier, number=number)
    ExampleFactory(classifier=classifier)

    choices = boss.get(staff.page(classifier, "annotate")).context["choices"]

    assert [choice.key for choice in choices] == ["1", "2", "3", "4", "5", "6", "7", "8", "9", "", ""]


def test_skipping_goes_on_and_starts_again_behind_the_last(boss: Client) -> None:
    classifier, examples = _classifier(waiting=2)

    seen = [_next(boss, classifier, after=after) for after in (examples[0].pk, examples[1].pk)]

    assert seen == [examples[1], examples[0]]


@pytest.mark.parametrize("after", ["x", "-1", "٣", "9" * 30, ""])
def test_a_nonsense_place_starts_at_the_beginning(boss: Client, after: str) -> None:
    classifier, examples = _classifier(waiting=1)

    assert _next(boss, classifier, after=after) == examples[0]


@pytest.mark.parametrize("label", ["", "x", "999999"])
def test_a_press_without_a_label_of_the_classifier_changes_nothing(boss: Client, label: str) -> None:
    _, examples = _classifier(waiting=1)

    response = _label(boss, examples[0], label)

    assert not Decision.objects.exists()
    assert "Choose one of the labels." in staff.said(response)
    assert response.context["example"] == examples[0]


def test_another_classifier_s_label_changes_nothing(boss: Client) -> None:
    _, examples = _classifier(waiting=1)

    _label(boss, examples[0], LabelFactory().pk)

    assert not Decision.objects.exists()


def test_another_classifier_s_example_cannot_be_labelled_here(boss: Client) -> None:
    classifier, _ = _classifier(waiting=1)
    foreign = ExampleFactory()

    response = boss.post(
        staff.page(classifier, "annotate"),
        {"example": foreign.pk, "label": classifier.labels.first().pk},
        follow=True,
    )

    assert not Decision.objects.exists()
    assert "isn&#x27;t there any more" in staff.said(response)


def test_pressing_twice_adds_two_decisions_that_agree(boss: Client) -> None:
    classifier, examples = _classifier(waiting=1)
    label = classifier.labels.first()

    for _ in range(2):
        _label(boss, examples[0], label.pk)

    examples[0].refresh_from_db()
    assert (examples[0].label, examples[0].decisions.count()) == (label, 2)


@pytest.mark.parametrize(
    ("labels", "labelled", "sentence"),
    [(0, 0, "nothing to choose from"), (2, 0, "no texts yet"), (2, 1, "Every example has a label")],
)
def test_an_empty_queue_says_what_to_do_next(boss: Client, labels: int, labelled: int, sentence: str) -> None:
    classifier = ClassifierFactory()
    for number in range(labels):
        LabelFactory(classifier=classifier, number=number)
    for _ in range(labelled):
        LabelledExampleFactory(classifier=classifier, label=classifier.labels.first())

    assert sentence in staff.said(boss.get(staff.page(classifier, "annotate")))


def _save(boss: Client, example: Example, label_id: int | str) -> Any:
    inline = {"decisions-TOTAL_FORMS": 0, "decisions-INITIAL_FORMS": 0}
    address = reverse("admin:classifiers_example_change", args=[example.pk])
    return boss.post(address, {"text": example.text, "label": label_id, **inline})


def test_a_label_changed_on_the_example_s_page_is_a_person_s_decision(boss: Client) -> None:
    classifier, examples = _classifier(waiting=1)
    label = classifier.labels.last()

    response = _save(boss, examples[0], label.pk)

    examples[0].refresh_from_db()
    assert response.status_code == 302
    assert (examples[0].label, examples[0].state) == (label, ExampleState.CONFIRMED)
    assert Decision.objects.get().source == DecisionSource.PERSON


def test_a_label_taken_away_leaves_the_example_unlabelled(boss: Client) -> None:
    example = LabelledExampleFactory()

    _save(boss, example, "")

    example.refresh_from_db()
    assert (example.label, example.state) == (None, ExampleState.UNLABELLED)


def test_saving_without_a_change_adds_no_decision(boss: Client) -> None:
    example = LabelledExampleFactory()

    _save(boss, example, example.label.pk)

    assert not Decision.objects.exists()


def test_another_classifier_s_label_is_no_choice_on_the_example_s_page(boss: Client) -> None:
    example = LabelledExampleFactory()

    response = _save(boss, example, LabelFactory().pk)

    assert response.status_code == 200
    assert not Decision.objects.exists()


def test_the_example_s_page_lists_its_decisions_and_offers_its_text(boss: Client) -> None:
    decision = DecisionFactory(example__text="hello", reason="It greets.", source=DecisionSource.LLM)

    page = staff.said(boss.get(reverse("admin:classifiers_example_change", args=[decision.example.pk])))

    assert "It greets." in page
    assert "Language model" in page
    assert 'name="text"' in page


@pytest.mark.parametrize(
    ("term", "found"),
    [("win a phone", 1), ("  win   a phone ", 1), ("phone", 1), ("PHONE", 1), ("", 2), ("nothing", 0)],
)
def test_examples_are_found_by_their_text(boss: Client, term: str, found: int) -> None:
    ExampleFactory(text="win a phone")
    ExampleFactory(text="hello")

    response = boss.get(reverse("admin:classifiers_example_changelist"), {"q": term})

    assert len(response.context["cl"].result_list) == found


def test_examples_can_be_filtered_by_classifier_and_state(boss: Client) -> None:
    classifier, examples = _classifier(waiting=1)
    LabelledExampleFactory(classifier=classifier, label=classifier.labels.first())
    ExampleFactory()

    response = boss.get(
        reverse("admin:classifiers_example_changelist"),
        {"classifier__id__exact": classifier.pk, "state__exact": "UNLABELLED"},
    )

    assert list(response.context["cl"].result_list) == examples
