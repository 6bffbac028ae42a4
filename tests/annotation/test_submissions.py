"""What a person sends off is kept whole or not at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from annotation.models import Answer, QueueCode
from annotation.services import submissions
from annotation.services.answers import BadAnswer
from annotation.services.submissions import ExampleGone, TextChanged
from classifiers.models import Example
from classifiers.services.examples import DuplicateExample
from tests.factories import ExampleFactory, LabelFactory, UserFactory

pytestmark = pytest.mark.django_db

_NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def example() -> Example:
    made: Example = ExampleFactory(text="one\ntwo")
    return made


def _save(example: Example, **values: Any) -> None:
    given = {"label_id": None, "text": None, "mark": submissions.mark_of("one\ntwo"), "preselected_id": None, **values}
    submissions.save(example.pk, by=UserFactory(), queue=QueueCode.USEFUL, now=_NOW, **given)


def test_label_and_text_are_kept_together(example: Example) -> None:
    label = LabelFactory(classifier=example.classifier)

    _save(example, label_id=label.pk, text="three")

    example.refresh_from_db()
    assert (example.text, example.label) == ("three", label)


def test_the_text_stays_where_the_label_cannot_be_kept(example: Example) -> None:
    with pytest.raises(BadAnswer):
        _save(example, label_id=LabelFactory().pk, text="three")

    example.refresh_from_db()
    assert example.text == "one\ntwo"


def test_the_label_stays_where_the_text_cannot_be_kept(example: Example) -> None:
    ExampleFactory(classifier=example.classifier, text="three")

    with pytest.raises(DuplicateExample):
        _save(example, label_id=LabelFactory(classifier=example.classifier).pk, text="three")

    assert not Answer.objects.exists()


def test_a_text_alone_is_no_answer(example: Example) -> None:
    _save(example, text="three")

    assert Example.objects.get().text == "three"
    assert not Answer.objects.exists()


def test_what_was_decided_of_another_text_is_not_kept(example: Example) -> None:
    with pytest.raises(TextChanged, match="Load it again"):
        _save(example, text="three", mark=submissions.mark_of("one two"))

    assert Example.objects.get().text == "one\ntwo"


@pytest.mark.parametrize("shown", ["one\ntwo", "one\r\ntwo", " one\rtwo\n"])
def test_line_ends_and_outer_blanks_make_no_other_text(example: Example, shown: str) -> None:
    assert submissions.mark_of(shown) == submissions.mark_of(example.text)


def test_an_example_that_is_gone_is_named(example: Example) -> None:
    Example.objects.all().delete()

    with pytest.raises(ExampleGone, match="isn't there any more"):
        _save(example, text="three")
