"""From token states to features, with upper layers that were adapted to one classifier: onnxruntime, no torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from classifiers.ml.encoder import SLOW_FUSIONS, TokenStates, unit_blocks

INPUT, OUTPUT = "lower", "states"


class UpperDamaged(Exception):
    """The content isn't what training wrote."""


class UpperSession:
    """Adapted layers in memory. Safe to call from many threads.

    As the encoder does it, each window of a text is run by itself: what a text comes with doesn't change its features.
    """

    def __init__(self, content: bytes) -> None:
        """Read the layers from `content`, an ONNX file, whose hash has been checked. Raises UpperDamaged."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                content, sess_options=options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW_FUSIONS
            )
            self._hidden = int(self._session.get_inputs()[0].shape[-1])
            self._adapted = int(self._session.get_outputs()[0].shape[-1])
            # A graph can be whole and still not be one that runs on token states.
            features = self.encode([(np.zeros((2, self._hidden), dtype=np.float16),)])
            if features.shape != (1, self.dimension) or not np.isfinite(features).all():
                raise ValueError(f"Features of shape {features.shape}, or not finite.")
        except Exception as error:  # onnxruntime's errors have no common ancestor.
            raise UpperDamaged("The trained version's adapted layers are damaged. Train it again.") from error

    @property
    def hidden(self) -> int:
        """How many numbers a token's state has."""
        return self._hidden

    @property
    def dimension(self) -> int:
        """How many numbers a text's features have: those of the lower layers, then those of the adapted ones."""
        return self._hidden + self._adapted

    def encode(self, states: Sequence[TokenStates]) -> NDArray[np.float32]:
        """Return the features of texts whose token states `OnnxEncoder.encode_with_states` gave.

        Shapes: float32 (n, dimension), one block for each layer, each block of length 1. Raises ValueError where a
        state's length isn't that of the layers.
        """
        means = np.empty((len(states), self.dimension), dtype=np.float32)
        for row, windows in enumerate(states):
            means[row] = np.concatenate([self._run(window) for window in windows]).mean(axis=0)
        return unit_blocks(means, count=self.dimension // self._hidden)

    def _run(self, window: NDArray[np.float16]) -> NDArray[np.float32]:
        if window.ndim != 2 or window.shape[1] != self._hidden:
            raise ValueError(
                f"Token states of shape {window.shape}, but the layers take {self._hidden} numbers a token."
            )
        lower = window.astype(np.float32)
        ([upper],) = self._session.run(None, {INPUT: lower[None]})
        result: NDArray[np.float32] = np.concatenate([lower, upper], axis=1)
        return result
