"""Turn the parsed rows of an upload into examples, in chunks, so that every row is accounted for.

Two passes over the file: the first finds texts that stand in it with different labels (none of them is chosen), the
second writes. Each chunk is one short transaction, and a second attempt of the run finds what the first one wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import tablib
from django.db import transaction

from classifiers.importing.fingerprint import text_key
from classifiers.models import (
    Decision,
    DecisionSource,
    Example,
    ExampleOrigin,
    ExampleState,
    ImportRefusal,
    ImportRun,
    Label,
)
from classifiers.services import decisions
from classifiers.services.example_resource import ExampleResource
from moderation.runs import Claim

_CHUNK = 2_000
_REASON_LENGTH = 500
_EXCERPT_LENGTH = 200
_COLUMNS = ("classifier_id", "text", "text_key", "origin", "label_id", "state", "import_run_id")

Message = Mapping[str, Any]
Read = Callable[[], Iterable[Message]]


@dataclass(frozen=True)
class _Row:
    number: int
    text: str
    key: str
    label: Label | None


@dataclass
class _Plan:
    """What the first pass learned: for each text its label and first row; and the rows at odds."""

    first_row: dict[str, int] = field(default_factory=dict)
    label: dict[str, int | None] = field(default_factory=dict)
    at_odds: dict[str, int] = field(default_factory=dict)
    read: int = 0


def write(run: ImportRun, *, labels: Mapping[int, Label], read: Read, claim: Claim) -> dict[str, int]:
    """Write every row that `read` yields and return the sums of the report.

    Raises RunCancelled, RunLost, and what reading raises.
    """
    plan = _first_pass(read(), claim=claim)
    counts: Counter[str] = Counter(read=plan.read)
    done = 0
    for chunk in _chunks(read()):
        with transaction.atomic():
            counts.update(_write_chunk(run, chunk, plan=plan, labels=labels))
        done += len(chunk)
        claim.beat(progress=0.3 + 0.7 * done / max(plan.read, 1), step=f"Adding: {done:,} of {plan.read:,} rows")
    names = ("read", "added", "labelled", "relabelled", "duplicates", "refused")
    return {name: counts[name] for name in names}


def _first_pass(messages: Iterable[Message], *, claim: Claim) -> _Plan:
    plan = _Plan()
    for message in messages:
        if "row" not in message:
            continue
        plan.read += 1
        if plan.read % _CHUNK == 0:
            claim.beat(step=f"Checking: row {plan.read:,}")
        if "refused" in message:
            continue
        key, number = text_key(message["text"]), message["row"]
        plan.first_row.setdefault(key, number)
        label, known = message["label"], plan.label.get(key)
        if known is None:
            plan.label[key] = label
        elif label is not None and label != known:
            plan.at_odds[key] = number
    return plan


def _chunks(messages: Iterable[Message]) -> Iterator[list[Message]]:
    chunk: list[Message] = []
    for message in messages:
        if "row" not in message:
            continue
        chunk.append(message)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _write_chunk(run: ImportRun, chunk: list[Message], *, plan: _Plan, labels: Mapping[int, Label]) -> Counter[str]:
    refusals = [(m["row"], m["refused"], m.get("excerpt", "")) for m in chunk if "refused" in m]
    rows = [_row(m, plan=plan, labels=labels) for m in chunk if "refused" not in m]
    stored = _stored(run, [row.key for row in rows])
    new: list[_Row] = []
    counts: Counter[str] = Counter()
    for row in rows:
        if reason := _conflict(row, plan=plan, stored=stored):
            refusals.append((row.number, reason, row.text))
        elif plan.first_row[row.key] != row.number:
            counts["duplicates"] += 1
        elif row.key not in stored:
            new.append(row)
        else:
            counts["duplicates"] += 1
            counts["relabelled"] += _give_label(stored[row.key], row.label)
    _insert(run, new)
    _refuse(run, refusals)
    mine = set(
        Example.objects.filter(import_run=run, text_key__in=[row.key for row in new]).values_list("text_key", flat=True)
    )
    counts["added"] += len(mine)
    counts["labelled"] += sum(row.label is not None for row in new if row.key in mine)
    # Another import may have added the same text between our look and our insert.
    counts["duplicates"] += len(new) - len(mine)
    counts["refused"] += len(refusals)
    return counts


def _row(message: Message, *, plan: _Plan, labels: Mapping[int, Label]) -> _Row:
    key = text_key(message["text"])
    # A text that stands in the file twice, once with a label and once without, has the label.
    number = plan.label[key]
    return _Row(number=message["row"], text=message["text"], key=key, label=None if number is None else labels[number])


def _stored(run: ImportRun, keys: list[str]) -> dict[str, Example]:
    # What an earlier attempt of this very run wrote is not a duplicate: it is inserted again, without effect.
    examples = Example.objects.filter(classifier_id=run.classifier_id, text_key__in=keys).select_related("label")
    return {example.text_key: example for example in examples if example.import_run_id != run.pk}


def _conflict(row: _Row, *, plan: _Plan, stored: Mapping[str, Example]) -> str:
    if row.key in plan.at_odds:
        return (
            f"The same text has different labels in rows {plan.first_row[row.key]} and {plan.at_odds[row.key]}. "
            "Keep the right one and upload these rows again."
        )
    example = stored.get(row.key)
    if example is None or row.label is None or example.state != ExampleState.CONFIRMED:
        return ""
    if example.label_id == row.label.pk:
        return ""
    return (
        f"This text is among the examples already, labelled “{example.label}”. "
        "If the new label is right, change it there."
    )


def _give_label(example: Example, label: Label | None) -> bool:
    if label is None or example.state == ExampleState.CONFIRMED:
        return False
    decisions.decide(example.pk, label_id=label.pk, source=DecisionSource.IMPORT)
    return True


def _insert(run: ImportRun, rows: list[_Row]) -> None:
    dataset = tablib.Dataset(headers=_COLUMNS)
    for row in rows:
        state = ExampleState.UNLABELLED if row.label is None else ExampleState.CONFIRMED
        label_id = "" if row.label is None else row.label.pk
        dataset.append(
            (run.classifier_id, row.text, row.key, ExampleOrigin.UPLOAD.value, label_id, state.value, run.pk)
        )
    ExampleResource().import_data(dataset, raise_errors=True, use_transactions=False)
    keys = [row.key for row in rows if row.label is not None]
    undecided = Example.objects.filter(import_run=run, text_key__in=keys, decisions__isnull=True)
    Decision.objects.bulk_create(
        Decision(example_id=pk, label_id=label_id, source=DecisionSource.IMPORT)
        for pk, label_id in undecided.values_list("pk", "label_id")
    )


def _refuse(run: ImportRun, refusals: list[tuple[int, str, str]]) -> None:
    ImportRefusal.objects.bulk_create(
        [
            ImportRefusal(
                import_run=run,
                row_number=number,
                reason=reason[:_REASON_LENGTH],
                excerpt=excerpt[:_EXCERPT_LENGTH],
            )
            for number, reason, excerpt in refusals
        ],
        ignore_conflicts=True,
    )
