"""Which texts a queue has for a person, in its order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.db.models import Exists, Max, OuterRef, QuerySet
from django.db.models.functions import Substr

from annotation.models import AnnotationSetting, Answer, QueueCode, QueueEntry
from annotation.services import contradictions, leases, maps, opinions, queue_runs
from classifiers.models import Example, ExampleState

# What a person skipped comes back to them, in the same queue, after this long.
SKIPPED_FOR = dt.timedelta(days=1)
# Ids that are asked about at once: far below the 32,766 variables that SQLite allows.
_CHUNK = 300
# Second opinions are asked for on so many of the latest answers: older ones would be searched in vain each time.
_OVERLAP_WINDOW = 20_000
# The digits of a text's key that say whether it is in the overlap: not the first, by which the pool is drawn.
_DIGITS_FROM, _DIGITS = 9, 8


@dataclass(frozen=True)
class Asker:
    """Who asks for a text, when, and near what: the text `near_id` or the label `label_number`."""

    classifier_id: int
    user_id: int
    now: dt.datetime
    near_id: int | None = None
    label_number: int | None = None


def find(queue: QueueCode, asker: Asker, *, without: Collection[int], limit: int) -> list[int]:
    """Return the ids of up to `limit` texts that the person can be given now, in the queue's order.

    Left out: those in `without`, those that lie before others, and those that the person skipped in this queue.
    """
    allow = _Filter(queue=queue, asker=asker, without=without)
    if queue in (QueueCode.NEAR, QueueCode.LABEL):
        return allow.first_of(_nearest(asker), texts=unlabelled(asker.classifier_id), limit=limit)
    if queue in (QueueCode.MISTAKES, QueueCode.DISAGREE):
        return allow.first_of(contradicted_ids(queue, asker), texts=_all(asker), limit=limit)
    for texts, field in _orders(queue, asker):
        if ids := list(allow.of(texts, field=field).values_list(field, flat=True)[:limit]):
            return ids
    return []


def unlabelled(classifier_id: int) -> QuerySet[Example]:
    """Return the texts without a label."""
    # Both conditions say the same; together they let the index on state and label give the rows in their order.
    return Example.objects.filter(classifier_id=classifier_id, state=ExampleState.UNLABELLED, label__isnull=True)


def suggested(classifier_id: int) -> QuerySet[Example]:
    """Return the texts whose label only a machine has given, least sure first."""
    return Example.objects.filter(classifier_id=classifier_id, state=ExampleState.SUGGESTED).order_by("confidence")


def entries(classifier_id: int) -> QuerySet[QueueEntry]:
    """Return the places of the current order whose texts are still without a label."""
    last = queue_runs.finished(classifier_id).values("pk")[:1]
    return QueueEntry.objects.filter(run=last, example__state=ExampleState.UNLABELLED).order_by("place")


def contradicted_ids(queue: QueueCode, asker: Asker) -> list[int]:
    """Return the labelled texts of which a machine says otherwise, those to look at first before the others."""
    find_ids = contradictions.mistake_ids if queue == QueueCode.MISTAKES else contradictions.disagreement_ids
    return find_ids(asker.classifier_id)


def overlapping(asker: Asker) -> QuerySet[Answer]:
    """Return the answers of others that wait for a second opinion, oldest first.

    A text is in the overlap by its key, so that the share is the same whoever labels, and however often one asks.
    """
    limit = overlap_limit(asker.classifier_id)
    given = opinions.of(asker.classifier_id)
    last_id = given.aggregate(last=Max("pk"))["last"] or 0
    others = given.filter(example=OuterRef("example")).exclude(user=OuterRef("user"))
    return (
        given.annotate(digits=Substr("example__text_key", _DIGITS_FROM, _DIGITS))
        .filter(digits__lt=limit, pk__gt=last_id - _OVERLAP_WINDOW, example__state=ExampleState.CONFIRMED)
        .exclude(user_id=asker.user_id)
        .exclude(Exists(others))
        .order_by("pk")
    )


def overlap_limit(classifier_id: int) -> str:
    """Return the digits below which a text's own put it into the overlap; "" where there is none."""
    setting = AnnotationSetting.objects.filter(classifier_id=classifier_id).first()
    percent = 0 if setting is None else setting.overlap_percent
    # A "g" comes behind every hexadecimal digit.
    return "g" if percent == 100 else f"{percent * 16**_DIGITS // 100:0{_DIGITS}x}" if percent else ""


@dataclass(frozen=True)
class _Filter:
    """Leaves out what the person can't be given now."""

    queue: QueueCode
    asker: Asker
    without: Collection[int]

    def of(self, texts: QuerySet, *, field: str) -> QuerySet:
        """Return the rows whose text, named by `field`, can be given."""
        asker = self.asker
        skipped = Answer.objects.filter(
            example_id=OuterRef(field),
            user_id=asker.user_id,
            label__isnull=True,
            queue=self.queue,
            undone_at__isnull=True,
            created_at__gt=asker.now - SKIPPED_FOR,
        )
        is_held = leases.held_by_others(field, user_id=asker.user_id, now=asker.now)
        found = texts.exclude(is_held).exclude(Exists(skipped))
        return found.exclude(**{f"{field}__in": list(self.without)}) if self.without else found

    def first_of(self, ids: Sequence[int], *, texts: QuerySet[Example], limit: int) -> list[int]:
        """Return the first of `ids` that are among `texts` and can be given."""
        found: list[int] = []
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            free = set(self.of(texts.filter(pk__in=chunk), field="pk").values_list("pk", flat=True))
            found += [pk for pk in chunk if pk in free]
            if len(found) >= limit:
                break
        return found[:limit]


def _orders(queue: QueueCode, asker: Asker) -> list[tuple[QuerySet, str]]:
    """Return sets of rows, each in its order and with the field that holds the text's id; the next where one ends."""
    texts = unlabelled(asker.classifier_id)
    orders: dict[QueueCode, Callable[[], list[tuple[QuerySet, str]]]] = {
        QueueCode.USEFUL: lambda: [(entries(asker.classifier_id), "example_id"), (texts.order_by("pk"), "pk")],
        QueueCode.CONFIRM: lambda: [(suggested(asker.classifier_id), "pk")],
        QueueCode.NEWEST: lambda: [(texts.order_by("-pk"), "pk")],
        QueueCode.RANDOM: lambda: _shuffled(texts, asker),
        QueueCode.OVERLAP: lambda: [(overlapping(asker), "example_id")],
    }
    return orders[queue]()


def _shuffled(texts: QuerySet[Example], asker: Asker) -> list[tuple[QuerySet, str]]:
    """Return the texts from a random point of their keys' order on, which is as good as any other shuffling.

    The point changes with each of the person's answers: who loads the page again gets the same text.
    """
    own = Answer.objects.filter(classifier_id=asker.classifier_id, user_id=asker.user_id)
    last_id = own.order_by("-pk").values_list("pk", flat=True).first() or 0
    point = sha256(f"{asker.user_id} {last_id}".encode()).hexdigest()
    in_order = texts.order_by("text_key")
    return [(in_order.filter(text_key__gte=point), "pk"), (in_order, "pk")]


def _nearest(asker: Asker) -> list[int]:
    return maps.nearest(asker.classifier_id, near_id=asker.near_id, label_number=asker.label_number)


def _all(asker: Asker) -> QuerySet[Example]:
    return Example.objects.filter(classifier_id=asker.classifier_id)
