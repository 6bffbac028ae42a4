"""From texts to features, with an encoder that was prepared by `export`: onnxruntime and tokenizers, no torch."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
import tokenizers
from numpy.typing import NDArray

from classifiers.ml import disguises, disk

# 2: the graph gives each token's states, not their mean.
FORMAT = 2
MANIFEST = "encoder.json"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"

# A token is hardly ever longer than this on average; what lies behind the last window isn't worth splitting.
_CHARS_PER_TOKEN = 40
# A text longer than the model's window is read in up to so many: each costs as much as the first. Eight against one,
# plain logistic regression, macro-F1: medical abstracts (half are longer than a window, none than four) .576 instead of
# .564 on all examples, .485 instead of .481 on 8 a label; talk-page comments (13 % are longer) within the noise.
MOST_WINDOWS = 4
# onnxruntime 1.32 takes 43 us for the sum and its layer norm as one node, 9 us as two (22 tokens of 384 numbers).
SLOW_FUSIONS = ("SkipLayerNormFusion",)
# Texts that one thread takes at a time: little enough to share the work evenly and to tell the progress often.
_PIECE_TEXTS = 4


class EncoderMissing(Exception):
    """No prepared encoder lies there."""


class EncoderDamaged(Exception):
    """The files aren't those that were prepared."""


@dataclass(frozen=True)
class EncoderManifest:
    """What is known of a prepared encoder.

    `id` says which weights, layers and length it has: features of two encoders with one id can be mixed. `layers`
    count from 1; `dimension` is the length of a text's features. `cosine_*` compare it with the PyTorch model.
    """

    id: str
    source: str
    weights_sha256: str
    layers: tuple[int, ...]
    dimension: int
    max_tokens: int
    cosine_mean: float
    cosine_min: float
    files: dict[str, str]


# A text's token states in the lowest layer that is read, one array a window. Shapes: float16 (tokens, hidden).
TokenStates = tuple[NDArray[np.float16], ...]


class Encoder(Protocol):
    """What turns texts into features."""

    @property
    def id(self) -> str:
        """Which encoder this is; stored with everything that was made with it."""

    @property
    def dimension(self) -> int:
        """How many numbers a text's features have."""

    def encode(
        self, texts: Sequence[str], *, on_progress: Callable[[float], None] | None = None
    ) -> NDArray[np.float32]:
        """Return the features of each text, in order."""


