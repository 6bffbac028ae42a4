"""Which words of a text speak for its label, and which against: each is left out once, and the model asked again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Each takes a pass of the encoder: so many short texts take a tenth of a second.
MOST_WORDS = 60

_WORD = re.compile(r"\S+")
_SPACES = re.compile(r"\s+")
# Below the smallest number of 32 bits a probability is 0, which has no logarithm.
_LEAST_PROBABILITY = 1e-38

Predict = Callable[[Sequence[str]], NDArray[np.floating]]


@dataclass(frozen=True)
class Word:
    """A word of a text: `text[start:end]`, and how much it adds to the log-odds of the label.

    Where `contribution` is positive it speaks for the label, where it is negative against it.
    """

    start: int
    end: int
    contribution: float


@dataclass(frozen=True)
class Weighed:
    """The words that were weighed, in the order of the text, and how many behind them weren't."""

    words: tuple[Word, ...]
    left_out: int


def weigh(text: str, *, label: int, predict: Predict, most_words: int = MOST_WORDS) -> Weighed:
    """Return what each of the text's first `most_words` words contributes to the label.

    A word is what stands between white space. Its contribution is the log-odds of the label for the text less those
    for the text without the word and the white space behind it (before it, for the last). Texts that come out the same
    are asked for once.

    `predict` returns each label's probability for each text: (n, k), rows sum to 1; `label` is a column of it.
    Source: occlusion, Zeiler and Fergus 2014 (arXiv:1311.2901), section 2.1; for words Li, Monroe and Jurafsky 2016
    (arXiv:1612.08220).

    >>> def predict(texts):
    ...     return np.array([[0.2, 0.8] if "win" in text else [0.5, 0.5] for text in texts])
    >>> [(word.start, round(word.contribution, 3)) for word in weigh("you win", label=1, predict=predict).words]
    [(0, 0.0), (4, 1.386)]
    """
    spans = [match.span() for match in _WORD.finditer(text)]
    weighed = spans[:most_words]
    if not weighed:
        return Weighed(words=(), left_out=0)
    shortened = [_without(text, start=start, end=end) for start, end in weighed]
    # A dict, because it keeps the order.
    asked = list(dict.fromkeys([text, *shortened]))
    odds = dict(zip(asked, log_odds(predict(asked), label=label).tolist(), strict=True))
    return Weighed(
        words=tuple(
            Word(start=start, end=end, contribution=odds[text] - odds[short])
            for (start, end), short in zip(weighed, shortened, strict=True)
        ),
        left_out=len(spans) - len(weighed),
    )


def log_odds(proba: NDArray[np.floating], *, label: int) -> NDArray[np.float64]:
    """Return the logarithm of how much likelier the label is than all others together.

    The others are summed up: in 1 - p, a p close to 1 would leave nothing but rounding.

    Shapes: proba (n, k) -> float64 (n,).

    >>> log_odds(np.array([[0.5, 0.25, 0.25], [0.2, 0.4, 0.4]]), label=0).round(3).tolist()
    [0.0, -1.386]
    """
    own = proba[:, label].astype(np.float64)
    others = np.delete(proba, label, axis=1).astype(np.float64).sum(axis=1)
    result: NDArray[np.float64] = np.log(np.maximum(own, _LEAST_PROBABILITY) / np.maximum(others, _LEAST_PROBABILITY))
    return result


def _without(text: str, *, start: int, end: int) -> str:
    if behind := _SPACES.match(text, end):
        return text[:start] + text[behind.end() :]
    return text[:start].rstrip() + text[end:]
