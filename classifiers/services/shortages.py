"""Labels that have too little to be learnt well: few examples, or few beside the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifiers.models import Label
from classifiers.services.steps import counted

# Fewer say little of what a label means; "you can get started with as little as 20 examples" is said of all together.
ENOUGH = 20
# Shares: of the largest label's count, and of the mean.
_OF_LARGEST, _OF_MEAN = 0.1, 0.2
# Below half of enough, or a twentieth of the largest, nothing helps as much as more of it.
_FAR = 0.5


@dataclass(frozen=True)
class Shortage:
    """A label that is under-represented, and why in a sentence. `is_far`: so much that it comes before all else."""

    label: Label
    count: int
    sentence: str
    is_far: bool


def find(labels: Sequence[Label], *, counts: Mapping[int, int]) -> list[Shortage]:
    """Return the labels that have too few examples, the rarest first.

    `counts` has by label id how many examples are learnt from. Too few are fewer than 20, less than a tenth of the
    most frequent label's, or less than a fifth of the mean.
    """
    numbers = [counts.get(label.pk, 0) for label in labels]
    most, mean = max(numbers, default=0), sum(numbers) / max(len(numbers), 1)
    if not most:
        # Nothing is labelled: then no label has less than another.
        return []
    least_beside_others = max(_OF_LARGEST * most, _OF_MEAN * mean)
    biggest = labels[numbers.index(most)]
    found = [
        Shortage(
            label=label,
            count=count,
            sentence=_sentence(label, count=count, biggest=biggest, most=most),
            is_far=count < _FAR * ENOUGH or count < _FAR * _OF_LARGEST * most,
        )
        for label, count in zip(labels, numbers, strict=True)
        if count < ENOUGH or count < least_beside_others
    ]
    return sorted(found, key=lambda shortage: (shortage.count, shortage.label.number))


def _sentence(label: Label, *, count: int, biggest: Label, most: int) -> str:
    there = f"“{label.name}” has {counted(count, 'example')}" if count else f"“{label.name}” has no examples"
    if count < ENOUGH:
        return f"{there}; {ENOUGH} are about the least from which it can be told apart."
    return f"{there}, “{biggest.name}” {most:,}: what is that rare is easily missed."
