"""Examples that say nearly the same: find them in the background, and settle a group at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from numpy.typing import NDArray

from classifiers.ml import similarity
from classifiers.models import Decision, DecisionSource, Example, KeptApart, NearDuplicate, NearDuplicateRun
from classifiers.models.near_duplicate import LEAST_THRESHOLD, MOST_THRESHOLD
from classifiers.services import decisions, example_vectors
from moderation import children, runs
from moderation.runs import OPEN_STATES, Claim, RunState

GROUPS_A_PAGE = 20
# So many texts of a group are shown; what is done to a group is done to all of them.
MEMBERS_SHOWN = 10
_CHUNK = 500
# Of the time that a search takes where nothing was read before.
_READING_ENDS = 0.6


class NotSearchable(Exception):
    """The search can't be started; the message says why."""


class GroupGone(Exception):
    """The group isn't there any more: it was settled, or there was another search."""


@dataclass(frozen=True)
class Group:
    """One group with its first examples. `size` counts all of them."""

    number: int
    size: int
    is_conflict: bool
    examples: tuple[Example, ...]

    @property
    def hidden_count(self) -> int:
        return self.size - len(self.examples)


@dataclass(frozen=True)
class Page:
    """One page of groups, and how many there are in all."""

    groups: tuple[Group, ...]
    group_count: int
    conflict_count: int
    has_next: bool


def start(classifier_id: int, *, threshold: float, by: Any = None) -> NearDuplicateRun:
    """Queue a search. Units: `threshold` is a cosine. Raises NotSearchable."""
    if not LEAST_THRESHOLD <= threshold <= MOST_THRESHOLD:
        raise NotSearchable(f"Choose a likeness from {LEAST_THRESHOLD} to {MOST_THRESHOLD}.")
    try:
        with transaction.atomic():
            run = NearDuplicateRun.objects.create(classifier_id=classifier_id, threshold=threshold, requested_by=by)
            runs.send(NearDuplicateRun, run.pk)
    except IntegrityError as error:
        raise NotSearchable("A search is already under way.") from error
    return run


def find_open(classifier_id: int) -> NearDuplicateRun | None:
    """Return the search that waits or is under way, if there is one."""
    return NearDuplicateRun.objects.filter(classifier_id=classifier_id, state__in=OPEN_STATES).first()


def find_last(classifier_id: int) -> NearDuplicateRun | None:
    """Return the last search that came to an end, whose groups are there to be settled."""
    done = NearDuplicateRun.objects.filter(classifier_id=classifier_id, state=RunState.SUCCEEDED)
    return done.order_by("-pk").first()


def carry_out(claim: Claim) -> None:
    """Find the groups and keep them in place of the earlier ones. Raises RunError and what `children.talk` raises."""
    with children.work_folder(claim) as folder:
        _carry_out(claim, folder=folder)


def _carry_out(claim: Claim, *, folder: Path) -> None:
    run: NearDuplicateRun = claim.get_run()
    encoder = example_vectors.get_manifest()
    span = (0.0, _READING_ENDS)
    computed = example_vectors.ensure(run.classifier_id, encoder_id=encoder.id, claim=claim, folder=folder, span=span)
    begin = _READING_ENDS if computed else 0.0
    ids, vectors = example_vectors.matrix(run.classifier_id, encoder=encoder, path=folder / "vectors.npy")

    def tell(share: float) -> None:
        claim.beat(progress=begin + (1 - begin) * share, step=f"Comparing {len(ids):,} examples")

    tell(0.0)
    roots = similarity.group(vectors, threshold=run.threshold, on_progress=tell) if ids else np.empty(0, dtype=int)
    _keep(run, groups=_groups(ids, roots), claim=claim)
    with transaction.atomic():
        claim.finish(example_count=len(ids))
        NearDuplicate.objects.filter(run__classifier_id=run.classifier_id).exclude(run=run).delete()


def _groups(ids: Sequence[int], roots: NDArray[np.int64]) -> list[list[int]]:
    members: defaultdict[int, list[int]] = defaultdict(list)
    for pk, root in zip(ids, roots.tolist(), strict=True):
        members[root].append(pk)
    return [group for group in members.values() if len(group) > 1]


def _keep(run: NearDuplicateRun, *, groups: Sequence[Sequence[int]], claim: Claim) -> None:
    # What an earlier attempt wrote.
    NearDuplicate.objects.filter(run=run).delete()
    rows = [(number, pk) for number, group in enumerate(groups, 1) for pk in group]
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        with transaction.atomic():
            # An example may have been deleted while the search ran.
            alive = set(Example.objects.filter(pk__in=[pk for _, pk in chunk]).values_list("pk", flat=True))
            NearDuplicate.objects.bulk_create(
                NearDuplicate(run=run, group=number, example_id=pk) for number, pk in chunk if pk in alive
            )
            claim.beat(step="Keeping the groups")


