"""A chunk of a classifier's examples, written into its copy, each with one decision that says where it came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from classifiers.models import Classifier, CopyRun, Decision, DecisionSource, Example, ExampleState, Label
from classifiers.services import decisions
from moderation.runs import Claim

SUMS = ("read", "added", "confirmed", "suggested", "lost_labels", "duplicates")
# Somebody who types one of the texts in the same moment comes in between once, hardly ever twice.
_RETRIES = 4


@dataclass(frozen=True)
class _Judgement:
    """The decision that a copied example gets. `confidence` is a share in [0, 1]."""

    label_id: int
    source: DecisionSource
    reason: str
    confidence: float | None = None

    @property
    def is_confirmed(self) -> bool:
        return self.source in decisions.CONFIRMING

    @property
    def state(self) -> ExampleState:
        return ExampleState.CONFIRMED if self.is_confirmed else ExampleState.SUGGESTED


def write(
    run: CopyRun, chunk: Sequence[Example], *, sums: Mapping[str, int], total: int, claim: Claim
) -> dict[str, int]:
    """Write a chunk and return the sums with it. One transaction, which also says on the run's row how far it is."""
    for _ in range(_RETRIES):
        with suppress(IntegrityError):
            return _write_once(run, chunk, sums=sums, total=total, claim=claim)
    return _write_once(run, chunk, sums=sums, total=total, claim=claim)


@transaction.atomic
def _write_once(
    run: CopyRun, chunk: Sequence[Example], *, sums: Mapping[str, int], total: int, claim: Claim
) -> dict[str, int]:
    # One that writes examples of a classifier at a time: see `import_rows`. It also keeps its labels from going.
    made = Classifier.objects.select_for_update(no_key=True).get(pk=run.classifier_id)
    there = set(made.examples.filter(text_key__in=[old.text_key for old in chunk]).values_list("text_key", flat=True))
    old_by_key = {old.text_key: old for old in chunk if old.text_key not in there}
    judged = _judgements(run, list(old_by_key.values()))
    added = Example.objects.bulk_create(
        _copied(old, judged.get(old.pk), classifier=made) for old in old_by_key.values()
    )
    given = [(new, judged[old_by_key[new.text_key].pk]) for new in added if old_by_key[new.text_key].pk in judged]
    Decision.objects.bulk_create(_decision(run, example_id=new.pk, judgement=judgement) for new, judgement in given)
    sums = {
        "read": sums["read"] + len(chunk),
        "added": sums["added"] + len(added),
        "confirmed": sums["confirmed"] + sum(judgement.is_confirmed for _, judgement in given),
        "suggested": sums["suggested"] + sum(not judgement.is_confirmed for _, judgement in given),
        "lost_labels": sums["lost_labels"] + sum(_has_label(old, run) for old in old_by_key.values()) - len(given),
        "duplicates": sums["duplicates"] + len(chunk) - len(added),
    }
    step = f"Copying: {sums['read']:,} of {total:,} examples"
    claim.beat(progress=sums["read"] / total, step=step, last_id=chunk[-1].pk, **sums)
    return sums


def _decision(run: CopyRun, *, example_id: int, judgement: _Judgement) -> Decision:
    return Decision(
        example_id=example_id,
        label_id=judgement.label_id,
        source=judgement.source,
        user_id=run.requested_by_id if judgement.is_confirmed else None,
        confidence=judgement.confidence,
        reason=judgement.reason,
    )


def _has_label(old: Example, run: CopyRun) -> bool:
    return old.state == ExampleState.CONFIRMED or (old.state == ExampleState.SUGGESTED and run.takes_suggestions)


def _judgements(run: CopyRun, chunk: Sequence[Example]) -> dict[int, _Judgement]:
    """Return what the copies of labelled examples are to be given, by the id of the original.

    One whose label has no copy any more, because it is newer than the copy or was removed there, isn't among them.
    """
    there = set(Label.objects.filter(classifier_id=run.classifier_id).values_list("pk", flat=True))
    pairs = {int(old): new for old, new in run.label_pairs.items() if new in there}
    suggested = [old.pk for old in chunk if old.state == ExampleState.SUGGESTED] if run.takes_suggestions else []
    standing = _standing(suggested)
    reason = f"Copied from “{run.source.name}”."
    judged = {}
    for old in chunk:
        decision = standing.get(old.pk)
        if old.state == ExampleState.CONFIRMED and old.label_id in pairs:
            judged[old.pk] = _Judgement(pairs[old.label_id], source=DecisionSource.IMPORT, reason=reason)
        elif decision is not None and decision.label_id in pairs:
            judged[old.pk] = _Judgement(
                pairs[decision.label_id],
                source=DecisionSource(decision.source),
                confidence=decision.confidence,
                reason=f"{reason} {decision.reason}".strip(),
            )
    return judged


def _standing(example_ids: Sequence[int]) -> dict[int, Decision]:
    """Return the decision that each of these examples has its label from."""
    history: defaultdict[int, list[Decision]] = defaultdict(list)
    for decision in Decision.objects.filter(example_id__in=example_ids).order_by("pk"):
        history[decision.example_id].append(decision)
    found = {pk: decisions.find_standing(made) for pk, made in history.items()}
    return {pk: decision for pk, decision in found.items() if decision is not None}


def _copied(old: Example, judgement: _Judgement | None, *, classifier: Classifier) -> Example:
    state = ExampleState.UNLABELLED if judgement is None else judgement.state
    return Example(
        classifier=classifier,
        text=old.text,
        text_key=old.text_key,
        origin=old.origin,
        label_id=None if judgement is None else judgement.label_id,
        state=state,
        confidence=judgement.confidence if judgement and state == ExampleState.SUGGESTED else None,
        # What the original has never learnt from, its copy doesn't either.
        is_golden=old.is_golden and state == ExampleState.CONFIRMED,
        # So that the erasure of a request finds the copy as well.
        source_request_id=old.source_request_id,
        source_project_id=old.source_project_id,
    )
