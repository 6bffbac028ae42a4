"""Turn the parsed rows of an upload into examples, in chunks, so that every row is accounted for.

Two passes over the file: the first finds texts that stand in it more than once, and those with different labels (none
of them is chosen); the second writes. Each chunk is one short transaction that also writes the sums so far on the
run's row: a second attempt goes on behind the last chunk that was committed, and a worker that lost its run commits
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

import tablib
from django.db import transaction

from classifiers.importing.fingerprint import text_key
from classifiers.importing.texts import excerpt
from classifiers.models import (
    Classifier,
    Decision,
    DecisionSource,
    Example,
    ExampleOrigin,
    ExampleState,
    ImportRefusal,
    ImportRun,
    Label,
)
from classifiers.services import decisions, import_conflicts
from classifiers.services.example_resource import ExampleResource
from classifiers.services.import_texts import FileTexts, Repeated
from moderation.runs import Claim

CHUNK_ROWS = 2_000
# Long texts make shorter chunks, so that memory doesn't grow with them.
_CHUNK_CHARS = 4_000_000
# Of the time a whole import takes, measured on 50,000 rows.
_CHECKING_SHARE = 0.2
_REASON_CHARS = 500
_SUMS = ("read", "added", "labelled", "relabelled", "duplicates", "refused")
_COLUMNS = ("classifier_id", "text", "text_key", "origin", "label_id", "state", "import_run_id")

Message = Mapping[str, Any]
# What `importing.job rows` prints: {"total": n}, then a message for each row.
Read = Callable[[], Generator[Message, None, None]]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that can be taken. `is_repeat`: the same text stands further up in the file."""

    number: int
    text: str
    key: str
    label: Label | None
    is_repeat: bool


def write(
    run: ImportRun, *, labels: Mapping[int, Label], read: Read, claim: Claim, chunk_rows: int = CHUNK_ROWS
) -> dict[str, int]:
    """Write every row that `read` yields, but for those an earlier attempt wrote; return the sums of the report.

    Raises RunCancelled, RunLost, and what reading raises.
    """
    with closing(read()) as messages:
        repeated = _find_repeated(messages, claim=claim)
    sums = Counter({name: getattr(run, name) for name in _SUMS})
    with closing(read()) as messages:
        total = next(messages)["total"]
        for chunk in _chunks(islice(messages, sums["read"], None), rows=chunk_rows):
            refusals = [(m["row"], m["refused"], m["excerpt"]) for m in chunk if "refused" in m]
            rows = [_row(m, repeated=repeated, labels=labels) for m in chunk if "refused" not in m]
            with transaction.atomic():
                sums.update(read=len(chunk))
                sums.update(_write_chunk(run, rows, refusals=refusals, repeated=repeated))
                done = f"{sums['read']:,} of {total:,}"
                share = _CHECKING_SHARE + (1 - _CHECKING_SHARE) * sums["read"] / total
                claim.beat(progress=share, step=f"Adding: {done} rows", **sums)
    return dict(sums)


def _find_repeated(messages: Iterator[Message], *, claim: Claim) -> dict[str, Repeated]:
    texts = FileTexts()
    total = next(messages)["total"]
    for count, message in enumerate(messages, 1):
        if count % CHUNK_ROWS == 0:
            claim.beat(progress=_CHECKING_SHARE * count / total, step=f"Checking: {count:,} of {total:,} rows")
        if "refused" not in message:
            texts.add(text_key(message["text"]), row=message["row"], label=message["label"])
    return texts.repeated


def _chunks(messages: Iterator[Message], *, rows: int) -> Iterator[list[Message]]:
    chunk: list[Message] = []
    chars = 0
    for message in messages:
        chunk.append(message)
        chars += len(message.get("text", ""))
        if len(chunk) == rows or chars >= _CHUNK_CHARS:
            yield chunk
            chunk, chars = [], 0
    if chunk:
        yield chunk


