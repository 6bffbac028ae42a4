"""The base model with a head for each set, and what tuning minimizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from classifiers.ml.tuning.recipe import Recipe
from classifiers.ml.tuning.sets import LabelledSet

# Of a label that hardly occurs, a single text must not outweigh a batch.
_MOST_WEIGHT = 20.0


class Tuned(torch.nn.Module):  # type: ignore[misc]
    """A BERT-like encoder whose upper layers learn, with a linear head for each set on its pooled layers."""

    def __init__(self, base: Any, *, sets: Sequence[LabelledSet], recipe: Recipe) -> None:
        super().__init__()
        self.base = base.requires_grad_(False).eval()
        self.recipe = recipe
        self.upper = base.encoder.layer[recipe.first_layer - 1 :].requires_grad_(True)
        generator = torch.Generator().manual_seed(recipe.seed)
        width = base.config.hidden_size * len(recipe.head_layers)
        self.heads = torch.nn.ModuleList()
        for each in sets:
            head = torch.nn.Linear(width, len(each.labels))
            torch.nn.init.normal_(head.weight, std=0.02, generator=generator)
            torch.nn.init.zeros_(head.bias)
            self.heads.append(head)

    def read(self, ids: Tensor, mask: Tensor) -> list[Tensor]:
        """Return each layer's mean over a text's tokens, at length 1; the embeddings' is first, at place 0.

        Shapes: ids and mask int (n, t) -> float32 (n, d) each.
        """
        with torch.autocast(ids.device.type, dtype=torch.bfloat16):
            states = self.base(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        weights = mask.unsqueeze(-1).float()
        return [F.normalize((state.float() * weights).sum(1) / weights.sum(1), dim=-1) for state in states]

    def loss(
        self, layers: Sequence[Tensor], *, of: int, y: Tensor, weights: Tensor, kept: Mapping[int, Tensor]
    ) -> Tensor:
        """Return class-weighted cross-entropy plus `keep` times the cosine distance to what layers were.

        `of` is the set's place. Shapes: layers as `read` gives them; y int (n,); weights (k,); kept float (n, d) each.
        """
        recipe = self.recipe
        features = torch.cat([layers[layer] for layer in recipe.head_layers], dim=-1)
        # Features have the length of the root of the number of layers.
        logits = self.heads[of](features * (recipe.scale / len(recipe.head_layers) ** 0.5))
        loss = F.cross_entropy(logits, y, weight=weights)
        for layer, before in kept.items():
            loss = loss + recipe.keep * (1 - (layers[layer] * before).sum(-1)).mean()
        return loss


def class_weights(each: LabelledSet) -> Tensor:
    """Return the weight of each label, so that all weigh the same however rare: n / (k * count). Shapes: (k,)."""
    counts = torch.bincount(torch.from_numpy(each.y), minlength=len(each.labels)).clamp(min=1).float()
    return (counts.sum() / (len(counts) * counts)).clamp(max=_MOST_WEIGHT)
