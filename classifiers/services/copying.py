"""A classifier copied into a new one, whose labels can change again: its labels at once, its examples in a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from classifiers.models import Classifier, CopyRun, Example, ExampleState, Label
from classifiers.services import copy_chunks, definitions, embedding_runs, guidelines
from moderation import runs
from moderation.runs import Claim

# At 100,000 characters a text, 50 million at worst.
CHUNK_EXAMPLES = 500


class Taken(Enum):
    """Which examples come along."""

    ALL = "all"
    CONFIRMED = "confirmed"
    NONE = "none"


@dataclass(frozen=True)
class Wish:
    """What the new classifier is called, and what it gets. An empty `key` is derived from the name."""

    name: str
    key: str = ""
    taken: Taken = Taken.ALL
    takes_suggestions: bool = True


@dataclass(frozen=True)
class Copy:
    """The new classifier, and the run that brings its examples: None where none were to come."""

    classifier: Classifier
    run: CopyRun | None


@transaction.atomic
def start(source_id: int, *, wish: Wish, by: Any = None) -> Copy:
    """Make the new classifier with the labels as they are now, and queue the copying of the examples.

    Labels keep their numbers, names, descriptions and colors; they are locked only when the copy is trained. Versions,
    imports and projects stay with the original. Raises BadDefinition, Classifier.DoesNotExist.
    """
    source = Classifier.objects.get(pk=source_id)
    made = definitions.create(name=wish.name, key=wish.key, description=source.description, type=source.type, by=by)
    Classifier.objects.filter(pk=made.pk).update(
        trains_on_suggestions=source.trains_on_suggestions, suggestion_floor=source.suggestion_floor
    )
    pairs = _copy_labels(source, made)
    guidelines.record_first(made)
    newest = source.examples.order_by("-pk").values_list("pk", flat=True).first()
    if wish.taken == Taken.NONE or newest is None:
        return Copy(classifier=made, run=None)
    run = CopyRun.objects.create(
        source=source,
        classifier=made,
        is_confirmed_only=wish.taken == Taken.CONFIRMED,
        takes_suggestions=wish.takes_suggestions,
        label_pairs=pairs,
        until_id=newest,
        requested_by=by,
    )
    runs.send(CopyRun, run.pk)
    return Copy(classifier=made, run=run)


def find_open(classifier_id: int) -> CopyRun | None:
    """Return the run that still brings examples into this classifier, if there is one."""
    return CopyRun.objects.filter(classifier_id=classifier_id, state__in=runs.OPEN_STATES).first()


def carry_out(claim: Claim) -> None:
    """Copy the examples behind the last chunk that an earlier attempt wrote. Raises RunCancelled, RunLost."""
    run: CopyRun = claim.get_run()
    sums = {name: getattr(run, name) for name in copy_chunks.SUMS}
    total = run.read + _wanted(run, after=run.last_id).count()
    last_id = run.last_id
    while chunk := list(_wanted(run, after=last_id)[:CHUNK_EXAMPLES]):
        last_id = chunk[-1].pk
        sums = copy_chunks.write(run, chunk, sums=sums, total=total, claim=claim)
    claim.finish(**sums)
    embedding_runs.start(run.classifier_id, by=run.requested_by)


def _copy_labels(source: Classifier, made: Classifier) -> dict[str, int]:
    originals = list(source.labels.order_by("number"))
    copies = Label.objects.bulk_create(
        Label(classifier=made, number=old.number, name=old.name, description=old.description, color=old.color)
        for old in originals
    )
    # The ids are text, since JSON has no other keys.
    return {str(old.pk): new.pk for old, new in zip(originals, copies, strict=True)}


def _wanted(run: CopyRun, *, after: int) -> QuerySet[Example]:
    examples = Example.objects.filter(classifier_id=run.source_id, pk__gt=after, pk__lte=run.until_id)
    return (examples.filter(state=ExampleState.CONFIRMED) if run.is_confirmed_only else examples).order_by("pk")
