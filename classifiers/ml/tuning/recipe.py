"""How to tune, and which texts are read together, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifiers.ml.tuning.sets import LabelledSet

# So many batches are drawn at a time and then formed by length, for few cells to be padding.
_DRAWN_BATCHES = 8
# Of fewer texts a set's rest isn't worth a step.
_FEWEST_TEXTS = 8


@dataclass(frozen=True)
class Recipe:
    """How to tune. Layers count from 1. What was tried and lost is in docs/encoder.md.

    The layers from `first_layer` on are changed. The heads read `head_layers`; `keep_layers` are held near what they
    were, with the weight `keep`. `attacked` is the share of texts that are disguised as `attacks` does it.
    """

    seed: int = 0
    first_layer: int = 3
    head_layers: tuple[int, ...] = (4, 5)
    keep_layers: tuple[int, ...] = (6,)
    keep: float = 4.0
    attacked: float = 0.0
    epochs: int = 1
    most_texts: int = 2_500
    batch_texts: int = 64
    max_tokens: int = 96
    rate: float = 1.5e-4
    head_rate: float = 2e-3
    warmup: float = 0.06
    weight_decay: float = 0.01
    scale: float = 16.0


@dataclass(frozen=True)
class Batch:
    """Texts of one set that are read together: the set's place and the rows in it."""

    of: int
    rows: tuple[int, ...]


def plan(sets: Sequence[LabelledSet], *, lengths: Sequence[Sequence[int]], recipe: Recipe) -> tuple[Batch, ...]:
    """Return all batches in their order: `epochs` times through up to `most_texts` of each set.

    `lengths` says how long each text of each set is. The same arguments give the same plan.
    """
    rng = np.random.default_rng(recipe.seed)
    chosen = [rng.permutation(len(each.y))[: recipe.most_texts] for each in sets]
    batches: list[Batch] = []
    for _ in range(recipe.epochs):
        epoch: list[Batch] = []
        for place, rows in enumerate(chosen):
            shuffled = rng.permutation(rows).tolist()
            for start in range(0, len(shuffled), _DRAWN_BATCHES * recipe.batch_texts):
                drawn = shuffled[start : start + _DRAWN_BATCHES * recipe.batch_texts]
                drawn.sort(key=lambda row, place=place: (lengths[place][row], row))
                epoch += [
                    Batch(of=place, rows=tuple(drawn[at : at + recipe.batch_texts]))
                    for at in range(0, len(drawn), recipe.batch_texts)
                ]
        epoch = [batch for batch in epoch if len(batch.rows) >= _FEWEST_TEXTS]
        batches += [epoch[at] for at in rng.permutation(len(epoch)).tolist()]
    return tuple(batches)


def rate_at(step: int, *, steps: int, warmup: float) -> float:
    """Return the share of the full learning rate at a step: up in a straight line, then down to 0 at the end.

    >>> [round(rate_at(step, steps=10, warmup=0.2), 2) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.12]
    """
    rising = max(1, round(warmup * steps))
    return min((step + 1) / rising, (steps - step) / max(1, steps - rising), 1.0)
