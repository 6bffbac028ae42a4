"""What an import would do, counted before anything is written: a real pass over the file, reading only.

The sums are those that `import_rows.write` comes to, as long as nothing changes in between.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.conf import settings

from classifiers.importing.fingerprint import text_key
from classifiers.importing.label_cells import LabelCell
from classifiers.importing.texts import excerpt
from classifiers.models import Example, ExampleState, ImportRun, Label
from classifiers.services import import_conflicts, import_files
from classifiers.services.import_files import LabelSurvey
from classifiers.services.import_texts import FileTexts, Repeated

# Measured: 200,000 rows take 4 s as CSV and 10 s as a workbook (24 s with both cores busy), and 38 MB of this process.
TIMEOUT_S: Final = 60.0
CONFLICTS_LISTED: Final = 20

_REASONS_LISTED = 20
# A wrong label column makes a sentence of its own for each row.
_REASONS_COUNTED = 500
_CHUNK = 2_000
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Saying:
    """That a text has this label: `row` of the file says so, or an example that is there, if it's 0."""

    label: str
    row: int


@dataclass(frozen=True)
class Conflict:
    """A text to which two labels are given, so that its rows are refused."""

    excerpt: str
    sayings: tuple[Saying, Saying]


@dataclass(frozen=True)
class Reason:
    """Why `count` rows are refused: `sentence` is that of the first, `first_row`; numbers in the others' may differ."""

    sentence: str
    first_row: int
    count: int


@dataclass(frozen=True)
class Check:
    """What the import would do with each of the `read` rows.

    Of those `added`, `labelled` come with a label. `repeated` rows say what an earlier one of the file says; `known`
    texts are there already, of which `relabelled` get a label. `conflicting` rows give a text another label than
    somebody else does, and belong to those `refused`; of them and of the reasons the first are listed.
    """

    read: int
    added: int
    labelled: int
    relabelled: int
    repeated: int
    known: int
    conflicting: int
    refused: int
    conflicts: tuple[Conflict, ...]
    reasons: tuple[Reason, ...]
    cells: tuple[LabelCell, ...]
    more_cells: int

    @property
    def duplicates(self) -> int:
        return self.repeated + self.known

    @property
    def refused_otherwise(self) -> int:
        """How many rows are refused for reasons that aren't listed."""
        return self.refused - self.conflicting - sum(reason.count for reason in self.reasons)


class _Stored(NamedTuple):
    """An example that is there."""

    pk: int
    label_id: int
    state: str


@dataclass
class _File:
    """What a pass over the file found."""

    texts: FileTexts = field(default_factory=FileTexts)
    excerpts: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)
    read: int = 0
    refused: int = 0

    def add(self, message: Mapping[str, Any]) -> None:
        self.read += 1
        if "refused" in message:
            self._refuse(message["refused"], row=message["row"])
            return
        key = text_key(message["text"])
        others = self.texts.add(key, row=message["row"], label=message["label"])
        if others is not None and others.other_row and len(self.excerpts) < CONFLICTS_LISTED:
            self.excerpts.setdefault(key, excerpt(message["text"]))

    def _refuse(self, sentence: str, *, row: int) -> None:
        self.refused += 1
        kind = _NUMBERS.sub("#", sentence)
        reason = self.reasons.get(kind, Reason(sentence, row, 0))
        if reason.count or len(self.reasons) < _REASONS_COUNTED:
            self.reasons[kind] = replace(reason, count=reason.count + 1)


@dataclass
class _Outcome:
    """What becomes of the texts: the sums, and conflicts to list - those with an example by its id."""

    sums: Counter[str] = field(default_factory=Counter)
    within_file: list[Conflict] = field(default_factory=list)
    with_stored: dict[int, tuple[Saying, Saying]] = field(default_factory=dict)


