"""Upper layers of a BERT-like encoder with a linear head on all layers that are read, and what adapting minimizes.

The layers' own code in `transformers` pads each text of a batch to the longest. Here a batch's tokens lie one text
after the other, and only the attention is padded: half the work for texts of unlike length. The random numbers come
from a generator of its own, not from torch's global one, so that two can learn side by side and give the same bytes.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from classifiers.ml.head import Head

# No logarithm of 0: the head of a label without an example has the bias -inf.
_LEAST_BIAS = -20.0
_NO_LIKENESS = -1e9
# Sizes of batches are rounded up to these numbers of tokens: for each new size the matrix product keeps code and room
# of its own, and what is freed fits the next of that size. With one fold of 300 short texts, and 64 instead of 1,024
# codes kept: 1.0 GB instead of 1.7, in the same time.
_TOKENS_STEP, _LONGEST_STEP = 64, 16


class UpperUnadaptable(Exception):
    """The encoder isn't built of layers that can be adapted."""


@dataclass(frozen=True)
class Start:
    """Where adapting starts: the encoder's layers above the lowest that is read.

    `read` says after how many of them features are read; the last is among them. Each is one of `transformers`' BERT
    layers with `heads` attention heads.
    """

    layers: Sequence[Any]
    read: tuple[int, ...]
    heads: int
    hidden: int


@dataclass(frozen=True)
class Packed:
    """A batch: tokens of its texts one after the other, then some that belong to none, which nothing depends on.

    Shapes: lower float32 (t, hidden); lengths int (n,), whose sum is t at most.
    """

    lower: Tensor
    lengths: Tensor

    @property
    def text_of(self) -> Tensor:
        """Which text each token belongs to; n where to none. Shapes: int (t,)."""
        return self._filled(torch.repeat_interleave(torch.arange(len(self.lengths)), self.lengths), len(self.lengths))

    def cells(self) -> tuple[Tensor, Tensor]:
        """Return each token's cell in a table of texts padded to the longest or more, and which cells hold a token.

        One cell more, the last, is for tokens that belong to no text. Shapes: int (t,); bool (n, longest).
        """
        longest = _up(int(self.lengths.max()), _LONGEST_STEP)
        is_token = torch.arange(longest)[None] < self.lengths[:, None]
        return self._filled(torch.nonzero(is_token.flatten()).squeeze(1), is_token.numel()), is_token

    def _filled(self, numbers: Tensor, number: int) -> Tensor:
        return F.pad(numbers, (0, len(self.lower) - len(numbers)), value=number)


def pack(tokens: NDArray[np.float16], lengths: NDArray[np.int64]) -> Packed:
    """Return texts' token states as a batch."""
    lower = np.zeros((_up(len(tokens), _TOKENS_STEP), tokens.shape[1]), dtype=np.float32)
    lower[: len(tokens)] = tokens
    return Packed(lower=torch.from_numpy(lower), lengths=torch.from_numpy(lengths))


