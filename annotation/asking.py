"""How a machine is asked for labels: what both the language model and the offline annotator fulfil. Pure: no Django."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


class AskingPaused(Exception):
    """There is no going on for now; the message is a sentence for the user. What is missing can be asked later."""


class AskingFailed(Exception):
    """Asking on can't help before somebody changes something; the message is a sentence that says what."""


@dataclass(frozen=True)
class LabelRule:
    """One label as the annotator is told it."""

    number: int
    name: str
    description: str = ""


@dataclass(frozen=True)
class Question:
    """One text that needs a label. `id` is the annotation's."""

    id: int
    text: str


@dataclass(frozen=True)
class Answer:
    """A label with its reason in a sentence. Units: confidence is a share in [0, 1]."""

    label_number: int
    confidence: float
    reason: str


@dataclass(frozen=True)
class Problem:
    """Why a text was not annotated, as a sentence for the user."""

    sentence: str


@dataclass(frozen=True)
class Reply:
    """What became of one question, and what it took. `calls` counts repeated ones too; all 0 where nothing is paid."""

    question_id: int
    said: Answer | Problem
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Asker(Protocol):
    """Something that can be asked for labels. One asker serves one run, in the worker."""

    def ask(self, questions: Iterable[Question]) -> Iterator[Sequence[Reply]]:
        """Yield replies as they come, each question's once, in batches that are written down at once.

        A batch may be empty: it only says that the asker lives, and lets the caller look whether to stop. Questions
        are taken from the iterable as they are needed. May be called again with further questions. Raises
        AskingPaused and AskingFailed, after the replies that had come until then.
        """
        ...

    def stop(self) -> None:
        """Ask nothing new: `ask` ends after the replies that come within a moment."""
        ...

    def close(self) -> None:
        """Let go of connections and threads."""
        ...