def page(run: NearDuplicateRun, *, number: int = 1) -> Page:
    """Return the page `number`, counted from 1, of the groups that are still to be settled.

    Order: groups whose examples have different labels come first, then the largest.
    """
    groups = list(_open_groups(run))
    start = GROUPS_A_PAGE * (number - 1)
    shown = groups[start : start + GROUPS_A_PAGE]
    members: defaultdict[int, list[Example]] = defaultdict(list)
    for row in _first_members(run, [group for group, *_ in shown]):
        members[row.group].append(row.example)
    return Page(
        groups=tuple(
            Group(number=group, size=size, is_conflict=labels > 1, examples=tuple(members[group]))
            for group, size, labels in shown
        ),
        group_count=len(groups),
        conflict_count=sum(labels > 1 for _, _, labels in groups),
        has_next=len(groups) > start + GROUPS_A_PAGE,
    )


def count_groups(run: NearDuplicateRun) -> tuple[int, int]:
    """Return how many groups are still to be settled, and how many of them have examples of different labels."""
    groups = list(_open_groups(run))
    return len(groups), sum(labels > 1 for _, _, labels in groups)


def keep_one(run_id: int, *, group: int, example_id: int) -> int:
    """Delete the group's examples but for `example_id`; return how many were deleted. Raises GroupGone."""
    ids = _member_ids(run_id, group=group)
    if example_id not in ids:
        raise GroupGone("This example isn't there any more. Nothing was deleted.")
    deleted = 0
    for chunk in _chunks([pk for pk in ids if pk != example_id]):
        with transaction.atomic():
            deleted += Example.objects.filter(pk__in=chunk).delete()[1].get("classifiers.Example", 0)
    return deleted


@transaction.atomic
def keep_all(run_id: int, *, group: int, by: Any = None) -> int:
    """Remember that the group's examples are all worth keeping; return how many they are. Raises GroupGone."""
    ids = _member_ids(run_id, group=group)
    KeptApart.objects.bulk_create(
        [KeptApart(example_id=pk, set_number=min(ids), user=by) for pk in ids],
        batch_size=_CHUNK,
        update_conflicts=True,
        unique_fields=["example"],
        update_fields=["set_number", "user"],
    )
    return len(ids)


def label_all(run_id: int, *, group: int, label_id: int, by: Any = None) -> int:
    """Give all of the group's examples one label; return how many they are. Raises GroupGone, ForeignLabel."""
    ids = _member_ids(run_id, group=group)
    make = partial(Decision, label_id=label_id, source=DecisionSource.PERSON, user=by)
    try:
        for chunk in _chunks(ids):
            decisions.add([make(example_id=pk) for pk in chunk])
    except Example.DoesNotExist as error:
        raise GroupGone("An example of this group was deleted a moment ago. Look at those that are left.") from error
    return len(ids)


def _open_groups(run: NearDuplicateRun) -> QuerySet[Any, tuple[int, int, int]]:
    """Return number, size and number of different labels of each group that isn't settled."""
    members = NearDuplicate.objects.filter(run=run).order_by().values("group")
    kept = "example__kept_apart__set_number"
    counted = members.annotate(
        size=Count("pk"),
        labels=Count("example__label", distinct=True),
        kept=Count(kept),
        first_set=Min(kept),
        last_set=Max(kept),
    )
    is_settled = Q(kept=F("size")) & Q(first_set=F("last_set"))
    open_groups = counted.filter(size__gt=1).exclude(is_settled)
    ordered = open_groups.annotate(is_conflict=Q(labels__gt=1)).order_by("-is_conflict", "-size", "group")
    return ordered.values_list("group", "size", "labels")


def _first_members(run: NearDuplicateRun, groups: Sequence[int]) -> list[NearDuplicate]:
    found: list[NearDuplicate] = []
    for group in groups:
        # Each label in turn, so that a conflict can be seen; of one label the confirmed ones first, which are to keep.
        turn = Window(RowNumber(), partition_by="example__label", order_by=("example__state", "example_id"))
        members = NearDuplicate.objects.filter(run=run, group=group).select_related("example__label")
        found += members.annotate(turn=turn).order_by("turn", "example__state", "example_id")[:MEMBERS_SHOWN]
    return found


def _member_ids(run_id: int, *, group: int) -> list[int]:
    ids = list(NearDuplicate.objects.filter(run_id=run_id, group=group).values_list("example_id", flat=True))
    if len(ids) < 2:
        raise GroupGone("This group isn't there any more. Here are those that are left.")
    return ids


def _chunks(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK)]
