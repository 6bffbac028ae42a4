"""The Data page: what there is, and texts typed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.models import Classifier, DecisionSource, Example, ExampleState
from moderation.services import workers
from tests import staff
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, LabelledExampleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def _type(classifier: Classifier, **values: Any) -> Any:
    return staff.login().post(staff.page(classifier, "add_text"), {"text": "hello", "label": ""} | values)


def test_the_bars_count_the_examples_of_each_label() -> None:
    classifier = ClassifierFactory()
    many, few, none = (LabelFactory(classifier=classifier, number=number) for number in range(3))
    LabelledExampleFactory.create_batch(4, classifier=classifier, label=many)
    LabelledExampleFactory(classifier=classifier, label=few)
    LabelledExampleFactory(classifier=classifier, label=few, state=ExampleState.SUGGESTED)
    ExampleFactory(classifier=classifier)

    bars = staff.login().get(staff.page(classifier, "data")).context["bars"]

    assert [(bar.label, bar.count, bar.percent) for bar in bars] == [(many, 4, 100), (few, 2, 50), (none, 0, 0)]
    assert [(bar.confirmed, bar.suggested, bar.confirmed_percent) for bar in bars] == [
        (4, 0, 100),
        (1, 1, 25),
        (0, 0, 0),
    ]


def test_confirmed_and_suggested_examples_are_counted_apart() -> None:
    label = LabelFactory()
    LabelledExampleFactory(classifier=label.classifier, label=label)
    LabelledExampleFactory.create_batch(2, classifier=label.classifier, label=label, state=ExampleState.SUGGESTED)

    page = staff.said(staff.login().get(staff.page(label.classifier, "data")))

    assert "examples: 1 confirmed, 2 suggested, 0 without a label" in page
    assert "+ 2 suggested" in page


def test_a_typed_text_becomes_an_example_with_the_person_s_decision() -> None:
    label = LabelFactory()

    response = _type(label.classifier, text="  hello\r\nyou ", label=label.pk)

    example = Example.objects.get()
    assert response.status_code == 302
    assert (example.text, example.label, example.origin) == ("hello\nyou", label, "TYPED")
    assert example.decisions.get().source == DecisionSource.PERSON
    assert example.decisions.get().user is not None


def test_a_typed_text_needs_no_label() -> None:
    _type(ClassifierFactory())

    assert Example.objects.get().label is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Type a text first."),
        ("\u200b ", "blank"),
        ("x" * 100_001, "100,000"),
        ("a\0b", "Null characters are not allowed."),
    ],
    ids=["empty", "blank", "too long", "NUL"],
)
def test_a_text_that_cannot_be_taken_is_said_on_the_form(text: str, sentence: str) -> None:
    response = _type(ClassifierFactory(), text=text)

    assert (response.status_code, Example.objects.count()) == (200, 0)
    assert sentence in staff.said(response)


def test_a_text_typed_twice_is_there_once() -> None:
    example = ExampleFactory(text="hello")

    response = _type(example.classifier, text=" hello ")

    assert "among the examples already" in staff.said(response)
    assert Example.objects.count() == 1


def test_another_classifier_s_label_is_no_choice() -> None:
    response = _type(ClassifierFactory(), label=LabelFactory().pk)

    assert "That choice is not one of the available choices." in staff.said(response)
    assert not Example.objects.exists()


@pytest.mark.parametrize("step", ["home", "data", "train"])
def test_the_page_says_when_no_worker_runs(step: str) -> None:
    address, boss = staff.page(ClassifierFactory(), step), staff.login()

    before = staff.said(boss.get(address))
    workers.beat("host:1")
    after = staff.said(boss.get(address))

    assert "No worker is running." in before
    assert "No worker is running." not in after
