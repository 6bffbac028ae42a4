"""Is one model's answer better than another's, or is it chance: a paired bootstrap of the gain in macro-F1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifiers.ml.evaluation import macro_f1

DRAWS = 1_000


@dataclass(frozen=True)
class Comparison:
    """How much better the second answers are. Units: macro-F1.

    `noise` is the standard error of `gain`: by so much it would differ with other examples. `lowest` is what the gain
    is at least with a probability of .95.
    """

    gain: float
    noise: float
    lowest: float

    @property
    def is_won(self) -> bool:
        """Whether the gain is more than the noise."""
        return self.gain > self.noise

    @property
    def is_lost(self) -> bool:
        """Whether the loss is more than the noise."""
        return -self.gain > self.noise


def compare(
    y: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    label_count: int,
    rng: np.random.Generator,
) -> Comparison:
    """Compare the answers `first` and `second` to the same examples.

    Each of a thousand draws takes as many examples, with replacement, and both answers to each: what the two have in
    common, such as hard examples, cancels out.

    Shapes: y, first and second int (n,), values 0 to label_count - 1. Raises ValueError for no examples.
    """
    if not len(y):
        raise ValueError("There is nothing to compare.")
    gains = np.empty(DRAWS)
    for draw in range(DRAWS):
        rows = rng.integers(len(y), size=len(y))
        gains[draw] = _gain(y[rows], first[rows], second[rows], label_count=label_count)
    return Comparison(
        gain=_gain(y, first, second, label_count=label_count),
        noise=float(gains.std()),
        lowest=float(np.quantile(gains, 0.05)),
    )


def _gain(y: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64], *, label_count: int) -> float:
    scores = [macro_f1(y, answers, label_count=label_count) for answers in (first, second)]
    return scores[1] - scores[0]
