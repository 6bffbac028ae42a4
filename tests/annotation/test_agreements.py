"""How well people agree, and what they disagree on until somebody settles it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from annotation.models import QueueCode
from annotation.services import agreements, answers
from annotation.services.agreements import CONFLICTS_A_PAGE
from classifiers.models import Classifier, Example, Label
from tests.factories import AnswerFactory, ClassifierFactory, LabelFactory, LabelledExampleFactory, UserFactory

pytestmark = pytest.mark.django_db

_NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)


class Room:
    """A classifier with two labels and two people who label its texts."""

    def __init__(self) -> None:
        self.classifier: Classifier = ClassifierFactory()
        self.fine, self.spam = (LabelFactory(classifier=self.classifier, number=number) for number in range(2))
        self.ann, self.ben = UserFactory(username="ann"), UserFactory(username="ben")

    def text(self, ann: Label | None = None, ben: Label | None = None) -> Example:
        """Return a text with these opinions, Ann's first."""
        example = LabelledExampleFactory(classifier=self.classifier, label=ann or ben or self.fine)
        for user, label in ((self.ann, ann), (self.ben, ben)):
            if label is not None:
                self.say(example, label, user)
        return example

    def say(self, example: Example, label: Label, user: Any, **more: Any) -> None:
        AnswerFactory(example=example, label=label, user=user, **more)

    def conflicts(self) -> list[Example]:
        return [conflict.example for conflict in agreements.conflicts(self.classifier.pk).conflicts]


@pytest.fixture
def room() -> Room:
    return Room()


def test_agreement_is_measured_on_the_texts_that_several_labelled(room: Room) -> None:
    for ann, ben in ((room.fine, room.fine), (room.fine, room.spam), (room.spam, room.spam), (room.spam, room.spam)):
        room.text(ann, ben)
    room.text(room.fine)

    found = agreements.measure(room.classifier.pk)

    assert (found.text_count, found.opinion_count) == (4, 8)
    [pair] = found.pairs
    assert (pair.first, pair.second, pair.shared, pair.agreed, pair.kappa) == ("ann", "ben", 4, 3, 0.5)
    assert found.alpha == pytest.approx(1 - 7 * 2 / 30)
    assert (found.words, pair.words) == ("moderate", "moderate")


def test_without_shared_texts_nothing_is_measured(room: Room) -> None:
    room.text(room.fine)

    found = agreements.measure(room.classifier.pk)

    assert (found.text_count, found.alpha, found.pairs, found.words) == (0, None, (), "")


def test_a_persons_last_opinion_counts(room: Room) -> None:
    example = room.text(room.fine, room.spam)
    room.say(example, room.spam, room.ann)

    assert agreements.measure(room.classifier.pk).pairs[0].agreed == 1
    assert room.conflicts() == []


def test_one_person_who_changes_their_mind_is_no_conflict(room: Room) -> None:
    example = room.text(room.fine)
    room.say(example, room.spam, room.ann)

    assert room.conflicts() == []
    assert agreements.measure(room.classifier.pk).text_count == 0


def test_a_conflict_shows_who_said_what(room: Room) -> None:
    example = room.text(room.fine, room.spam)
    room.text(room.fine, room.fine)

    page = agreements.conflicts(room.classifier.pk)

    assert (page.count, page.has_next) == (1, False)
    [conflict] = page.conflicts
    assert conflict.example == example
    assert [(opinion.who, opinion.label) for opinion in conflict.opinions] == [("ann", room.fine), ("ben", room.spam)]


def test_an_adjudication_settles_a_conflict_until_there_is_another_opinion(room: Room) -> None:
    example = room.text(room.fine, room.spam)
    answers.adjudicate(example.pk, label_id=room.spam.pk, by=UserFactory(), now=_NOW)
    assert room.conflicts() == []

    room.say(example, room.fine, UserFactory())

    assert room.conflicts() == [example]


def test_an_adjudication_that_is_undone_opens_the_conflict_again(room: Room) -> None:
    example, judge = room.text(room.fine, room.spam), UserFactory()
    answers.adjudicate(example.pk, label_id=room.spam.pk, by=judge, now=_NOW)

    answers.undo(room.classifier.pk, by=judge, now=_NOW)

    assert room.conflicts() == [example]


def test_whoever_corrects_a_mistake_settles_it_and_has_no_opinion(room: Room) -> None:
    example = room.text(room.fine, room.spam)
    room.say(example, room.spam, UserFactory(), queue=QueueCode.MISTAKES)

    assert room.conflicts() == []
    assert agreements.measure(room.classifier.pk).opinion_count == 2


def test_skips_and_undone_answers_are_no_opinions(room: Room) -> None:
    example = room.text(room.fine)
    room.say(example, room.spam, room.ben, undone_at=_NOW)
    AnswerFactory(example=example, label=None, user=UserFactory())

    assert room.conflicts() == []
    assert agreements.measure(room.classifier.pk).text_count == 0


def test_another_classifiers_conflicts_stay_there(room: Room) -> None:
    room.text(room.fine, room.spam)

    assert agreements.conflicts(ClassifierFactory().pk).count == 0


def test_many_conflicts_come_in_pages_latest_first(room: Room) -> None:
    texts = [room.text(room.fine, room.spam) for _ in range(CONFLICTS_A_PAGE + 1)]

    first, second = (agreements.conflicts(room.classifier.pk, page) for page in (1, 2))

    assert (first.count, first.has_next, second.has_next) == (CONFLICTS_A_PAGE + 1, True, False)
    assert first.conflicts[0].example == texts[-1]
    assert [conflict.example for conflict in second.conflicts] == [texts[0]]


def test_what_the_live_version_and_the_machine_say_stands_beside_it(room: Room) -> None:
    example = room.text(room.fine, room.spam)

    [conflict] = agreements.conflicts(room.classifier.pk).conflicts

    assert all(opinion.is_person for opinion in conflict.opinions)
    assert conflict.example == example
