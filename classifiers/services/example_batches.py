"""Many examples at once, handed over by a program or pasted: what an upload does with its rows, without a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.db import IntegrityError, transaction

from classifiers.importing.fingerprint import text_key
from classifiers.importing.texts import BadText, clean_text
from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleOrigin, ExampleState, Label
from classifiers.services import decisions, embedding_runs

# Somebody who types one of the texts in the same moment comes in between once, hardly ever twice.
_RETRIES = 4
_CONTRADICTION = "The same text has different labels in this request. Send it once, with the right one."


@dataclass(frozen=True)
class Giver:
    """Who hands the texts over: where they are from, and whose word their labels are."""

    origin: ExampleOrigin
    source: DecisionSource
    user: Any = None


A_PROGRAM = Giver(origin=ExampleOrigin.API, source=DecisionSource.IMPORT)


class Status(Enum):
    ADDED = "added"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass(frozen=True)
class Draft:
    """A text that is to become an example, with its label if there is one."""

    text: str
    label: Label | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a draft.

    `example_id` is that of the example with this text, None where there's none. `reason` is a sentence, "" where there
    is nothing to say.
    """

    status: Status
    example_id: int | None = None
    reason: str = ""


@dataclass
class _Group:
    """All drafts of one text, and the example that has it: stored, new, or none where they contradict each other."""

    text: str
    labels: dict[int, Label] = field(default_factory=dict)
    example: Example | None = None

    @property
    def label(self) -> Label | None:
        return next(iter(self.labels.values())) if len(self.labels) == 1 else None

    @property
    def is_contradictory(self) -> bool:
        return len(self.labels) > 1


def add(classifier_id: int, *, drafts: Sequence[Draft], reason: str = "", giver: Giver = A_PROGRAM) -> list[Outcome]:
    """Add the drafts whose texts are new; return what became of each, in their order. `reason` goes to the decisions.

    As in an upload: of a text that comes with different labels none is chosen; one that is among the examples already
    keeps what a person or an import said of it, and gets the label where neither has spoken.

    Raises ForeignLabel, Classifier.DoesNotExist.
    """
    for _ in range(_RETRIES):
        with suppress(IntegrityError):
            return _add(classifier_id, drafts=drafts, reason=reason, giver=giver)
    return _add(classifier_id, drafts=drafts, reason=reason, giver=giver)


def receive(classifier_id: int, *, drafts: Sequence[Draft], reason: str) -> list[Outcome]:
    """Add what a program sends, as `add` does, and have the new ones read in the background."""
    outcomes = add(classifier_id, drafts=drafts, reason=reason)
    if any(outcome.status == Status.ADDED for outcome in outcomes):
        embedding_runs.start(classifier_id)
    return outcomes


@transaction.atomic
def _add(classifier_id: int, *, drafts: Sequence[Draft], reason: str, giver: Giver) -> list[Outcome]:
    # One batch or import of a classifier at a time: see `import_rows`.
    Classifier.objects.select_for_update(no_key=True).get(pk=classifier_id)
    groups: dict[str, _Group] = {}
    read = [_read(draft, groups=groups) for draft in drafts]
    stored = _stored(classifier_id, groups)
    for key, example in stored.items():
        groups[key].example = example
    new = {key: group for key, group in groups.items() if key not in stored and not group.is_contradictory}
    for key, group in new.items():
        group.example = Example(classifier_id=classifier_id, text=group.text, text_key=key, origin=giver.origin)
    Example.objects.bulk_create(group.example for group in new.values() if group.example)
    _give_labels(groups.values(), reason=reason, giver=giver)
    waiting = set(new)
    outcomes = []
    for draft, key in zip(drafts, read, strict=True):
        if isinstance(key, BadText):
            outcomes.append(Outcome(Status.REFUSED, reason=key.sentence))
        else:
            outcomes.append(_outcome(draft, group=groups[key], is_added=key in waiting))
            # Where it comes again it's a duplicate.
            waiting.discard(key)
    return outcomes


def _read(draft: Draft, *, groups: dict[str, _Group]) -> str | BadText:
    """Put the draft into its group and return the group's key, or what is wrong with the text."""
    try:
        text = clean_text(draft.text)
    except BadText as problem:
        return problem
    key = text_key(text)
    group = groups.setdefault(key, _Group(text))
    if draft.label is not None:
        group.labels[draft.label.pk] = draft.label
    return key


def _stored(classifier_id: int, keys: Collection[str]) -> Mapping[str, Example]:
    examples = Example.objects.filter(classifier_id=classifier_id, text_key__in=list(keys))
    locked = examples.select_for_update(of=("self",)).select_related("label").defer("text").order_by("pk")
    return {example.text_key: example for example in locked}


def _give_labels(groups: Collection[_Group], *, reason: str, giver: Giver) -> None:
    given = [
        Decision(example_id=group.example.pk, label=group.label, source=giver.source, user=giver.user, reason=reason)
        for group in groups
        if group.example and group.label and group.example.state != ExampleState.CONFIRMED
    ]
    if given:
        decisions.add(given)


def _outcome(draft: Draft, *, group: _Group, is_added: bool) -> Outcome:
    """Return what became of the draft. The group's example still says what it was before."""
    if group.example is None or group.is_contradictory:
        return Outcome(Status.CONFLICT, example_id=group.example and group.example.pk, reason=_CONTRADICTION)
    example = group.example
    if is_added:
        return Outcome(Status.ADDED, example_id=example.pk)
    if example.state == ExampleState.CONFIRMED and draft.label and draft.label.pk != example.label_id:
        reason = (
            f"This text is among the examples already, labelled “{example.label}”. "
            f"If “{draft.label}” is right, change it there."
        )
        return Outcome(Status.CONFLICT, example_id=example.pk, reason=reason)
    return Outcome(Status.DUPLICATE, example_id=example.pk)
