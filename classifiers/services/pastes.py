"""Many lines pasted at once, one example each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from classifiers.importing.texts import excerpt
from classifiers.models import DecisionSource, ExampleOrigin, Label
from classifiers.services import embedding_runs, example_batches
from classifiers.services.example_batches import Draft, Giver, Outcome, Status

# More is a file's task; so many are one short transaction.
MOST_LINES = 2_000


class NotPastable(Exception):
    """Nothing can be added; the message says why and what to do."""


@dataclass(frozen=True)
class Left:
    """A line that didn't become an example, counted from 1, with its beginning and why."""

    number: int
    excerpt: str
    reason: str
    is_duplicate: bool


@dataclass(frozen=True)
class Report:
    """What became of the lines; the numbers add up to `read`. Blank lines aren't counted."""

    read: int
    added: int
    left: tuple[Left, ...]

    @property
    def duplicates(self) -> int:
        return sum(line.is_duplicate for line in self.left)

    @property
    def refused(self) -> int:
        return len(self.left) - self.duplicates


def add_lines(classifier_id: int, *, text: str, label_id: int | None = None, by: Any = None) -> Report:
    """Add each line that isn't blank, all with the label if there is one, and report on each.

    An example that is there already without a person's label gets the label, too, and counts as a duplicate.

    Raises NotPastable, ForeignLabel, Label.DoesNotExist.
    """
    # Only what ends a line in a text box: other separators may stand inside a text.
    lines = [(number, line) for number, line in enumerate(_lines(text), 1) if line.strip()]
    if not lines:
        raise NotPastable("Paste some lines first.")
    if len(lines) > MOST_LINES:
        raise NotPastable(
            f"These are {len(lines):,} lines; {MOST_LINES:,} can be pasted at once. Upload them as a file."
        )
    label = None if label_id is None else Label.objects.get(pk=label_id)
    drafts = [Draft(text=line, label=label) for _, line in lines]
    giver = Giver(origin=ExampleOrigin.TYPED, source=DecisionSource.PERSON, user=by)
    outcomes = example_batches.add(classifier_id, drafts=drafts, giver=giver)
    report = _report(lines, outcomes)
    if report.added:
        embedding_runs.start(classifier_id, by=by)
    return report


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _report(lines: Sequence[tuple[int, str]], outcomes: Sequence[Outcome]) -> Report:
    left = [
        Left(
            number=number,
            excerpt=excerpt(line),
            reason=outcome.reason or "It is among the examples already, or stands further up.",
            is_duplicate=outcome.status == Status.DUPLICATE,
        )
        for (number, line), outcome in zip(lines, outcomes, strict=True)
        if outcome.status != Status.ADDED
    ]
    return Report(read=len(lines), added=len(lines) - len(left), left=tuple(left))
