"""What a person does with the text before them: gives it a label, skips it, takes the last answer back.

A label becomes a decision, by which the text gets it. It stays an opinion, without a decision, where somebody else has
labelled the text already and the person didn't mean to correct that: in the queue of second opinions, and where two
labelled one text at the same time. Differing opinions are settled in `services.agreements`.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from django.db import transaction

from annotation.models import Answer, QueueCode
from annotation.services import leases, opinions, queue_runs
from annotation.services.candidates import SKIPPED_FOR
from classifiers.models import Decision, DecisionSource, Example, ExampleState, Label
from classifiers.services import decisions
from classifiers.services.decisions import ForeignLabel

# What is sent twice comes within this; whoever says the same of a suspect later has looked at it again.
_SENT_TWICE = dt.timedelta(minutes=1)
_UNDONE = "Undid the last answer."


class BadAnswer(Exception):
    """The answer can't be kept; the message says why and what to do."""


@transaction.atomic
def label(
    example_id: int,
    *,
    label_id: int,
    by: Any,
    queue: QueueCode,
    preselected_id: int | None,
    now: dt.datetime,
) -> Answer:
    """Keep the label that a person gave the text; sent twice, it is kept once. `by` is a user.

    The answer has no decision where it is a second opinion only, or where the person was asked to look at the text
    again and says the same. Raises BadAnswer.
    """
    example = _locked(example_id)
    last = _last_word(example_id, by=by)
    if last is not None and (last.label_id, last.queue) == (label_id, queue) and _still_holds(last, example):
        has_looked_again = queue in opinions.REVIEWS and last.created_at < now - _SENT_TWICE
        return _repeated(last, example, now=now) if has_looked_again else last
    answer = _answer(example, by=by, queue=queue, now=now, label_id=label_id)
    answer.preselected_id = _own_label_id(example, preselected_id)
    if _is_opinion_only(example, queue=queue, by=by):
        _require_own_label(example, label_id)
    else:
        answer.decision = _decide(example, label_id=label_id, by=by, now=now)
    answer.save()
    _settle_place(example, by=by, now=now)
    return answer


@transaction.atomic
def skip(example_id: int, *, by: Any, queue: QueueCode, now: dt.datetime) -> Answer:
    """Remember that the person wants to be spared the text in this queue for a day. Raises BadAnswer."""
    example = _locked(example_id)
    last = _last_word(example_id, by=by)
    is_repeated = last is not None and last.label_id is None and last.queue == queue
    if last is not None and is_repeated and last.created_at > now - SKIPPED_FOR:
        return last
    answer = _answer(example, by=by, queue=queue, now=now)
    answer.save()
    _settle_place(example, by=by, now=now)
    return answer


@transaction.atomic
def adjudicate(example_id: int, *, label_id: int, by: Any, now: dt.datetime) -> Answer:
    """Settle a text on which people disagree: it gets this label. Raises BadAnswer."""
    example = _locked(example_id)
    answer = _answer(example, by=by, queue="", now=now, label_id=label_id, is_adjudication=True)
    answer.decision = _decide(example, label_id=label_id, by=by, now=now)
    answer.save()
    return answer


@transaction.atomic
def undo(classifier_id: int, *, by: Any, now: dt.datetime) -> Example | None:
    """Take back the person's last answer, label or skip, and return its text; None where nothing is left to undo.

    The next call takes back the one before. The text gets the label that it had, unless somebody has decided otherwise
    since: another's word isn't undone. The text lies before the person again, if nobody else has it.
    """
    answer = _take_back_last(classifier_id, by=by, now=now)
    if answer is None:
        return None
    example = Example.objects.select_for_update().get(pk=answer.example_id)
    if answer.decision_id is not None:
        _restore(answer, by=by, now=now)
    leases.take(answer.example_id, user_id=by.pk, now=now)
    return Example.objects.select_related("label").get(pk=example.pk)


def _take_back_last(classifier_id: int, *, by: Any, now: dt.datetime) -> Answer | None:
    own = Answer.objects.filter(classifier_id=classifier_id, user=by, undone_at__isnull=True).order_by("-pk")
    while (answer := own.first()) is not None:
        # Two undos at once: each takes back another answer.
        if Answer.objects.filter(pk=answer.pk, undone_at__isnull=True).update(undone_at=now):
            return answer
    return None


