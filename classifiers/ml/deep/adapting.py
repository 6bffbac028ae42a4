"""The adapting itself: from examples, the encoder's upper layers and the fast tier's head to layers that fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from classifiers.ml import memory
from classifiers.ml.deep.network import Adapted, Start, contrastive_loss, pack
from classifiers.ml.deep.recipe import Recipe, plan
from classifiers.ml.deep.states import LowerStates
from classifiers.ml.head import Head
from classifiers.ml.tuning.recipe import rate_at

_MOST_GRADIENT = 1.0
# Of a label that hardly occurs, a single text must not outweigh a batch.
_MOST_WEIGHT = 20.0
_PREDICTED_TEXTS = 16
# So many steps leave 100 MB and more in pieces that nothing fits into.
_TRIMMED_STEPS = 10


class TookTooLong(Exception):
    """There was no time left."""


def adapt(
    states: LowerStates,
    y: NDArray[np.int64],
    *,
    places: NDArray[np.int64],
    start: Start,
    head: Head,
    recipe: Recipe,
    is_over: Callable[[], bool] = lambda: False,
) -> Adapted:
    """Return the layers and the head that were adapted to the texts at `places` of `states`.

    What is minimized is the cross-entropy, every label weighing the same however rare it is, and the supervised
    contrastive loss on the last layer. Asks `is_over` after each step.

    The same arguments give the same bytes on one machine, however many run side by side. Changes torch's number of
    threads to one. Shapes: y int (n,), the label of each text of `states`. Raises TookTooLong.
    """
    torch.set_num_threads(1)
    network = Adapted(start, head=head, dropout=recipe.dropout, seed=recipe.seed)
    optimizer = torch.optim.AdamW(
        [
            {"params": list(network.layers.parameters()), "full": recipe.rate, "weight_decay": recipe.weight_decay},
            {"params": list(network.head.parameters()), "full": recipe.head_rate, "weight_decay": 0.0},
        ],
        fused=True,
    )
    weights = _class_weights(y[places], label_count=head.label_count)
    batches = plan(y[places], states.lengths[places], recipe=recipe)
    for step, batch in enumerate(batches):
        if is_over():
            raise TookTooLong
        rows = places[batch]
        loss = _loss(network, states, rows=rows, y=torch.from_numpy(y[rows]), weights=weights, recipe=recipe)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.layers.parameters(), _MOST_GRADIENT)
        for group in optimizer.param_groups:
            group["lr"] = group["full"] * rate_at(step, steps=len(batches), warmup=recipe.warmup)
        optimizer.step()
        optimizer.zero_grad()
        if step % _TRIMMED_STEPS == 0:
            memory.trim()
    return network


def predict(network: Adapted, states: LowerStates, *, places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return each label's probability for the texts at `places`, before the export. Shapes: float32 (n, k)."""
    torch.set_num_threads(1)
    proba = np.empty((len(places), network.head.out_features), dtype=np.float32)
    by_length = np.argsort(states.lengths[places], kind="stable")
    with torch.no_grad():
        for at in range(0, len(places), _PREDICTED_TEXTS):
            some = by_length[at : at + _PREDICTED_TEXTS]
            features = torch.cat(network.features(pack(*states.take(places[some])), is_learning=False), dim=1)
            proba[some] = network.head(features).softmax(1).numpy()
    return proba


def _loss(
    network: Adapted, states: LowerStates, *, rows: NDArray[np.int64], y: Tensor, weights: Tensor, recipe: Recipe
) -> Tensor:
    layers = network.features(pack(*states.take(rows)), is_learning=True)
    loss = F.cross_entropy(network.head(torch.cat(layers, dim=1)), y, weight=weights)
    return loss + recipe.contrast * contrastive_loss(layers[-1], y, temperature=recipe.temperature)


def _class_weights(y: NDArray[np.int64], *, label_count: int) -> Tensor:
    """Return n / (k * count) of each label. Shapes: (k,)."""
    counts = np.bincount(y, minlength=label_count)
    weights = len(y) / (label_count * np.maximum(counts, 1))
    return torch.from_numpy(np.minimum(weights, _MOST_WEIGHT).astype(np.float32))
