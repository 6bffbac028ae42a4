"""Examples typed by hand."""

from __future__ import annotations

import pytest

from classifiers.importing.fingerprint import text_key
from classifiers.models import Decision, DecisionSource, Example, ExampleOrigin, ExampleState
from classifiers.services import examples
from classifiers.services.decisions import ForeignLabel
from classifiers.services.examples import BadExample, DuplicateExample
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_typed_text_is_kept_as_an_uploaded_one_would_be() -> None:
    added = examples.add(ClassifierFactory(), text=" u\u0308ber\r\nall ")

    added.refresh_from_db()
    assert (added.text, added.text_key) == ("über\nall", text_key("über all"))
    assert (added.origin, added.state, added.label) == (ExampleOrigin.TYPED, ExampleState.UNLABELLED, None)


def test_a_label_given_with_the_text_is_a_persons_decision() -> None:
    person, label = UserFactory(), LabelFactory()

    added = examples.add(label.classifier, text="Win a phone", label_id=label.pk, by=person)

    added.refresh_from_db()
    assert (added.label, added.state) == (label, ExampleState.CONFIRMED)
    decision = Decision.objects.get()
    assert (decision.example, decision.source, decision.user) == (added, DecisionSource.PERSON, person)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" \u200b ", "The text is blank."),
        ("a\0b", "The text holds the NUL character"),
        ("a\ud83d", "half of a surrogate pair"),
        ("x" * 100_001, "100,001 characters long; the limit is 100,000"),
    ],
    ids=["blank", "NUL", "half a character", "too long"],
)
def test_a_text_that_an_upload_would_refuse_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadExample, match=reason):
        examples.add(ClassifierFactory(), text=text)

    assert Example.objects.count() == 0


def test_a_text_that_is_there_already_is_refused() -> None:
    there = ExampleFactory(text="the same  text")

    with pytest.raises(DuplicateExample, match="among the examples already"):
        examples.add(there.classifier, text="the same text ")

    assert Example.objects.get() == there


def test_a_text_of_another_classifier_is_no_duplicate() -> None:
    ExampleFactory(text="the same")

    examples.add(ClassifierFactory(), text="the same")

    assert Example.objects.count() == 2


def test_a_label_of_another_classifier_leaves_nothing_behind() -> None:
    with pytest.raises(ForeignLabel):
        examples.add(ClassifierFactory(), text="hello", label_id=LabelFactory().pk)

    assert Example.objects.count() == 0