def _up(count: int, step: int) -> int:
    return -(-count // step) * step


class _Noise:
    """Drops a share of numbers, drawn from a generator of its own."""

    def __init__(self, share: float, *, seed: int) -> None:
        self.share = round(share * 256)
        self._rng = np.random.default_rng(seed)

    def __call__(self, x: Tensor) -> Tensor:
        if not self.share:
            return x
        # Bytes are drawn ten times as fast as floats.
        drawn = np.frombuffer(self._rng.bytes(x.numel()), dtype=np.uint8) >= self.share
        return x * torch.from_numpy(drawn).view(x.shape) * (256 / (256 - self.share))


class Layer(torch.nn.Module):  # type: ignore[misc]
    """One BERT layer, its weights copied."""

    def __init__(self, source: Any, *, heads: int) -> None:
        super().__init__()
        try:
            attention, self.heads = source.attention, heads
            self.query, self.key, self.value = map(
                copy.deepcopy, (attention.self.query, attention.self.key, attention.self.value)
            )
            self.mix, self.mix_norm = map(copy.deepcopy, (attention.output.dense, attention.output.LayerNorm))
            self.widen, self.activate = (
                copy.deepcopy(source.intermediate.dense),
                source.intermediate.intermediate_act_fn,
            )
            self.narrow, self.narrow_norm = map(copy.deepcopy, (source.output.dense, source.output.LayerNorm))
        except AttributeError as error:
            raise UpperUnadaptable(
                "This encoder's layers can't be adapted: that takes a BERT-like one. The fast way of training works."
            ) from error

    def forward(self, x: Tensor, *, cells: Tensor, is_token: Tensor, noise: _Noise) -> Tensor:
        """Return the tokens' states. Shapes: x float32 (t, d); cells int (t,); is_token bool (n, longest) -> (t, d)."""
        n, longest = is_token.shape
        packed = torch.cat([self.query(x), self.key(x), self.value(x)], dim=-1)
        table = packed.new_zeros(n * longest + 1, packed.shape[-1]).index_copy(0, cells, packed)
        q, k, v = table[:-1].view(n, longest, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        # Written out, as torch's own attention takes eight times as long to learn (2.13, bfloat16, 25 tokens).
        likeness = (q @ k.transpose(-1, -2)).float() / float(q.shape[-1]) ** 0.5
        seen = likeness.masked_fill(~is_token[:, None, None], _NO_LIKENESS).softmax(-1).to(v.dtype) @ v
        seen = seen.transpose(1, 2).reshape(n * longest, -1)
        seen = F.pad(seen, (0, 0, 0, 1))[cells]
        return self._after(x, seen, noise=noise)

    def alone(self, x: Tensor) -> Tensor:
        """Return the states of one text's tokens, in steps that onnxruntime's optimizer joins. Shapes: (1, t, d)."""
        width = self.query.out_features
        size = width // self.heads
        q, k, v = (part(x).view(1, -1, self.heads, size) for part in (self.query, self.key, self.value))
        likeness = q.transpose(1, 2) @ k.permute(0, 2, 3, 1) / size**0.5
        seen = (likeness.softmax(-1) @ v.transpose(1, 2)).transpose(1, 2).reshape(1, -1, width)
        return self._after(x, seen, noise=_Noise(0.0, seed=0))

    def _after(self, x: Tensor, seen: Tensor, *, noise: _Noise) -> Tensor:
        x = self.mix_norm(noise(self.mix(seen)) + x)
        return self.narrow_norm(noise(self.narrow(self.activate(self.widen(x)))) + x)


class Adapted(torch.nn.Module):  # type: ignore[misc]
    """The layers and the head that learn. The head starts as the fast tier's: adapting begins where that got to."""

    def __init__(self, start: Start, *, head: Head, dropout: float, seed: int) -> None:
        super().__init__()
        self.read = start.read
        self.layers = torch.nn.ModuleList(Layer(layer, heads=start.heads) for layer in start.layers)
        self.layers.float().requires_grad_(True)
        self.noise = _Noise(dropout, seed=seed)
        self.head = torch.nn.Linear(head.dimension, head.label_count)
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(head.weights))
            self.head.bias.copy_(torch.from_numpy(head.bias).clamp(min=_LEAST_BIAS))

    def features(self, batch: Packed, *, is_learning: bool) -> list[Tensor]:
        """Return each read layer's mean over a text's tokens, at length 1; the lowest first.

        Shapes: float32 (n, hidden) each.
        """
        noise = self.noise if is_learning else _Noise(0.0, seed=0)
        cells, is_token = batch.cells()
        x = batch.lower
        found = [_pool(x, batch)]
        # Half precision is 3.4 times as fast where the processor knows it, and a third slower where it doesn't.
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=knows_bfloat16()):
            for number, layer in enumerate(self.layers, start=1):
                x = layer(x, cells=cells, is_token=is_token, noise=noise)
                if number in self.read:
                    found.append(_pool(x, batch))
        return found

    def alone(self, lower: Tensor) -> Tensor:
        """Return the read layers' states of one text's tokens, side by side. Shapes: (1, t, hidden) -> (1, t, m)."""
        x, found = lower, []
        for number, layer in enumerate(self.layers, start=1):
            x = layer.alone(x)
            if number in self.read:
                found.append(x)
        return torch.cat(found, dim=-1)

    def fitted_head(self) -> Head:
        """Return the head as it is now."""
        return Head(weights=self.head.weight.detach().numpy().copy(), bias=self.head.bias.detach().numpy().copy())


def knows_bfloat16() -> bool:
    """Tell whether this processor multiplies bfloat16 by itself."""
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def contrastive_loss(z: Tensor, y: Tensor, *, temperature: float) -> Tensor:
    """Return how little each text's likeness to those of its label stands out among all likenesses of the batch.

    Texts whose label no other of the batch has don't count; 0 where none has.

    Shapes: z float32 (n, d), rows of length 1; y int (n,).
    Source: Khosla et al. 2020, Supervised Contrastive Learning, the loss L_out.
    """
    itself = torch.eye(len(y), dtype=torch.bool)
    likeness = (z @ z.T / temperature).masked_fill(itself, _NO_LIKENESS)
    log_share = likeness - torch.logsumexp(likeness, dim=1, keepdim=True)
    is_like = (y[:, None] == y[None]) & ~itself
    counts = is_like.sum(1)
    has_like = counts > 0
    if not has_like.any():
        return z.sum() * 0
    return -((log_share * is_like).sum(1)[has_like] / counts[has_like]).mean()


def _pool(x: Tensor, batch: Packed) -> Tensor:
    sums = torch.zeros(len(batch.lengths) + 1, x.shape[-1]).index_add(0, batch.text_of, x.float())[:-1]
    return F.normalize(sums / batch.lengths[:, None], dim=-1)
