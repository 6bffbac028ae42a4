"""Adapted layers as an ONNX file with 8-bit weights, checked against what was adapted."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from classifiers.ml.deep.network import Adapted, pack
from classifiers.ml.deep.states import LowerStates
from classifiers.ml.deep.upper import INPUT, OUTPUT, UpperSession
from classifiers.ml.export import MIN_COSINE, OPSET, ExportInaccurate, cosines_of, shrink

_CHECKED_TEXTS = 32


def export_upper(network: Adapted, *, states: LowerStates) -> bytes:
    """Return the adapted layers as the content of an ONNX file for `UpperSession`.

    The features of some texts of `states` are computed both ways. Raises ExportInaccurate (cosine under MIN_COSINE).
    """
    places = np.linspace(0, len(states.rows) - 1, min(_CHECKED_TEXTS, len(states.rows))).astype(np.int64)
    expected = _features(network, states, places=places)
    with tempfile.TemporaryDirectory() as scratch:
        plain, target = Path(scratch) / "plain.onnx", Path(scratch) / "upper.onnx"
        _export_graph(network, plain, sample=states.take(places[:1])[0])
        for is_fused in (True, False):
            # A graph that was fused wrongly gives wrong numbers without an error; then the plain one is taken.
            heads, hidden = network.layers[0].heads, states.hidden
            shrink(plain, target=target, heads=heads, hidden=hidden, is_fused=is_fused)
            content = target.read_bytes()
            found = UpperSession(content).encode([(states.take(place)[0],) for place in places[:, None]])
            cosines = cosines_of(expected, found)
            if cosines.min() >= MIN_COSINE:
                return content
    raise ExportInaccurate(
        f"The adapted layers don't compute what they did in training: lowest cosine {cosines.min():.3f}, "
        f"needed {MIN_COSINE}."
    )


def _features(network: Adapted, states: LowerStates, *, places: NDArray[np.int64]) -> NDArray[np.float32]:
    with torch.no_grad():
        features: NDArray[np.float32] = torch.cat(
            network.features(pack(*states.take(places)), is_learning=False), dim=1
        ).numpy()
    return features


def _export_graph(network: Adapted, path: Path, *, sample: NDArray[np.float16]) -> None:
    class Alone(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, lower: Any) -> Any:
            return self.network.alone(lower)

    with torch.no_grad():
        torch.onnx.export(
            Alone().eval(),
            (torch.from_numpy(sample.astype(np.float32))[None],),
            str(path),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {1: "tokens"}, OUTPUT: {1: "tokens"}},
            opset_version=OPSET,
            # As in `export`: the newer exporter's graph gave wrong vectors once it was fused.
            dynamo=False,
        )
