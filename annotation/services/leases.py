"""Who has which text before them, so that nobody else is given it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q

from annotation.models import Lease

# Long enough to read a long text; whoever leaves the screen open and goes holds nothing up for long.
HOLDS_FOR = dt.timedelta(minutes=5)
# One that ended is taken over by whoever comes next; what nobody came for goes after this long.
_KEPT_FOR = dt.timedelta(days=1)


def take(example_id: int, *, user_id: int, now: dt.datetime) -> dt.datetime | None:
    """Give the text to the person, or hold it on for them; return until when, or None where another has it.

    Of two at once one wins: either the row's owner changes only if it is free, or the second row is refused.
    """
    until_at = now + HOLDS_FOR
    is_free = Q(user_id=user_id) | Q(until_at__lte=now)
    if Lease.objects.filter(is_free, example_id=example_id).update(user_id=user_id, until_at=until_at):
        return until_at
    if Lease.objects.filter(example_id=example_id).exists():
        return None
    Lease.objects.bulk_create([Lease(example_id=example_id, user_id=user_id, until_at=until_at)], ignore_conflicts=True)
    is_ours = Lease.objects.filter(example_id=example_id, user_id=user_id).exists()
    return until_at if is_ours else None


def renew(example_ids: Collection[int], *, user_id: int, now: dt.datetime) -> int:
    """Hold on to the texts that still lie before the person; return how many they are.

    One whose hold had ended is held again, unless another has taken it meanwhile.
    """
    if not example_ids:
        return 0
    held = Lease.objects.filter(example_id__in=example_ids, user_id=user_id)
    return held.update(until_at=now + HOLDS_FOR)


def give_back(example_ids: Collection[int], *, user_id: int) -> None:
    """Let go of texts that the person is done with."""
    Lease.objects.filter(example_id__in=example_ids, user_id=user_id).delete()


def forget(*, now: dt.datetime) -> int:
    """Delete the holds that ended long ago; return how many."""
    return Lease.objects.filter(until_at__lt=now - _KEPT_FOR).delete()[0]


def held_by_others(example: str, *, user_id: int, now: dt.datetime) -> Exists:
    """Return the condition that somebody else has the text; `example` is the outer query's field with its id."""
    return Exists(Lease.objects.filter(example_id=OuterRef(example), until_at__gt=now).exclude(user_id=user_id))
