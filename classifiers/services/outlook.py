"""What to know before a training: labels that have too little, what is left to settle, how long it takes, what helps.

An app above this one knows more of what is left, such as where people disagree: it plugs that in by `register`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any

from django.db.models import QuerySet

from classifiers.models import Classifier, Decision, HeldOut, Label
from classifiers.services import advice, estimates, near_duplicates, shortages
from classifiers.services.shortages import Shortage
from classifiers.services.steps import Standing, counted

# Likely mistakes come before anything else from so many on, and from this share of what is learnt from on.
_MANY_MISTAKES, _MANY_SHARE = 10, 0.02
# Fewer unlabelled texts than labelled ones change little.
_WORTH_LABELLING = 0.1
# From so many changes on, beside what the live version learnt from, its scores and its advice are of yesterday.
_MANY_CHANGES, _CHANGED_SHARE = 10, 0.1


class Kind(StrEnum):
    """What a remark is about."""

    PROBLEM = "problem"
    SHORTAGE = "shortage"
    CHANGES = "changes"
    CONFLICTS = "conflicts"
    MISTAKES = "mistakes"
    DUPLICATES = "duplicates"
    ADVICE = "advice"
    UNLABELLED = "unlabelled"


@dataclass(frozen=True)
class Remark:
    """One thing to know before a training. `count` texts, or groups of them, are left; at 0 all is well.

    `action` is what a link to the classifier's page `view` is called, empty where the train page itself has the button.
    """

    kind: Kind
    sentence: str
    action: str
    view: str
    count: int = 0

    @property
    def is_fine(self) -> bool:
        return self.count == 0


@dataclass(frozen=True)
class Outlook:
    """What to know before a training of one classifier.

    `changed` is how many texts were labelled, or written anew, since the live version's training read them; None where
    there's no live version. `duration` is in words, empty where there's nothing to train on. `best` is the one thing
    that would help most, None where nothing is left to do.
    """

    shortages: tuple[Shortage, ...]
    remarks: tuple[Remark, ...]
    changed: int | None
    duration: str
    best: Remark | None


Source = Callable[[Classifier], Iterable[Remark]]
_sources: list[Source] = []


def register(source: Source) -> None:
    """Have `source` asked for its remarks on a classifier. Called once for each, when Django starts."""
    if source not in _sources:
        _sources.append(source)


def give(classifier: Classifier, *, labels: Sequence[Label], standing: Standing) -> Outlook:
    """Return what to know before the next training of the classifier, which stands there."""
    short = shortages.find(labels, counts=standing.learnt_from)
    remarks = _remarks(classifier, standing=standing) if standing.example_count else ()
    seconds = estimates.training_seconds(classifier, examples=standing.learnt_from_count, labels=len(labels))
    changed = _changed(classifier)
    return Outlook(
        shortages=tuple(short),
        remarks=remarks,
        changed=changed,
        duration="" if standing.problems else estimates.duration(seconds),
        best=_best(standing, short=short, remarks=remarks, changed=changed),
    )


def _remarks(classifier: Classifier, *, standing: Standing) -> tuple[Remark, ...]:
    given = chain.from_iterable(source(classifier) for source in _sources)
    return (*given, *_near_duplicates(classifier, example_count=standing.example_count))


def _near_duplicates(classifier: Classifier, *, example_count: int) -> list[Remark]:
    run = near_duplicates.find_last(classifier.pk)
    if run is None:
        sentence = "Nobody has looked for near-duplicates yet."
        return [_duplicates(sentence, action="Look for them", count=example_count)]
    groups, conflicts = near_duplicates.count_groups(run)
    since = _newer(classifier.examples, than=run.started_at or run.created_at).count()
    came = f"{counted(since, 'example')} came since the last search" if since else ""
    if not groups:
        sentence = f"No near-duplicates were left; {came}." if came else "No near-duplicates are left."
        return [_duplicates(sentence, action="Look again", count=since)]
    apart = f", {conflicts:,} of them with different labels" if conflicts else ""
    left = f"{counted(groups, 'group')} of near-duplicates {'is' if groups == 1 else 'are'} left{apart}"
    return [_duplicates(f"{left}; {came}." if came else f"{left}.", action="Settle them", count=groups)]


def _duplicates(sentence: str, *, action: str, count: int) -> Remark:
    return Remark(kind=Kind.DUPLICATES, sentence=sentence, action=action, view="near_duplicates", count=count)


def _changed(classifier: Classifier) -> int | None:
    """Return how many labels were given, and texts written anew or deleted, since the live version's training began."""
    live = classifier.live_version
    if live is None:
        return None
    decided = _newer(Decision.objects.all(), than=live.started_at or live.created_at)
    labels = decided.filter(example__classifier=classifier).values("example").distinct().count()
    # What was said of a text goes with it.
    left = HeldOut.objects.filter(version=live).count()
    return labels + (max(live.example_count - left, 0) if left else 0)


