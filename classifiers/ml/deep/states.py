"""The token states of a training's texts in memory, read once by the prepared encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from classifiers.ml.encoder import TokenStates

# So many texts are held whole at once, before they are cut: 60 MB where each fills every window.
_CHUNK_TEXTS = 64


class StatesEncoder(Protocol):
    """What gives a text's token states."""

    def encode_with_states(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[TokenStates]]:
        """Return the features and the token states of each text, in order."""


@dataclass(frozen=True)
class LowerStates:
    """What the lower layers give for each token of some texts, one after the other.

    `rows` says which text of the training each is. Text i has the tokens from `starts[i]` up to `starts[i + 1]`.
    Shapes: tokens float16 (t, hidden); starts int (n + 1,); rows int (n,), rising.
    """

    tokens: NDArray[np.float16]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many tokens each text has."""
        return np.diff(self.starts)

    def take(self, places: NDArray[np.int64]) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
        """Return the tokens of the texts at `places`, one text after the other, and the texts' lengths."""
        parts = [self.tokens[self.starts[place] : self.starts[place + 1]] for place in places.tolist()]
        return np.concatenate(parts), self.lengths[places]


def read_states(
    texts: Sequence[str],
    *,
    order: NDArray[np.int64],
    encoder: StatesEncoder,
    text_tokens: int,
    most_tokens: int,
    on_progress: Callable[[float], None] = lambda share: None,
) -> LowerStates:
    """Return the states of the texts at `order`, the first first, until they have `most_tokens` tokens.

    A text is cut at `text_tokens`: beyond that, a window more of the same text changes little and costs as much as
    another text. When serving, the adapted layers read each window whole. `on_progress` is told the share of texts.
    At least one text is read. Units: 2 * hidden bytes a token.
    """
    parts: list[NDArray[np.float16]] = []
    left = most_tokens
    for states in _whole(texts, order=order, encoder=encoder):
        part = states[0][:text_tokens]
        if parts and len(part) > left:
            break
        parts.append(part)
        left -= len(part)
        on_progress(len(parts) / len(order))
    rows = order[: len(parts)]
    rising = np.argsort(rows, kind="stable")
    parts = [parts[place] for place in rising.tolist()]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return LowerStates(tokens=np.concatenate(parts), starts=starts, rows=rows[rising])


def _whole(texts: Sequence[str], *, order: NDArray[np.int64], encoder: StatesEncoder) -> Iterator[TokenStates]:
    for start in range(0, len(order), _CHUNK_TEXTS):
        chunk = [texts[row] for row in order[start : start + _CHUNK_TEXTS].tolist()]
        yield from encoder.encode_with_states(chunk)[1]
