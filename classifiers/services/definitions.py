"""What a classifier is: its type, name, key and the question that it answers."""

from __future__ import annotations

import re
from itertools import chain, count
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from classifiers.models import Classifier, ClassifierType
from classifiers.models.classifier import KEY_PATTERN
from moderation.analyzers import registry
from moderation.analyzers.base import RESERVED_KEYS

_NAME_CHARS = 100
_KEY_CHARS = 63
_LONGEST_PROPOSAL = 50


class BadDefinition(Exception):
    """The name or the key can't be taken; the message says why. `field` is the one to change."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def propose_key(name: str) -> str:
    """Return a key that says what the name says, as far as ASCII goes.

    >>> propose_key("Message check"), propose_key("2 stars"), propose_key("正确")
    ('message-check', 'classifier-2-stars', 'classifier')
    """
    key = slugify(name)[:_LONGEST_PROPOSAL].strip("-_")
    if re.fullmatch(KEY_PATTERN, key):
        return key
    return f"classifier-{key}".strip("-")


def propose_copy_name(name: str) -> str:
    """Return a name that is free, for a copy of the classifier with this one."""
    stem = name[: _NAME_CHARS - 20].strip()
    taken = set(Classifier.objects.filter(name__startswith=f"{stem} (copy").values_list("name", flat=True))
    tries = chain([f"{stem} (copy)"], (f"{stem} (copy {number})" for number in count(2)))
    return next(tried for tried in tries if tried not in taken)


def create(*, name: str, key: str, description: str = "", type: str = ClassifierType.CLASSIFIER, by: Any) -> Classifier:
    """Make a new classifier; an empty `key` is derived from the name. Raises BadDefinition."""
    if type not in ClassifierType.values:
        raise BadDefinition("type", "Choose what the classifier does.")
    name = _checked_name(name)
    key = key.strip() or propose_key(name)
    if not re.fullmatch(KEY_PATTERN, key):
        raise BadDefinition(
            "key",
            "Start the key with a lower-case letter, then use lower-case letters, digits, - and _ "
            f"(2 to {_KEY_CHARS} characters).",
        )
    # Another analyzer, or field, of this name would make every answer of the API ambiguous.
    if key in RESERVED_KEYS or registry.find(key) is not None:
        raise BadDefinition("key", f"The key “{key}” is taken. Choose another.")
    try:
        with transaction.atomic():
            return Classifier.objects.create(
                type=type, name=name, key=key, description=description.strip(), created_by=by
            )
    except IntegrityError as error:
        raise _name_taken(name) from error


def describe(classifier_id: int, *, name: str, description: str) -> None:
    """Give the classifier another name or description; its key stays. Raises BadDefinition."""
    name = _checked_name(name)
    try:
        with transaction.atomic():
            Classifier.objects.filter(pk=classifier_id).update(name=name, description=description.strip())
    except IntegrityError as error:
        raise _name_taken(name) from error


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise BadDefinition("name", "Give the classifier a name.")
    if len(name) > _NAME_CHARS:
        raise BadDefinition("name", f"The name is too long: it may have {_NAME_CHARS} characters.")
    return name


def _name_taken(name: str) -> BadDefinition:
    return BadDefinition("name", f"There is a classifier called “{name}” already. Choose another name.")