def _newer(rows: QuerySet[Any], *, than: dt.datetime) -> QuerySet[Any]:
    """Return the rows that were added after `than`, by their ids, which only grow.

    No index holds the times: from the newest row backwards, only those are read that are newer.
    """
    last = rows.filter(created_at__lte=than).order_by("-pk").values_list("pk", flat=True).first()
    return rows.order_by().filter(pk__gt=last or 0)


def _best(
    standing: Standing, *, short: Sequence[Shortage], remarks: Sequence[Remark], changed: int | None
) -> Remark | None:
    """Return what would help most: first what stands in the way, last what may not help at all."""
    if standing.problems:
        return _problem(standing)
    if short and short[0].is_far:
        return _shortage(short[0], standing=standing)
    many = max(_MANY_MISTAKES, _MANY_SHARE * standing.learnt_from_count)
    mistakes = next((each for each in remarks if each.kind == Kind.MISTAKES and each.count >= many), None)
    if mistakes is not None:
        return mistakes
    if (changes := _changes(standing, changed=changed)) is not None:
        return changes
    advised = [] if standing.live is None else advice.give(standing.live)
    if advised:
        first = advised[0]
        return Remark(kind=Kind.ADVICE, sentence=first.sentence, action=first.action, view=first.view, count=1)
    if standing.unlabelled_count > _WORTH_LABELLING * standing.learnt_from_count:
        return _unlabelled(standing)
    return next((each for each in remarks if not each.is_fine and each.kind != Kind.DUPLICATES), None)


def _problem(standing: Standing) -> Remark:
    sentence, count = standing.problems[0], len(standing.problems)
    if standing.label_count < 2:
        return Remark(kind=Kind.PROBLEM, sentence=sentence, action="Define labels", view="labels", count=count)
    if standing.unlabelled_count:
        waiting = (
            f"{counted(standing.unlabelled_count, 'text')} {'waits' if standing.unlabelled_count == 1 else 'wait'}"
        )
        sentence = f"{sentence} {waiting} for a label."
        return Remark(kind=Kind.PROBLEM, sentence=sentence, action="Label examples", view="annotate", count=count)
    return Remark(kind=Kind.PROBLEM, sentence=sentence, action="Add data", view="data", count=count)


def _shortage(shortage: Shortage, *, standing: Standing) -> Remark:
    is_waiting = standing.unlabelled_count > 0
    view, action = ("annotate", "Label examples") if is_waiting else ("data", "Add data")
    return Remark(kind=Kind.SHORTAGE, sentence=shortage.sentence, action=action, view=view, count=1)


def _changes(standing: Standing, *, changed: int | None) -> Remark | None:
    live = standing.live
    if live is None or not changed or changed < max(_MANY_CHANGES, _CHANGED_SHARE * live.example_count):
        return None
    sentence = f"Train again: {changed:,} changes since version {live.number} are still to be learnt from."
    return Remark(kind=Kind.CHANGES, sentence=sentence, action="", view="train", count=changed)


def _unlabelled(standing: Standing) -> Remark:
    count = standing.unlabelled_count
    sentence = f"{counted(count, 'text')} {'has' if count == 1 else 'have'} no label yet and can't be learnt from."
    return Remark(kind=Kind.UNLABELLED, sentence=sentence, action="Label examples", view="annotate", count=count)
