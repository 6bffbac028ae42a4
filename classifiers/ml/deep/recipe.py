"""How upper layers are adapted, and which examples are read together, in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# So many examples of each label take part before the others are drawn.
_FIRST_OF_EACH = 20


@dataclass(frozen=True)
class Recipe:
    """How to adapt. What was tried and lost is in docs/training.md.

    `start_C` is the C of the logistic regression that the head starts as. `contrast` weighs the supervised contrastive
    loss, whose likenesses are divided by `temperature`. Texts are cut at `text_tokens`; `most_tokens` are read in all,
    so that the time doesn't grow with the examples: at most `epochs` times through all of them, at least once through
    as many as that allows. `held_tokens` are held in memory at most: what doesn't fit takes no part, neither in
    learning nor in measuring.
    """

    seed: int = 0
    start_C: float = 10.0
    epochs: int = 8
    batch_texts: int = 16
    text_tokens: int = 128
    most_tokens: int = 240_000
    held_tokens: int = 300_000
    rate: float = 1e-4
    head_rate: float = 2e-3
    contrast: float = 0.5
    temperature: float = 0.1
    dropout: float = 0.1
    warmup: float = 0.1
    weight_decay: float = 0.01


def plan(y: NDArray[np.int64], lengths: NDArray[np.int64], *, recipe: Recipe) -> tuple[NDArray[np.int64], ...]:
    """Return all batches in their order: the places of the examples that are read together.

    How many follows from the lengths alone, never from the clock: the same arguments give the same plan.

    Shapes: y int (n,), labels; lengths int (n,), in tokens -> int (at most batch_texts,) each.
    """
    rng = np.random.default_rng(recipe.seed)
    chosen = choose_within(y, lengths, most_tokens=recipe.most_tokens, rng=rng)
    epochs = min(recipe.epochs, max(1, int(recipe.most_tokens // max(1, lengths[chosen].sum()))))
    count = -(-len(chosen) // recipe.batch_texts)
    return tuple(batch for _ in range(epochs) for batch in np.array_split(rng.permutation(chosen), count))


def choose_within(
    y: NDArray[np.int64], lengths: NDArray[np.int64], *, most_tokens: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the rows of examples that together have `most_tokens` tokens at most, in order; all where they have.

    Twenty of each label come first, as far as they go; then each label keeps its share. At least one is returned.
    """
    order = by_turns(y, rng=rng)
    fits = np.cumsum(lengths[order]) <= most_tokens
    return np.sort(order[: max(1, int(fits.sum()))])


def by_turns(y: NDArray[np.int64], *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return all rows, shuffled: the first twenty of each label come first, and any beginning has each label's share.

    >>> sorted(by_turns(np.array([0, 0, 1]), rng=np.random.default_rng(0)).tolist())
    [0, 1, 2]
    """
    shuffled = rng.permutation(len(y))
    turn = np.empty(len(y))
    for label in np.unique(y):
        members = np.flatnonzero(y[shuffled] == label)
        rank = np.arange(len(members))
        turn[members] = np.where(rank < _FIRST_OF_EACH, rank / _FIRST_OF_EACH - 1, rank / len(members))
    return np.asarray(shuffled[np.argsort(turn, kind="stable")])
