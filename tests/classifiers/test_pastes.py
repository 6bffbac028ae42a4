"""Many lines at once, each one accounted for."""

from __future__ import annotations

import pytest

from classifiers.models import DecisionSource, Example, ExampleOrigin, ExampleState
from classifiers.services import pastes
from classifiers.services.decisions import ForeignLabel
from classifiers.services.pastes import MOST_LINES, NotPastable
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, LabelledExampleFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_each_line_becomes_an_example() -> None:
    classifier = ClassifierFactory()

    report = pastes.add_lines(classifier.pk, text="one\r\n two \n\n\rthree\u2028still three\n")

    assert (report.read, report.added, report.left) == (3, 3, ())
    assert list(Example.objects.order_by("pk").values_list("text", flat=True)) == [
        "one",
        "two",
        "three\u2028still three",
    ]
    assert {example.origin for example in Example.objects.all()} == {ExampleOrigin.TYPED}


def test_a_common_label_is_the_person_s_decision_on_each() -> None:
    label, person = LabelFactory(), UserFactory()

    pastes.add_lines(label.classifier_id, text="one\ntwo", label_id=label.pk, by=person)

    for example in Example.objects.all():
        decision = example.decisions.get()
        assert (example.label, example.state) == (label, ExampleState.CONFIRMED)
        assert (decision.source, decision.user) == (DecisionSource.PERSON, person)


def test_what_was_not_added_is_said_line_by_line() -> None:
    label = LabelFactory()
    LabelledExampleFactory(classifier=label.classifier, label=LabelFactory(classifier=label.classifier), text="other")
    ExampleFactory(classifier=label.classifier, text="there")

    report = pastes.add_lines(label.classifier_id, text="new\nthere\n\nnew\n\u200b\nother\na\x01b", label_id=label.pk)

    assert (report.read, report.added, report.duplicates, report.refused) == (6, 1, 2, 3)
    assert [(line.number, line.is_duplicate) for line in report.left] == [
        (2, True),
        (4, True),
        (5, False),
        (6, False),
        (7, False),
    ]
    assert "blank" in report.left[2].reason
    assert "labelled" in report.left[3].reason
    assert (report.left[4].excerpt, "U+0001" in report.left[4].reason) == ("a\\x01b", True)


@pytest.mark.parametrize("text", ["", " \n\r\n\t\n"])
def test_nothing_but_blanks_is_refused(text: str) -> None:
    with pytest.raises(NotPastable, match="Paste some lines first"):
        pastes.add_lines(ClassifierFactory().pk, text=text)


@pytest.mark.slow
def test_as_many_lines_as_are_allowed_are_taken_and_not_one_more() -> None:
    classifier = ClassifierFactory()
    lines = [f"line {number}" for number in range(MOST_LINES + 1)]

    with pytest.raises(NotPastable, match="Upload them as a file"):
        pastes.add_lines(classifier.pk, text="\n".join(lines))
    report = pastes.add_lines(classifier.pk, text="\n".join(lines[:-1]))

    assert report.added == Example.objects.count() == MOST_LINES


def test_another_classifier_s_label_leaves_nothing_behind() -> None:
    with pytest.raises(ForeignLabel):
        pastes.add_lines(ClassifierFactory().pk, text="one", label_id=LabelFactory().pk)

    assert not Example.objects.exists()
