"""What a person did on the labelling screen, carried out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation.admin.places import Place
from annotation.services import answers, submissions
from annotation.services.answers import BadAnswer
from annotation.services.submissions import BadSubmission
from classifiers.admin.step_page import read_id
from classifiers.models import Classifier, Example, Label
from classifiers.services.examples import BadExample

_GONE = "This example isn't there any more: somebody has deleted it. Go on with the next one."
_CHOOSE = "Choose one of the labels first."


class NotDone(Exception):
    """It couldn't be done; the message says why and what to do."""


@dataclass(frozen=True)
class Done:
    """What was done, in a sentence. `shows` is the example that lies before the person now, None for the next one."""

    said: str = ""
    shows: Example | None = None
    why: str = ""
    is_undone: bool = False

    @property
    def goes(self) -> str:
        """Where the page's script puts the text: before what is shown, in its place, or behind what waits."""
        if self.shows is None:
            return "behind"
        return "front" if self.is_undone else "replace"


def carry_out(classifier: Classifier, *, fields: Mapping[str, str], place: Place, by: Any, now: dt.datetime) -> Done:
    """Do what the form's pressed button says. Raises NotDone."""
    doings = {"save": _save, "text": _save_text, "skip": _skip, "undo": _undo}
    doing = doings.get(fields.get("do", ""))
    if doing is None:
        return Done()
    try:
        return doing(classifier, fields=fields, place=place, by=by, now=now)
    except (BadAnswer, BadExample, BadSubmission) as error:
        raise NotDone(str(error)) from error
    except Example.DoesNotExist as error:
        raise NotDone(_GONE) from error


def _save(classifier: Classifier, *, fields: Mapping[str, str], place: Place, by: Any, now: dt.datetime) -> Done:
    label = _find_label(classifier, fields.get("label"))
    if label is None:
        raise NotDone(_CHOOSE)
    _send_off(classifier, label=label, fields=fields, place=place, by=by, now=now)
    return Done(f"Saved as {label.name}.")


def _save_text(classifier: Classifier, *, fields: Mapping[str, str], place: Place, by: Any, now: dt.datetime) -> Done:
    example = _send_off(classifier, label=None, fields=fields, place=place, by=by, now=now)
    example.refresh_from_db()
    return Done("The text is saved.", shows=example, why="You have changed its text. It still waits for its label.")


def _send_off(
    classifier: Classifier, *, label: Label | None, fields: Mapping[str, str], place: Place, by: Any, now: dt.datetime
) -> Example:
    example = _get(classifier, fields)
    preselected = _find_label(classifier, fields.get("preselected"))
    submissions.save(
        example.pk,
        label_id=None if label is None else label.pk,
        text=fields.get("text"),
        mark=fields.get("mark", ""),
        by=by,
        queue=place.queue,
        preselected_id=None if preselected is None else preselected.pk,
        now=now,
    )
    return example


def _skip(classifier: Classifier, *, fields: Mapping[str, str], place: Place, by: Any, now: dt.datetime) -> Done:
    answers.skip(_get(classifier, fields).pk, by=by, queue=place.queue, now=now)
    return Done("Skipped.")


def _undo(classifier: Classifier, *, fields: Mapping[str, str], place: Place, by: Any, now: dt.datetime) -> Done:
    example = answers.undo(classifier.pk, by=by, now=now)
    if example is None:
        return Done("There is nothing left to undo.")
    why = "You took back what you had said about it."
    return Done("Undone: here it is again.", shows=example, why=why, is_undone=True)


def _find_label(classifier: Classifier, value: str | None) -> Label | None:
    return Label.objects.filter(pk=read_id(value), classifier=classifier).first()


def _get(classifier: Classifier, fields: Mapping[str, str]) -> Example:
    return Example.objects.get(pk=read_id(fields.get("example")), classifier=classifier)
