"""Adapted upper layers without adapting any: graphs that run as those of a training do."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from classifiers.ml.deep.upper import INPUT, OUTPUT
from classifiers.ml.head import Head
from classifiers.ml.model import Upper

# Blocks of the default encoder's features beside the lowest, and the length of one.
BLOCKS, HIDDEN = 2, 384


def graph(*, hidden: int = HIDDEN, blocks: int = BLOCKS, output: str = OUTPUT, seed: int = 0) -> bytes:
    """Return an ONNX file whose layers are one product with a matrix of chance."""
    shape = (hidden, blocks * hidden)
    weights = np.random.default_rng(seed).standard_normal(shape).astype(np.float32) / np.float32(hidden**0.5)
    content = helper.make_graph(
        [helper.make_node("MatMul", [INPUT, "weights"], [output])],
        "upper",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, "tokens", hidden])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, "tokens", blocks * hidden])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(content, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    serialized: bytes = model.SerializeToString()
    return serialized


def upper(content: bytes | None = None, *, labels: int = 2, dimension: int = (1 + BLOCKS) * HIDDEN) -> Upper:
    """Return adapted layers with a head whose answers are of chance."""
    weights = np.random.default_rng(1).standard_normal((labels, dimension)).astype(np.float32)
    bias = np.zeros(labels, dtype=np.float32)
    return Upper(content=graph() if content is None else content, head=Head(weights=weights, bias=bias))
