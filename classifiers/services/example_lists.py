"""The examples of a classifier, chosen by what they are, and listed page by page without ever counting them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from classifiers.models import Example, ExampleOrigin, ExampleState, Label


class NoSuchLabel(Exception):
    """The classifier has no label of this number."""


@dataclass(frozen=True)
class Choice:
    """Which examples are wanted: those that are all of what is said here."""

    label_number: int | None = None
    is_without_label: bool = False
    state: ExampleState | None = None
    origin: ExampleOrigin | None = None


@dataclass(frozen=True)
class Page:
    """Some of the chosen examples. `next_cursor` is where the next page starts, None on the last one."""

    examples: Sequence[Example]
    next_cursor: int | None


def choose(classifier_id: int, *, choice: Choice) -> QuerySet[Example]:
    """Return the chosen examples, in no order. Raises NoSuchLabel."""
    examples = Example.objects.filter(classifier_id=classifier_id).order_by()
    if choice.is_without_label:
        examples = examples.filter(label__isnull=True)
    if choice.label_number is not None:
        label = Label.objects.filter(classifier_id=classifier_id, number=choice.label_number).first()
        if label is None:
            raise NoSuchLabel(f"There is no label {choice.label_number}. Ask for the labels to see which there are.")
        examples = examples.filter(label_id=label.pk)
    if choice.state is not None:
        examples = examples.filter(state=choice.state)
    if choice.origin is not None:
        examples = examples.filter(origin=choice.origin)
    return examples


def page(classifier_id: int, *, choice: Choice, cursor: int | None, limit: int) -> Page:
    """Return up to `limit` of the chosen examples, newest first, from the one behind `cursor` on. Raises NoSuchLabel.

    An example that is added meanwhile shifts no page, since a cursor is the id of the last one shown.
    """
    examples = choose(classifier_id, choice=choice).select_related("label").order_by("-pk")
    if cursor is not None:
        examples = examples.filter(pk__lt=cursor)
    # One more than is shown says whether there is a next page.
    found = list(examples[: limit + 1])
    shown = found[:limit]
    return Page(examples=shown, next_cursor=shown[-1].pk if len(found) > limit else None)