class OnnxEncoder:
    """A prepared encoder in memory. Safe to call from many threads.

    Each text is run by itself, one on each core. A batch would be no faster (610 against 600 SMS a second, all-MiniLM-
    L6-v2 on two cores), and as activations are scaled to 8 bits over a whole batch, a text's features would depend on
    its neighbors (cosine .978 at worst): so training and serving see the same, whatever comes with a text.
    """

    def __init__(self, folder: Path, *, manifest: EncoderManifest, threads: int | None = None) -> None:
        self.manifest = manifest
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / TOKENIZER))
        self._is_word = disguises.words_of(self._tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(manifest.max_tokens, stride=overlap(manifest.max_tokens))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Joins the 8-bit products with their scaling, a tenth of the time. Attention was fused at export.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(folder / MODEL),
            sess_options=options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=SLOW_FUSIONS,
        )
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="encoder")

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def dimension(self) -> int:
        return self.manifest.dimension

    def encode(
        self, texts: Sequence[str], *, on_progress: Callable[[float], None] | None = None
    ) -> NDArray[np.float32]:
        """Return the features of each text: the mean over its tokens of some layers' hidden states.

        Words that are spelled out of shape are read as what they mean (`disguises`).
        `on_progress` is told the share that is done, now and then. A text of more than `max_tokens` is read in windows
        that overlap, at most MOST_WINDOWS; what lies behind them isn't seen.

        Shapes: float32 (n, dimension), one block for each layer, each block of length 1. Order: as `texts`.
        Source: layers and pooling measured on eight public sets (macro-F1 up to .05 above the last layer alone).
        """
        features = np.empty((len(texts), self.dimension), dtype=np.float32)
        if len(texts) == 1:
            features[0] = self._run(texts[0])
            return unit_blocks(features, count=len(self.manifest.layers))
        pieces = [texts[start : start + _PIECE_TEXTS] for start in range(0, len(texts), _PIECE_TEXTS)]
        done = 0
        for rows in self._pool.map(self._run_piece, pieces):
            features[done : done + len(rows)] = rows
            done += len(rows)
            if on_progress is not None:
                on_progress(done / len(texts))
        return unit_blocks(features, count=len(self.manifest.layers))

    def encode_with_states(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[TokenStates]]:
        """Return the features of each text, as `encode`, and the token states that adapted layers start from.

        One pass gives both. The states of a text take 800 bytes a token, so ask for few texts at a time.
        """
        read = list(self._pool.map(self._read, texts)) if len(texts) > 1 else [self._read(text) for text in texts]
        means = np.stack([mean for mean, _ in read]) if read else np.empty((0, self.dimension), dtype=np.float32)
        return unit_blocks(means, count=len(self.manifest.layers)), [states for _, states in read]

    def _read(self, text: str) -> tuple[NDArray[np.float32], TokenStates]:
        windows = self._windows(text)
        hidden = self.dimension // len(self.manifest.layers)
        return _mean(windows), tuple(window[:, :hidden].astype(np.float16) for window in windows)

    def _run_piece(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self._run(text) for text in texts])

    def _run(self, text: str) -> NDArray[np.float32]:
        return _mean(self._windows(text))

    def _windows(self, text: str) -> list[NDArray[np.float32]]:
        start = text[: MOST_WINDOWS * self.manifest.max_tokens * _CHARS_PER_TOKEN]
        whole = self._tokenizer.encode(disguises.undisguise(start, is_word=self._is_word))
        return [self._states(each.ids) for each in (whole, *whole.overflowing[: MOST_WINDOWS - 1])]

    def _states(self, token_ids: Sequence[int]) -> NDArray[np.float32]:
        ids = np.array([token_ids], dtype=np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        ([states],) = self._session.run(None, {name: inputs[name] for name in self._inputs})
        result: NDArray[np.float32] = states
        return result


def _mean(windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the mean over all windows' tokens. Shapes: float32 (tokens, d) each -> (d,)."""
    means: NDArray[np.float32] = (windows[0] if len(windows) == 1 else np.concatenate(windows)).mean(axis=0)
    return means


def overlap(max_tokens: int) -> int:
    """Return how many tokens two windows of a long text share: an eighth, so that no phrase is cut in both."""
    return max_tokens // 8


def unit_blocks(X: NDArray[np.float32], *, count: int) -> NDArray[np.float32]:
    """Return the rows with each of their `count` equal blocks at length 1; a block of zeros stays as it is.

    Shapes: X float32 (n, count * b) -> the same.

    >>> unit_blocks(np.array([[3.0, 4.0, 0.0, 2.0]], dtype="f4"), count=2).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929, 0.0, 1.0]]
    """
    blocks = X.reshape(len(X), count, X.shape[1] // count)
    lengths = np.linalg.norm(blocks, axis=2, keepdims=True)
    lengths[lengths == 0] = 1
    result: NDArray[np.float32] = (blocks / lengths).reshape(X.shape)
    return result


def load_encoder(folder: Path, *, threads: int | None = None) -> OnnxEncoder:
    """Return the encoder in `folder`, its files checked; `threads` None takes every core.

    Raises EncoderMissing, EncoderDamaged.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest.files.items():
        try:
            found = disk.sha256_of(folder / name)
        except OSError as error:
            raise EncoderDamaged(_damaged(name)) from error
        if found != expected:
            raise EncoderDamaged(_damaged(name))
    return OnnxEncoder(folder, manifest=manifest, threads=threads)


def read_manifest(folder: Path) -> EncoderManifest:
    """Return what is known of the encoder in `folder`, without loading it. Raises EncoderMissing, EncoderDamaged."""
    try:
        content = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise EncoderMissing("The encoder isn't prepared yet. Run: python manage.py prepare_encoder") from error
    try:
        entries = json.loads(content)
        if entries.pop("format") != FORMAT:
            raise EncoderMissing("The encoder was prepared by another release. Run: python manage.py prepare_encoder")
        return EncoderManifest(**{**entries, "layers": tuple(entries["layers"])})
    except (ValueError, KeyError, TypeError) as error:
        raise EncoderDamaged(_damaged(MANIFEST)) from error


def write_manifest(folder: Path, manifest: EncoderManifest) -> None:
    """Write what is known of the encoder in `folder`. Raises OSError."""
    entries = {"format": FORMAT, **asdict(manifest)}
    (folder / MANIFEST).write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _damaged(name: str) -> str:
    return f"The prepared encoder's file {name} is damaged. Run: python manage.py prepare_encoder --again"
