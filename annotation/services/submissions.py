"""What a person sends off from a labelling screen: a label, a corrected text, or both, kept together or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from django.db import transaction

from annotation.models import QueueCode
from annotation.services import answers
from classifiers.models import Example
from classifiers.services import examples

_MARK_CHARS = 16


class BadSubmission(Exception):
    """It can't be kept; the message says why and what to do."""


class TextChanged(BadSubmission):
    """Somebody wrote another text over it since it was shown."""


class ExampleGone(BadSubmission):
    """The example was deleted since it was shown."""


def mark_of(text: str) -> str:
    r"""Return a short mark by which a form says later which text it had shown.

    Line ends and outer white space don't count: browsers rewrite them.

    >>> mark_of("one\r\ntwo ") == mark_of("one\ntwo")
    True
    """
    told = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_CHARS]


@transaction.atomic
def save(
    example_id: int,
    *,
    label_id: int | None,
    text: str | None,
    mark: str,
    by: Any,
    queue: QueueCode,
    preselected_id: int | None,
    now: dt.datetime,
) -> None:
    """Keep what a person sent off about one text. `label_id` None leaves the label, `text` None the text as it is.

    `mark` is `mark_of` the text that was shown, "" where that isn't known: a label that was given to another text
    than the one that is there now isn't kept.

    Raises TextChanged, ExampleGone, answers.BadAnswer, and as examples.change_text: BadExample, DuplicateExample.
    """
    example = Example.objects.select_for_update().filter(pk=example_id).first()
    if example is None:
        raise ExampleGone("This example isn't there any more: somebody has deleted it. Go on with the next one.")
    if mark and mark_of(example.text) != mark:
        raise TextChanged("Somebody has changed this text since it was shown to you. Load it again, then decide.")
    if text is not None:
        examples.change_text(example_id, text=text)
    if label_id is not None:
        answers.label(example_id, label_id=label_id, by=by, queue=queue, preselected_id=preselected_id, now=now)
