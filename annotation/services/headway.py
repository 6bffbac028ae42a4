"""How far the labelling is: counts that are right at once, without counting 200,000 rows at each answer."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Q
from django.utils import timezone

from annotation.models import Answer
from classifiers.models import Example, ExampleState, Label

# Fewer are counted anew each time: it takes a millisecond.
_COUNTED_ANEW = 5_000
# What others than the labelling screens change is seen after this long.
_KEPT_FOR_S = 60

# (label id, state) of a text, and how many have it.
_Counts = Counter[tuple[int | None, str]]


@dataclass(frozen=True)
class Headway:
    """How far a classifier's labelling is. `labelled` are the confirmed ones, `today` what people answered today.

    `per_label` has each label with how many confirmed texts it has, by number.
    """

    labelled: int
    suggested: int
    total: int
    today: int
    mine_today: int
    per_label: tuple[tuple[Label, int], ...]

    @property
    def unlabelled(self) -> int:
        return self.total - self.labelled - self.suggested

    @property
    def labelled_percent(self) -> int:
        # Rounded down: 100 % is only said when nothing is left.
        return 100 * self.labelled // max(self.total, 1)


def measure(classifier_id: int, *, user_id: int, now: dt.datetime) -> Headway:
    """Return how far the labelling of the classifier is. "Today" began at midnight of the server's time zone."""
    counts = _counts(classifier_id, now=now)
    by_state: Counter[str] = Counter()
    for (_, state), count in counts.items():
        by_state[state] += count
    morning = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    given = Answer.objects.filter(
        classifier_id=classifier_id, created_at__gte=morning, label__isnull=False, undone_at__isnull=True
    )
    answered = given.aggregate(all=Count("pk"), mine=Count("pk", filter=Q(user_id=user_id)))
    labels = Label.objects.filter(classifier_id=classifier_id).order_by("number")
    return Headway(
        labelled=by_state[ExampleState.CONFIRMED],
        suggested=by_state[ExampleState.SUGGESTED],
        total=sum(by_state.values()),
        today=answered["all"],
        mine_today=answered["mine"],
        per_label=tuple((label, counts[label.pk, ExampleState.CONFIRMED]) for label in labels),
    )


def _counts(classifier_id: int, *, now: dt.datetime) -> _Counts:
    """Return the counts of some seconds ago, brought up to date by what was answered since."""
    key = f"headway:{classifier_id}"
    kept: tuple[dt.datetime, int, _Counts] | None = cache.get(key)
    if kept is not None and kept[0] <= now < kept[0] + dt.timedelta(seconds=_KEPT_FOR_S):
        counted_at, last_id, counts = kept
        return counts + _changes(classifier_id, counted_at=counted_at, last_id=last_id)
    last_id = Answer.objects.filter(classifier_id=classifier_id).order_by("-pk").values_list("pk", flat=True).first()
    counts = _count(classifier_id)
    if counts.total() > _COUNTED_ANEW:
        cache.set(key, (now, last_id or 0, counts), _KEPT_FOR_S)
    return counts


def _count(classifier_id: int) -> _Counts:
    # By one index. A second one for the state would make it twice as slow.
    rows = Example.objects.filter(classifier_id=classifier_id).order_by().values_list("label_id", "state")
    return Counter({(label_id, state): count for label_id, state, count in rows.annotate(count=Count("pk"))})


def _changes(classifier_id: int, *, counted_at: dt.datetime, last_id: int) -> _Counts:
    """Return what the answers since then have added to each count, and taken from it."""
    decided = Answer.objects.filter(classifier_id=classifier_id, decision__isnull=False)
    fields = ("former_label_id", "former_state", "label_id")
    made = decided.filter(pk__gt=last_id, undone_at__isnull=True).values_list(*fields)
    undone = decided.filter(pk__lte=last_id, undone_at__gt=counted_at).values_list(*fields)
    changes: _Counts = Counter()
    for sign, rows in ((1, made), (-1, undone)):
        for former_id, former_state, label_id in rows:
            changes[former_id, former_state] -= sign
            changes[label_id, ExampleState.CONFIRMED] += sign
    return changes
