"""What a person makes of a machine's suggestions, some at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotation.services import suggestions
from classifiers.services import example_sets


@dataclass(frozen=True)
class Verdict:
    """One text's label as the person wants it. `seen_id` is the label that they were shown, None where it had none."""

    example_id: int
    label_id: int
    seen_id: int | None


@dataclass(frozen=True)
class Settled:
    """How many suggestions became the person's word, and how many texts got another label from them."""

    confirmed: int
    changed: int


def settle(classifier_id: int, verdicts: Sequence[Verdict], *, by: Any) -> Settled:
    """Keep the verdicts as the person's decisions. Raises ForeignLabel.

    A suggestion that has changed since the person saw it isn't confirmed. What they gave another label has it from now
    on, whatever became of it in between.
    """
    agreed = {each.example_id: each.label_id for each in verdicts if each.label_id == each.seen_id}
    others: defaultdict[int, list[int]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.label_id != verdict.seen_id:
            others[verdict.label_id].append(verdict.example_id)
    changed = sum(example_sets.relabel(ids, label_id=label_id, by=by) for label_id, ids in others.items())
    confirmed = suggestions.confirm(classifier_id, list(agreed), by, seen=agreed)
    return Settled(confirmed=confirmed, changed=changed)