def _row(message: Message, *, repeated: Mapping[str, Repeated], labels: Mapping[int, Label]) -> _Row:
    key = text_key(message["text"])
    others = repeated.get(key)
    # A text that stands in the file twice, once with a label and once without, has the label.
    number = message["label"] if others is None else others.label
    return _Row(
        number=message["row"],
        text=message["text"],
        key=key,
        label=None if number is None else labels[number],
        is_repeat=others is not None and others.first_row != message["row"],
    )


def _write_chunk(
    run: ImportRun,
    rows: Sequence[_Row],
    *,
    refusals: list[tuple[int, str, str]],
    repeated: Mapping[str, Repeated],
) -> Counter[str]:
    # One import of a classifier at a time: two that add the same texts in different order would lock each other out.
    Classifier.objects.select_for_update(no_key=True).get(pk=run.classifier_id)
    stored = _stored(run, [row.key for row in rows])
    new: list[_Row] = []
    given: dict[int, Label] = {}
    sums: Counter[str] = Counter()
    for row in rows:
        reason = import_conflicts.find_in_file(repeated.get(row.key)) or import_conflicts.find_with_stored(
            row.label, stored=stored.get(row.key)
        )
        if reason:
            refusals.append((row.number, reason, excerpt(row.text)))
        elif row.is_repeat:
            sums["duplicates"] += 1
        elif row.key not in stored:
            new.append(row)
        else:
            sums["duplicates"] += 1
            if row.label and stored[row.key].state != ExampleState.CONFIRMED:
                given[stored[row.key].pk] = row.label
    _give_labels(run, given)
    _refuse(run, refusals)
    sums.update(_insert(run, new), relabelled=len(given), refused=len(refusals))
    return sums


def _stored(run: ImportRun, keys: Sequence[str]) -> dict[str, Example]:
    """Return the examples with these keys that this run didn't add, locked until the chunk is written."""
    examples = Example.objects.filter(classifier_id=run.classifier_id, text_key__in=keys).exclude(import_run=run)
    locked = examples.select_for_update(of=("self",)).select_related("label").defer("text").order_by("pk")
    return {example.text_key: example for example in locked}


def _give_labels(run: ImportRun, given: Mapping[int, Label]) -> None:
    if given:
        decisions.add([_decision(run, example_id=pk, label_id=label.pk) for pk, label in given.items()])


def _insert(run: ImportRun, rows: Sequence[_Row]) -> dict[str, int]:
    dataset = tablib.Dataset(headers=_COLUMNS)
    for row in rows:
        state = ExampleState.UNLABELLED if row.label is None else ExampleState.CONFIRMED
        label_id = None if row.label is None else row.label.pk
        dataset.append(
            (run.classifier_id, row.text, row.key, ExampleOrigin.UPLOAD.value, label_id, state.value, run.pk)
        )
    ExampleResource().import_data(dataset, raise_errors=True, use_transactions=False)
    mine = Example.objects.filter(import_run=run, text_key__in=[row.key for row in rows]).order_by("pk")
    added = list(mine.values_list("pk", "label_id"))
    labelled = [_decision(run, example_id=pk, label_id=label_id) for pk, label_id in added if label_id is not None]
    Decision.objects.bulk_create(labelled)
    # Somebody may have typed the same text between our look and our insert.
    return {"added": len(added), "labelled": len(labelled), "duplicates": len(rows) - len(added)}


def _decision(run: ImportRun, *, example_id: int, label_id: int) -> Decision:
    return Decision(
        example_id=example_id,
        label_id=label_id,
        source=DecisionSource.IMPORT,
        user_id=run.requested_by_id,
        import_run_id=run.pk,
    )


def _refuse(run: ImportRun, refusals: Sequence[tuple[int, str, str]]) -> None:
    ImportRefusal.objects.bulk_create(
        ImportRefusal(import_run=run, row_number=number, reason=reason[:_REASON_CHARS], excerpt=shown)
        for number, reason, shown in refusals
    )