def check(run: ImportRun, *, timeout_s: float = TIMEOUT_S) -> Check:
    """Return what the import of a draft whose columns are chosen would do. Raises FileRefused, TookTooLong."""
    labels = {label.number: label for label in run.classifier.labels.all()}
    file, survey = _read(run, labels=labels, timeout_s=timeout_s)
    outcome = _Outcome()
    for chunk in _chunks(file.texts):
        stored = _stored(run, keys=[key for key, _ in chunk])
        for key, text in chunk:
            said = _find_conflict(text, stored=stored.get(key), labels=labels)
            outcome.sums.update(_sums(text, stored=stored.get(key), is_conflict=said is not None))
            if said is not None and key in file.excerpts:
                outcome.within_file.append(Conflict(file.excerpts[key], said))
            elif said is not None and not said[0].row and len(outcome.with_stored) < CONFLICTS_LISTED:
                outcome.with_stored[stored[key].pk] = said
    names = ("added", "labelled", "relabelled", "repeated", "known", "conflicting")
    return Check(
        read=file.read,
        **{name: outcome.sums[name] for name in names},
        refused=file.refused + outcome.sums["conflicting"],
        conflicts=_listed(outcome),
        reasons=tuple(sorted(file.reasons.values(), key=lambda reason: -reason.count)[:_REASONS_LISTED]),
        cells=survey.cells,
        more_cells=survey.more,
    )


def _read(run: ImportRun, *, labels: Mapping[int, Label], timeout_s: float) -> tuple[_File, LabelSurvey]:
    file, survey = _File(), LabelSurvey(cells=(), more=0)
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="check-", dir=settings.WORK_DIR)))
        import_files.write_choices(run, labels=labels, folder=folder)
        # Beside the other pass: a workbook of 200,000 rows takes either of them 7 s.
        counting = None
        if run.label_column is not None:
            counting = stack.enter_context(import_files.survey(run, folder=folder, timeout_s=timeout_s))
        messages = stack.enter_context(import_files.rows(run, folder=folder, timeout_s=timeout_s))
        for message in messages:
            file.add(message)
        if counting is not None:
            survey = counting()
    return file, survey


def _chunks(texts: Iterable[tuple[str, Repeated]]) -> Iterator[list[tuple[str, Repeated]]]:
    iterator = iter(texts)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


def _stored(run: ImportRun, *, keys: list[str]) -> dict[str, _Stored]:
    # Not as models: of 200,000 these would take half the time of the check.
    found = Example.objects.filter(classifier_id=run.classifier_id, text_key__in=keys).order_by()
    return {key: _Stored(*values) for key, *values in found.values_list("text_key", "pk", "label_id", "state")}


def _listed(outcome: _Outcome) -> tuple[Conflict, ...]:
    texts = dict(Example.objects.filter(pk__in=outcome.with_stored).values_list("pk", "text"))
    with_stored = [Conflict(excerpt(texts.get(pk, "")), said) for pk, said in outcome.with_stored.items()]
    found = sorted([*outcome.within_file, *with_stored], key=lambda conflict: conflict.sayings[1].row)
    return tuple(found[:CONFLICTS_LISTED])


def _find_conflict(
    text: Repeated, *, stored: _Stored | None, labels: Mapping[int, Label]
) -> tuple[Saying, Saying] | None:
    if text.label is None:
        return None
    first = Saying(labels[text.label].name, text.label_row)
    if text.other_row and text.other_label is not None:
        return first, Saying(labels[text.other_label].name, text.other_row)
    if stored is not None and import_conflicts.is_at_odds(labels[text.label], stored=stored):
        names = {label.pk: label.name for label in labels.values()}
        return Saying(names[stored.label_id], 0), first
    return None


def _sums(text: Repeated, *, stored: _Stored | None, is_conflict: bool) -> dict[str, int]:
    if is_conflict:
        return {"conflicting": text.count}
    sums = {"repeated": text.count - 1}
    has_label = text.label is not None
    if stored is None:
        return sums | {"added": 1, "labelled": int(has_label)}
    is_given = has_label and stored.state != ExampleState.CONFIRMED
    return sums | {"known": 1, "relabelled": int(is_given)}
