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
    """What the lower layers give for each token of some texts, and which text of the training each is.

    Shapes: texts float16 (tokens, hidden) each; rows int (n,), rising.
    """

    texts: tuple[NDArray[np.float16], ...]
    rows: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many tokens each text has."""
        return np.array([len(text) for text in self.texts], dtype=np.int64)

    @property
    def hidden(self) -> int:
        """How many numbers a token's state has."""
        return int(self.texts[0].shape[1])

    def take(self, places: NDArray[np.int64]) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
        """Return the tokens of the texts at `places`, one text after the other, and the texts' lengths."""
        chosen = [self.texts[place] for place in places.tolist()]
        return np.concatenate(chosen), np.array([len(text) for text in chosen], dtype=np.int64)


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
        # A copy, or the rest of the window would stay in memory as well.
        part = states[0][:text_tokens].copy()
        if parts and len(part) > left:
            break
        parts.append(part)
        left -= len(part)
        on_progress(len(parts) / len(order))
    rows = order[: len(parts)]
    rising = np.argsort(rows, kind="stable")
    return LowerStates(texts=tuple(parts[place] for place in rising.tolist()), rows=rows[rising])


def _whole(texts: Sequence[str], *, order: NDArray[np.int64], encoder: StatesEncoder) -> Iterator[TokenStates]:
    for start in range(0, len(order), _CHUNK_TEXTS):
        chunk = [texts[row] for row in order[start : start + _CHUNK_TEXTS].tolist()]
        yield from encoder.encode_with_states(chunk)[1]
