"""One text with all that a person needs to label it, as the screen shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format

from annotation.services import readings, submissions
from annotation.services.readings import LabelReading, Reading
from annotation.services.turns import Turn
from classifiers.models import Classifier, Example, ExampleOrigin, Label

# In the order in which they lie on a keyboard.
KEYS = "1234567890"
# From here on choosing by eye takes longer than typing the label's first letters.
FILTER_FROM = 11
_WORDS_SHOWN = 5


@dataclass(frozen=True)
class Choice:
    """A label to choose. `key` is the digit that chooses it, empty from the eleventh on."""

    label: Label
    key: str
    is_selected: bool


@dataclass(frozen=True)
class Card:
    """A text before a person. `mark` tells later which text it was, `text` is what stands in the field."""

    turn: Turn
    reading: Reading
    choices: tuple[Choice, ...]
    origin: str
    mark: str
    text: str
    problem: str

    @property
    def example(self) -> Example:
        return self.turn.example

    @property
    def has_filter(self) -> bool:
        return len(self.choices) >= FILTER_FROM

    @property
    def is_edited(self) -> bool:
        return submissions.mark_of(self.text) != self.mark

    @property
    def likeliest(self) -> tuple[LabelReading, ...]:
        return self.reading.rows[:_WORDS_SHOWN]


def make(
    classifier: Classifier,
    turn: Turn,
    *,
    now: dt.datetime,
    typed: Mapping[str, str] | None = None,
    problem: str = "",
) -> Card:
    """Return what the screen shows of a turn; where a person's answer was refused, with what they had `typed`."""
    reading = readings.read(classifier, turn.example, now=now)
    chosen = "" if reading.preselected is None else str(reading.preselected.pk)
    chosen = chosen if typed is None else typed.get("label", chosen)
    choices = tuple(
        Choice(label=label, key=KEYS[place] if place < len(KEYS) else "", is_selected=str(label.pk) == chosen)
        for place, label in enumerate(classifier.labels.all())
    )
    return Card(
        turn=turn,
        reading=reading,
        choices=choices,
        origin=_origin(turn.example),
        mark=submissions.mark_of(turn.example.text),
        text=turn.example.text if typed is None else typed.get("text", turn.example.text),
        problem=problem,
    )


def _origin(example: Example) -> str:
    """Return where the text came from, and when."""
    on = date_format(timezone.localtime(example.created_at), "j F Y")
    if example.origin == ExampleOrigin.UPLOAD and example.import_run is not None:
        return f"From {example.import_run.file_name}, {on}"
    words = {
        ExampleOrigin.UPLOAD: "From an upload",
        ExampleOrigin.REQUEST: "From a logged request",
        ExampleOrigin.TYPED: "Typed by hand",
        ExampleOrigin.API: "Sent through the API",
    }
    return f"{words[ExampleOrigin(example.origin)]}, {on}"
