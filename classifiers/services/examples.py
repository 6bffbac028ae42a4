"""Examples typed by hand."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from classifiers.importing.fingerprint import text_key
from classifiers.importing.texts import BadText, clean_text
from classifiers.models import Classifier, DecisionSource, Example, ExampleOrigin
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
    try:
        cleaned = clean_text(text)
    except BadText as problem:
        raise BadExample(problem.sentence) from problem
    try:
        with transaction.atomic():
            example = Example.objects.create(
                classifier=classifier, text=cleaned, text_key=text_key(cleaned), origin=origin
            )
            if label_id is not None:
                return decisions.decide(example.pk, label_id=label_id, source=DecisionSource.PERSON, by=by)
    except IntegrityError as error:
        raise DuplicateExample("This text is among the examples already. Find it there to change its label.") from error
    return example
