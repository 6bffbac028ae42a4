"""Take back what an import brought, but for what somebody has worked on since."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleState, ImportRun
from classifiers.services import decisions
from moderation.runs import RunState

_AT_ONCE = 2_000
# Whose word makes an example worth keeping, in the order in which it is named as the reason. The others cost nothing.
_WORK = (DecisionSource.PERSON, DecisionSource.IMPORT, DecisionSource.LLM)
# The reason for examples whose text is another one now.
_TEXT = "TEXT"


class NotUndoable(Exception):
    """There is nothing that could be taken back; the message says why."""


def is_undoable(run: ImportRun) -> bool:
    """Tell whether the import has ended, brought something, and wasn't undone."""
    has_ended = run.state != RunState.DRAFT and not run.is_open
    return has_ended and not run.is_undone and bool(run.added or run.relabelled)


def undo(run_id: int, *, by: Any, now: dt.datetime, at_once: int = _AT_ONCE) -> ImportRun:
    """Remove the examples that the import added and give those that it labelled their former state; return the run.

    What a person, another import or a language model has decided on since, or has another text now, stays. The sums
    stand on the run: `removed` and `restored`, and for each reason how many examples are `kept` for it. Done in short
    transactions of `at_once` examples: where it breaks off, it can be done again and goes on. Measured: 190,000
    examples go in 20 s. Raises NotUndoable, ImportRun.DoesNotExist.
    """
    run = ImportRun.objects.get(pk=run_id)
    if not is_undoable(run):
        raise NotUndoable(
            "This import was undone already."
            if run.is_undone
            else "There is nothing to undo: this import has added nothing, or goes on."
        )
    kept: Counter[str] = Counter()
    added = Example.objects.filter(import_run=run_id)
    relabelled = Example.objects.filter(decisions__import_run=run_id).exclude(import_run=run_id).distinct()
    for examples, take_back in ((added, _remove), (relabelled, partial(_restore, by=by, now=now))):
        last = 0
        while chunk := list(examples.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:at_once]):
            last = chunk[-1]
            with transaction.atomic():
                kept.update(take_back(_lock(run, chunk=chunk), run=run))
    # Whoever undoes it at the same time has found the same.
    sums = {"removed": 0, "restored": 0} | ImportRun.objects.get(pk=run_id).undone_sums | {"kept": dict(kept)}
    ImportRun.objects.filter(pk=run_id, undone_at=None).update(undone_at=now, undone_by=by, undone_sums=sums)
    return ImportRun.objects.get(pk=run_id)


def _lock(run: ImportRun, *, chunk: Sequence[int]) -> QuerySet[Example]:
    # In the order in which imports and decisions lock: the classifier, then its examples by id.
    Classifier.objects.select_for_update(no_key=True).get(pk=run.classifier_id)
    locked = Example.objects.select_for_update().filter(pk__in=chunk).order_by("pk")
    return Example.objects.filter(pk__in=list(locked.values_list("pk", flat=True)))


def _remove(examples: QuerySet[Example], *, run: ImportRun) -> Counter[str]:
    # Asked for after the lock: what was decided while we waited for it counts.
    work = _find_work(examples, run=run)
    kept: dict[int, str] = dict.fromkeys(examples.exclude(text_changed_at=None).values_list("pk", flat=True), _TEXT)
    kept |= {pk: next(source for source in _WORK if source in sources) for pk, sources in work.items()}
    # Without their texts, which may be long.
    _, deleted = examples.exclude(pk__in=kept).only("pk").delete()
    _add_sums(run, removed=deleted.get(Example._meta.label, 0))
    return Counter(kept.values())


def _find_work(examples: QuerySet[Example], *, run: ImportRun) -> dict[int, set[str]]:
    work: defaultdict[int, set[str]] = defaultdict(set)
    found = Decision.objects.filter(example__in=examples, source__in=_WORK).exclude(import_run=run)
    # What another import said and took back again is nobody's word.
    found = found.exclude(import_run__undone_at__isnull=False)
    for pk, source in found.order_by().values_list("example_id", "source"):
        work[pk].add(source)
    return dict(work)


def _restore(examples: QuerySet[Example], *, run: ImportRun, by: Any, now: dt.datetime) -> Counter[str]:
    history: defaultdict[int, list[Decision]] = defaultdict(list)
    for decision in Decision.objects.filter(example__in=examples).select_related("import_run").order_by("pk"):
        history[decision.example_id].append(decision)
    kept: Counter[str] = Counter()
    undoing: list[Decision] = []
    restored = 0
    for made in history.values():
        own = [decision for decision in made if decision.import_run_id == run.pk]
        if any(decision.source != DecisionSource.IMPORT for decision in own):
            # Taken back before the undoing broke off.
            continue
        later = {decision.source for decision in made if decision.pk > own[-1].pk and _counts(decision)}
        reason = next((source for source in _WORK if source in later), "")
        if reason:
            kept[reason] += 1
            continue
        undoing += _undo(
            [decision for decision in made if decision.import_run_id != run.pk], own=own[-1], by=by, now=now
        )
        restored += 1
    decisions.add(undoing)
    _add_sums(run, restored=restored)
    return kept


def _counts(decision: Decision) -> bool:
    return decision.import_run is None or not decision.import_run.is_undone


def _undo(others: Sequence[Decision], *, own: Decision, by: Any, now: dt.datetime) -> list[Decision]:
    """Return the decisions after which the example is as the `others` have it, as if `own` had never been made."""
    taken_back = Decision(
        example_id=own.example_id,
        label=None,
        source=DecisionSource.PERSON,
        user=by,
        import_run=own.import_run,
        reason=f"The import of {own.import_run} was undone.",
        created_at=now,
    )
    label_id, state = decisions.settle(others)
    if state != ExampleState.SUGGESTED:
        return [taken_back]
    # Nothing but a suggestion comes last in what leads to a suggestion.
    said = others[-1]
    again = Decision(
        example_id=own.example_id,
        label_id=label_id,
        source=said.source,
        user_id=said.user_id,
        confidence=said.confidence,
        reason=said.reason,
        import_run=own.import_run,
        # Made together with the other one, which is how `undoing` knows.
        created_at=now,
    )
    return [taken_back, again]


def _add_sums(run: ImportRun, **counts: int) -> None:
    # Under the classifier's lock: two that undo at the same time add up.
    sums = Counter(ImportRun.objects.get(pk=run.pk).undone_sums)
    sums.update(counts)
    ImportRun.objects.filter(pk=run.pk).update(undone_sums=dict(sums))
