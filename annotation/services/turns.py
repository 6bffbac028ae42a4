"""Give a person the next text of a queue, and say why it is this one; or why there is none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from annotation.models import QueueCode
from annotation.services import candidates, ends, leases, queue_runs, whys
from annotation.services.candidates import Asker
from classifiers.models import Example, ExampleState

# Others may take a text between our looking and our taking: so many are tried before looking again.
_TRIED = 8
_LOOKS = 4


@dataclass(frozen=True)
class Turn:
    """One text that lies before a person until `until_at`. `why` says why this one is shown.

    Where `is_blind`, somebody else has labelled it already, and the example doesn't say how.
    """

    example: Example
    why: str
    until_at: dt.datetime
    is_blind: bool = False


def take(
    classifier_id: int,
    *,
    user_id: int,
    queue: QueueCode,
    now: dt.datetime,
    near_id: int | None = None,
    label_number: int | None = None,
    holding: Collection[int] = (),
    exclude: Collection[int] = (),
) -> Turn | None:
    """Return the next text of the queue, held for the person; None where there is none, `end_of` says why.

    `holding` are the texts that lie before the person already: they are held on. `exclude` are further ones that
    aren't wanted now.
    """
    asker = Asker(classifier_id=classifier_id, user_id=user_id, now=now, near_id=near_id, label_number=label_number)
    leases.renew(holding, user_id=user_id, now=now)
    if queue == QueueCode.USEFUL:
        queue_runs.start_first(classifier_id, now=now)
    without = {*holding, *exclude}
    for _ in range(_LOOKS):
        ids = candidates.find(queue, asker, without=without, limit=_TRIED)
        if not ids:
            return None
        for pk in ids:
            if turn := _hold(pk, queue=queue, asker=asker):
                return turn
        without |= set(ids)
    return None


def again(example_id: int, *, user_id: int, queue: QueueCode, now: dt.datetime, why: str) -> Turn | None:
    """Return a turn of one certain text, for whoever comes back to it; None where another has it before them."""
    until_at = leases.take(example_id, user_id=user_id, now=now)
    example = _find(example_id)
    if until_at is None or example is None:
        return None
    return Turn(example=example, why=why, until_at=until_at)


def end_of(
    classifier_id: int,
    *,
    user_id: int,
    queue: QueueCode,
    now: dt.datetime,
    near_id: int | None = None,
    label_number: int | None = None,
) -> str:
    """Return why the queue has nothing more for the person, and what to do now."""
    asker = Asker(classifier_id=classifier_id, user_id=user_id, now=now, near_id=near_id, label_number=label_number)
    return ends.say(queue, asker)


def _hold(example_id: int, *, queue: QueueCode, asker: Asker) -> Turn | None:
    until_at = leases.take(example_id, user_id=asker.user_id, now=asker.now)
    if until_at is None:
        return None
    example = _find(example_id)
    # Between our looking and our taking it may have been deleted, or labelled by whoever had it before.
    if example is None or not _still_belongs(example, queue=queue):
        leases.give_back([example_id], user_id=asker.user_id)
        return None
    why = whys.say(queue, example, asker)
    is_blind = queue == QueueCode.OVERLAP
    if is_blind:
        example.label, example.state, example.confidence = None, ExampleState.UNLABELLED, None
    return Turn(example=example, why=why, until_at=until_at, is_blind=is_blind)


def _find(example_id: int) -> Example | None:
    return Example.objects.select_related("label", "import_run").filter(pk=example_id).first()


def _still_belongs(example: Example, *, queue: QueueCode) -> bool:
    states = {
        QueueCode.CONFIRM: {ExampleState.SUGGESTED},
        QueueCode.OVERLAP: {ExampleState.CONFIRMED},
        QueueCode.MISTAKES: {ExampleState.CONFIRMED, ExampleState.SUGGESTED},
        QueueCode.DISAGREE: {ExampleState.CONFIRMED, ExampleState.SUGGESTED},
    }
    return example.state in states.get(queue, {ExampleState.UNLABELLED})
