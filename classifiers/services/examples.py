"""Examples typed by hand."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from classifiers.importing.fingerprint import clean_text, text_key
from classifiers.models import Classifier, DecisionSource, Example, ExampleOrigin
from classifiers.services import decisions
from moderation import strict_json


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
    if problem := strict_json.text_problem(text):
        raise BadExample(problem[1])
    cleaned = clean_text(text)
    try:
        with transaction.atomic():
            example = Example.objects.create(
                classifier=classifier, text=cleaned, text_key=text_key(cleaned), origin=origin
            )
            if label_id is not None:
                return decisions.decide(example.pk, label_id=label_id, source=DecisionSource.PERSON, by=by)
    except IntegrityError as error:
        raise DuplicateExample("This text is among the examples already.") from error
    return example
