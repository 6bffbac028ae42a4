"""Examples one by one: typed by hand, corrected, deleted."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from classifiers.importing.fingerprint import text_key
from classifiers.importing.texts import BadText, clean_text
from classifiers.models import Classifier, DecisionSource, Example, ExampleOrigin, HeldOut
from classifiers.services import decisions


class BadExample(Exception):
    """The text can't become an example; the message says why and what to do."""


class DuplicateExample(BadExample):
    """The classifier has this text already."""


def add(
    classifier: Classifier,
    *,
    text: str,
    label_id: int | None = None,
    origin: ExampleOrigin = ExampleOrigin.TYPED,
    by: Any = None,
) -> Example:
    """Add one text, with a person's label if there is one. Raises BadExample, DuplicateExample, ForeignLabel."""
    cleaned = _cleaned(text)
    try:
        with transaction.atomic():
            example = Example.objects.create(
                classifier=classifier, text=cleaned, text_key=text_key(cleaned), origin=origin
            )
            if label_id is not None:
                return decisions.decide(example.pk, label_id=label_id, source=DecisionSource.PERSON, by=by)
    except IntegrityError as error:
        raise _duplicate() from error
    return example


@transaction.atomic
def change_text(example_id: int, *, text: str) -> None:
    """Give the example another text; its label stays. Raises BadExample, DuplicateExample, Example.DoesNotExist.

    The key follows, and with it the embedding, which is found by the key. What a version said of the old text goes.
    """
    cleaned = _cleaned(text)
    example = Example.objects.select_for_update().get(pk=example_id)
    if example.text == cleaned:
        return
    try:
        with transaction.atomic():
            Example.objects.filter(pk=example_id).update(
                text=cleaned, text_key=text_key(cleaned), text_changed_at=timezone.now()
            )
    except IntegrityError as error:
        raise _duplicate() from error
    HeldOut.objects.filter(example_id=example_id).delete()


def delete(example_id: int) -> bool:
    """Delete the example with its decisions; return whether it was there."""
    deleted, _ = Example.objects.filter(pk=example_id).delete()
    return deleted > 0


def _cleaned(text: str) -> str:
    try:
        return clean_text(text)
    except BadText as problem:
        raise BadExample(problem.sentence) from problem


def _duplicate() -> DuplicateExample:
    return DuplicateExample("This text is among the examples already. Find it there to change its label.")
