"""The golden set: examples that are set aside to be measured on, and that nothing ever learns from.

Only a confirmed example can be set aside. One that loses its label afterwards keeps the mark: it doesn't count until a
person labels it again, and isn't learnt from meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from classifiers.models import Example, ExampleState, Label, NearDuplicate, NearDuplicateRun
from classifiers.services import near_duplicates, training_sets

# Of each label: 20 tell a good classifier from a bad one, and cost as few examples as can be.
DEFAULT_PER_LABEL, MOST_PER_LABEL = 20, 200
# A label gives no more than one in so many of its examples: the others are needed to learn from.
ONE_IN = 5
_CHUNK = 500
PAGE = 50


class BadWish(Exception):
    """So many examples of each label can't be proposed."""


class NotConfirmed(Exception):
    """The example has no confirmed label, so nothing can be measured on it."""


@dataclass(frozen=True)
class Proposal:
    """Examples that could be set aside, by label and then oldest first.

    `given` has by label id how many of them have it; labels that give none aren't in it. `left_out` counts the examples
    that couldn't be drawn, because others say nearly the same.
    """

    ids: tuple[int, ...]
    given: Mapping[int, int]
    left_out: int


@dataclass(frozen=True)
class Page:
    """Some of the examples that are set aside, by label. `number` is counted from 1."""

    examples: Sequence[Example]
    number: int
    has_next: bool


def propose(classifier_id: int, *, per_label: int, rng: np.random.Generator) -> Proposal:
    """Return a random draw of confirmed examples that would bring each label to `per_label` golden ones.

    A label gives a fifth of its confirmed examples at most, those that are golden already counted; one with fewer than
    five gives none. Examples that the last search found to have near-duplicates are left out: a text whose copy is
    learnt from is no test. The same state of the generator gives the same draw. Raises BadWish.
    """
    if not 1 <= per_label <= MOST_PER_LABEL:
        raise BadWish(f"Choose from 1 to {MOST_PER_LABEL} examples of each label.")
    confirmed = Example.objects.filter(classifier_id=classifier_id, state=ExampleState.CONFIRMED).order_by()
    there = dict(confirmed.values_list("label").annotate(Count("pk")))
    golden = count_by_label(classifier_id)
    free = confirmed.filter(is_golden=False)
    grouped = _grouped(near_duplicates.find_last(classifier_id))
    drawable = free if grouped is None else free.filter(~grouped)
    drawn: dict[int, list[int]] = {}
    for label_id in Label.objects.filter(classifier_id=classifier_id).order_by("number").values_list("pk", flat=True):
        wanted = min(per_label, there.get(label_id, 0) // ONE_IN) - golden.get(label_id, 0)
        if wanted > 0:
            drawn[label_id] = _draw(drawable.filter(label_id=label_id), size=wanted, rng=rng)
    return Proposal(
        ids=tuple(pk for ids in drawn.values() for pk in ids),
        given={label_id: len(ids) for label_id, ids in drawn.items() if ids},
        left_out=0 if grouped is None else free.filter(grouped).count(),
    )


def set_aside(classifier_id: int, *, ids: Sequence[int]) -> int:
    """Set those of the examples aside that have a confirmed label; return how many weren't set aside before.

    It counts from the next training on: a version that has learnt from them can't be measured on them.
    """
    confirmed = Example.objects.filter(classifier_id=classifier_id, state=ExampleState.CONFIRMED, is_golden=False)
    return _mark(confirmed, ids=ids, is_golden=True)


def set_one_aside(classifier_id: int, *, example_id: int) -> bool:
    """Set one example aside; return whether it wasn't before. Raises NotConfirmed."""
    if set_aside(classifier_id, ids=[example_id]):
        return True
    if not Example.objects.filter(training_sets.IS_MEASURED_ON, classifier_id=classifier_id, pk=example_id).exists():
        raise NotConfirmed("Only an example with a confirmed label can be set aside as golden. Give it a label first.")
    return False


def give_back(classifier_id: int, *, ids: Sequence[int]) -> int:
    """Let the examples be learnt from again; return how many were set aside."""
    return _mark(marked(classifier_id), ids=ids, is_golden=False)


def give_all_back(classifier_id: int) -> int:
    """Let all examples of the classifier be learnt from again; return how many were set aside."""
    return give_back(classifier_id, ids=list(marked(classifier_id).values_list("pk", flat=True)))


def count_by_label(classifier_id: int) -> dict[int, int]:
    """Return how many examples the golden set has by label id; labels without any aren't in it."""
    golden = Example.objects.filter(training_sets.IS_MEASURED_ON, classifier_id=classifier_id).order_by()
    return dict(golden.values_list("label").annotate(Count("pk")))


def marked(classifier_id: int) -> QuerySet[Example]:
    """Return all examples that are set aside, in no order: also those that have lost their confirmed label since."""
    return Example.objects.filter(classifier_id=classifier_id, is_golden=True).order_by()


def page(classifier_id: int, *, number: int = 1) -> Page:
    """Return the page `number`, counted from 1, of what is set aside: those that don't count first, then by label."""
    # The states as they are spelled, backwards: unlabelled, suggested, confirmed.
    ordered = marked(classifier_id).select_related("label").order_by("-state", "label__number", "pk")
    start = PAGE * (number - 1)
    # One more than is shown says whether there is a next page.
    found = list(ordered[start : start + PAGE + 1])
    return Page(examples=found[:PAGE], number=number, has_next=len(found) > PAGE)


def _draw(examples: QuerySet[Example], *, size: int, rng: np.random.Generator) -> list[int]:
    ids = np.array(examples.order_by("pk").values_list("pk", flat=True), dtype=np.int64)
    drawn: list[int] = np.sort(rng.choice(ids, size=min(size, len(ids)), replace=False)).tolist() if len(ids) else []
    return drawn


def _grouped(run: NearDuplicateRun | None) -> Exists | None:
    """Return the condition that others say nearly the same as an example; None where nobody has searched for them."""
    if run is None:
        return None
    members = NearDuplicate.objects.filter(run=run)
    others = members.filter(group=OuterRef("group")).exclude(example=OuterRef("example"))
    # Of a group that was settled, one member may be left.
    return Exists(members.filter(Exists(others), example=OuterRef("pk")))


def _mark(examples: QuerySet[Example], *, ids: Sequence[int], is_golden: bool) -> int:
    changed = 0
    for start in range(0, len(ids), _CHUNK):
        # Short transactions: SQLite has one writer at a time.
        with transaction.atomic():
            changed += examples.filter(pk__in=ids[start : start + _CHUNK]).update(is_golden=is_golden)
    return changed