def _restore(answer: Answer, *, by: Any, now: dt.datetime) -> None:
    """Give the text the label and state that it had before the answer, if the answer still holds."""
    taken_back = Answer.objects.filter(example=answer.example_id, user=by, undone_at__isnull=False).values("decision")
    later = Decision.objects.filter(example=answer.example_id, pk__gt=answer.decision_id)
    since = list(later.exclude(pk__in=taken_back.filter(decision__isnull=False)).order_by("pk"))
    if any(each.source in decisions.CONFIRMING and not _is_undoing(each, by=by) for each in since):
        return
    is_confirmed = answer.former_state == ExampleState.CONFIRMED and answer.former_label_id is not None
    undoing = _decision(answer.example_id, answer.former_label_id if is_confirmed else None, by=by, now=now)
    undoing.reason = _UNDONE
    added = [undoing]
    suggested = any(each.source not in decisions.CONFIRMING for each in since)
    if not is_confirmed and (suggested or answer.former_state == ExampleState.SUGGESTED):
        # A suggestion holds only where it was made after a person took the label away: it's made again.
        added += _suggest_again(answer.example_id, now=now)
    decisions.add(added)


def _is_undoing(decision: Decision, *, by: Any) -> bool:
    return decision.reason == _UNDONE and decision.user_id == by.pk


def _suggest_again(example_id: int, *, now: dt.datetime) -> list[Decision]:
    made = Decision.objects.filter(example_id=example_id).exclude(source__in=decisions.CONFIRMING)
    last = made.order_by("-pk").first()
    if last is None:
        return []
    again = Decision(example_id=example_id, label_id=last.label_id, source=last.source, created_at=now)
    again.confidence, again.reason = last.confidence, last.reason
    return [again]


def _locked(example_id: int) -> Example:
    example = Example.objects.select_for_update().filter(pk=example_id).first()
    if example is None:
        raise BadAnswer("This text isn't there any more: somebody has deleted it. Go on with the next one.")
    return example


def _last_word(example_id: int, *, by: Any) -> Answer | None:
    own = Answer.objects.filter(example_id=example_id, user=by, undone_at__isnull=True)
    return own.select_related("decision").order_by("-pk").first()


def _still_holds(answer: Answer, example: Example) -> bool:
    return answer.decision_id is None or answer.label_id == example.label_id


def _repeated(last: Answer, example: Example, *, now: dt.datetime) -> Answer:
    answer = _answer(example, by=last.user, queue=last.queue, now=now, label_id=last.label_id)
    answer.preselected_id = last.preselected_id
    answer.save()
    _settle_place(example, by=last.user, now=now)
    return answer


def _answer(example: Example, *, by: Any, queue: str, now: dt.datetime, **values: Any) -> Answer:
    return Answer(
        example=example,
        classifier_id=example.classifier_id,
        user=by,
        queue=queue,
        former_label_id=example.label_id,
        former_state=example.state,
        created_at=now,
        **values,
    )


def _is_opinion_only(example: Example, *, queue: QueueCode, by: Any) -> bool:
    """Tell whether somebody else has confirmed the text's label, which this answer wasn't asked to correct."""
    if example.state != ExampleState.CONFIRMED or queue in opinions.REVIEWS:
        return False
    confirmed = Decision.objects.filter(example=example, source__in=decisions.CONFIRMING)
    by_whom = confirmed.order_by("-pk").values_list("user_id", flat=True).first()
    return by_whom != by.pk


def _decide(example: Example, *, label_id: int, by: Any, now: dt.datetime) -> Decision:
    decision = _decision(example.pk, label_id, by=by, now=now)
    try:
        decisions.add([decision])
    except ForeignLabel as error:
        raise _not_a_label() from error
    return decision


def _decision(example_id: int, label_id: int | None, *, by: Any, now: dt.datetime) -> Decision:
    return Decision(example_id=example_id, label_id=label_id, source=DecisionSource.PERSON, user=by, created_at=now)


def _require_own_label(example: Example, label_id: int) -> None:
    if _own_label_id(example, label_id) is None:
        raise _not_a_label()


def _own_label_id(example: Example, label_id: int | None) -> int | None:
    own = Label.objects.filter(pk=label_id, classifier_id=example.classifier_id)
    return label_id if label_id is not None and own.exists() else None


def _not_a_label() -> BadAnswer:
    return BadAnswer("This label isn't one of this classifier's any more. Load the page again and choose another.")


def _settle_place(example: Example, *, by: Any, now: dt.datetime) -> None:
    leases.give_back([example.pk], user_id=by.pk)
    transaction.on_commit(partial(queue_runs.refresh_if_stale, example.classifier_id, now=now))
