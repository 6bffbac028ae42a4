"""Texts of a test run that become examples: the right label, given by a person who saw the answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from classifiers.importing.fingerprint import text_key
from classifiers.importing.texts import BadText, clean_text
from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleOrigin, ExampleState, Label
from classifiers.services import decisions, example_batches, examples, undoing
from classifiers.services.example_batches import Draft, Giver, Status
from classifiers.services.undoing import NothingToUndo

_REASON = "Given in a test run."
# By it, an undoing knows that the example wasn't there before.
_REASON_NEW = "Added in a test run."


class NotCorrected(Exception):
    """The text can't become an example, or it isn't one any more; the message says why."""


@dataclass(frozen=True)
class Correction:
    """The example of a text. `former` is the label that it had before; with `is_added` there was none of this text."""

    example: Example
    is_added: bool
    former: Label | None
    is_changed: bool


@transaction.atomic
def correct(classifier: Classifier, *, text: str, label_id: int, by: Any) -> Correction:
    """Add the text with the label as a person's word; where it's an example already, give that one the label.

    An example that was set aside to measure on stays so. Raises NotCorrected, ForeignLabel.
    """
    label = Label.objects.get(pk=label_id)
    # Locked before the look: somebody may add the text in the same moment.
    Classifier.objects.select_for_update(no_key=True).get(pk=classifier.pk)
    before = find(classifier, texts=[text])[0]
    if before is None:
        giver = Giver(origin=ExampleOrigin.TYPED, source=DecisionSource.PERSON, user=by)
        draft = Draft(text=text, label=label)
        [outcome] = example_batches.add(classifier.pk, drafts=[draft], reason=_REASON_NEW, giver=giver)
        if outcome.status != Status.ADDED or outcome.example_id is None:
            raise NotCorrected(outcome.reason)
        example = Example.objects.select_related("label").get(pk=outcome.example_id)
        return Correction(example=example, is_added=True, former=None, is_changed=True)
    is_settled = before.label_id == label_id and before.state == ExampleState.CONFIRMED
    if not is_settled:
        decisions.decide(before.pk, label_id=label_id, source=DecisionSource.PERSON, by=by, reason=_REASON)
    example = Example.objects.select_related("label").get(pk=before.pk)
    return Correction(example=example, is_added=False, former=before.label, is_changed=not is_settled)


@transaction.atomic
def take_back(classifier: Classifier, *, text: str, by: Any, now: dt.datetime) -> Example | None:
    """Undo the person's own correction of this text; return the example as it is then, None where there was none.

    Raises NotCorrected where the last word about it isn't the person's own of a test run.
    """
    example = find(classifier, texts=[text])[0]
    last = None if example is None else Decision.objects.filter(example=example).order_by("-pk").first()
    if example is None or last is None or last.user_id != by.pk or last.reason not in (_REASON, _REASON_NEW):
        raise NotCorrected("Somebody has changed this example since, so there is nothing to undo here.")
    if last.reason == _REASON_NEW:
        examples.delete(example.pk)
        return None
    try:
        undone = undoing.undo_last(example.pk, now=now, by=by)
    except NothingToUndo as error:
        raise NotCorrected(str(error)) from error
    return Example.objects.select_related("label").get(pk=undone.pk)


def find(classifier: Classifier, *, texts: Sequence[str]) -> list[Example | None]:
    """Return the example that has the text, for each of the texts in order. They are few: see `trials.MOST_TEXTS`."""
    keys = [_key(text) for text in texts]
    known = Example.objects.filter(classifier=classifier, text_key__in={key for key in keys if key})
    by_key = {example.text_key: example for example in known.select_related("label").defer("text")}
    return [by_key.get(key) for key in keys]


def _key(text: str) -> str:
    """Return the key by which duplicates of the text are found, "" for a text that can't be an example."""
    try:
        return text_key(clean_text(text))
    except BadText:
        return ""
