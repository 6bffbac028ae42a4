"""The tuning itself: from labelled sets and a base model to what is added to the base's weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from classifiers.ml import attacks, disguises
from classifiers.ml.tuning import checkpoints
from classifiers.ml.tuning.network import Tuned, class_weights
from classifiers.ml.tuning.recipe import Batch, Recipe, plan, rate_at
from classifiers.ml.tuning.sets import LabelledSet, sha256_of_sets
from moderation.text import normalize

# A checkpoint takes a tenth of a second and 90 MB.
STEPS_A_CHECKPOINT = 100
_MOST_GRADIENT = 1.0
# So many of a text's words are disguised at least and at most.
_ATTACKED_WORDS = (0.2, 0.8)
# Some disguises are read as they are: what undoes them knows only the words of its vocabulary.
_UNDONE = 0.7
_MOST_LONGER = 1.25

# Told the step that is done, of how many, and the loss of its batch.
Progress = Callable[[int, int, float], None]


class _Tuning:
    """One tuning: what stays the same from step to step, and the network that changes."""

    def __init__(self, sets: Sequence[LabelledSet], *, base: Any, tokenizer: Any, recipe: Recipe, device: str) -> None:
        self.sets, self.recipe, self.device = sets, recipe, device
        self._tokenizer = copy.deepcopy(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(recipe.max_tokens)
        self._is_word = disguises.words_of(tokenizer)
        # As the encoder that serves would read them.
        self.ids = [self._encode([self._clean(text) for text in each.texts]) for each in sets]
        self.before = Tuned(copy.deepcopy(base), sets=(), recipe=recipe).to(device)
        self.network = Tuned(base, sets=sets, recipe=recipe).to(device)
        self.weights = [class_weights(each).to(device) for each in sets]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": list(self.network.upper.parameters()), "full": recipe.rate},
                {"params": list(self.network.heads.parameters()), "full": recipe.head_rate},
            ],
            weight_decay=recipe.weight_decay,
            fused=True,
        )

    def learn(self, batch: Batch, *, step: int, steps: int) -> float:
        """Take one step and return the batch's loss."""
        each, ids = self.sets[batch.of], self.ids[batch.of]
        clean = [ids[row] for row in batch.rows]
        kept = {}
        if self.recipe.keep:
            with torch.no_grad():
                layers = self.before.read(*self._padded(clean))
            kept = {layer: layers[layer] for layer in self.recipe.keep_layers}
        seen = self._disguised(clean, texts=[each.texts[row] for row in batch.rows], step=step)
        loss = self.network.loss(
            self.network.read(*self._padded(seen)),
            of=batch.of,
            y=torch.from_numpy(each.y[list(batch.rows)]).to(self.device),
            weights=self.weights[batch.of],
            kept=kept,
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.upper.parameters(), _MOST_GRADIENT)
        for group in self.optimizer.param_groups:
            group["lr"] = group["full"] * rate_at(step, steps=steps, warmup=self.recipe.warmup)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return float(loss.detach())

    def differences(self) -> dict[str, NDArray[np.float32]]:
        """Return what was added to the base's weights, by their names, where anything was."""
        before = dict(self.before.base.named_parameters())
        return {
            name: (parameter - before[name]).detach().cpu().numpy()
            for name, parameter in self.network.base.named_parameters()
            if parameter.requires_grad
        }

    def _disguised(self, clean: Sequence[Sequence[int]], *, texts: Sequence[str], step: int) -> list[Sequence[int]]:
        """Return the texts' tokens, some of them of a disguised copy. The same step gives the same disguises."""
        rng = np.random.default_rng([self.recipe.seed, step])
        kinds = tuple(attacks.ATTACKS)
        seen = list(clean)
        longest = round(_MOST_LONGER * max(map(len, clean)))
        for place in np.flatnonzero(rng.random(len(texts)) < self.recipe.attacked).tolist():
            kind = kinds[int(rng.integers(len(kinds)))]
            share = float(rng.uniform(*_ATTACKED_WORDS))
            text = attacks.attack(texts[place], kind=kind, rng=rng, share=share)
            is_undone = rng.random() < _UNDONE
            [ids] = self._encode([self._clean(text) if is_undone else text])
            # "f r e e" has a token a letter: cut, or one such text would double a batch's work.
            seen[place] = ids[:longest]
        return seen

    def _clean(self, text: str) -> str:
        return disguises.undisguise(normalize(text).content, is_word=self._is_word)

    def _encode(self, texts: Sequence[str]) -> list[Sequence[int]]:
        return [found.ids for found in self._tokenizer.encode_batch(list(texts))]

    def _padded(self, ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        # In steps of eight: torch prepares itself anew for each length that it meets.
        longest = 8 * math.ceil(max(map(len, ids)) / 8)
        padded = torch.zeros(len(ids), longest, dtype=torch.long)
        mask = torch.zeros_like(padded)
        for row, each in enumerate(ids):
            padded[row, : len(each)] = torch.tensor(each)
            mask[row, : len(each)] = 1
        return padded.to(self.device), mask.to(self.device)


def tune(
    sets: Sequence[LabelledSet],
    *,
    base: Any,
    tokenizer: Any,
    recipe: Recipe,
    checkpoint: Path | None = None,
    device: str = "cpu",
    on_progress: Progress = lambda step, steps, loss: None,
) -> dict[str, NDArray[np.float32]]:
    """Return what is added to the weights of `base`, by their names; `base` itself is changed as well.

    `base` is a BERT-like model of `transformers`, `tokenizer` its tokenizer of the library `tokenizers`. With a
    folder `checkpoint`, the state is kept there now and then, and a tuning of the same sets by the same recipe goes
    on from it. On one machine, with as many threads, the same arguments give the same numbers, whether it was
    interrupted or not. Raises OSError.
    """
    tuning = _Tuning(sets, base=base, tokenizer=tokenizer, recipe=recipe, device=device)
    batches = plan(sets, lengths=[list(map(len, ids)) for ids in tuning.ids], recipe=recipe)
    job = sha256(f"{sha256_of_sets(tuple(sets))} {sorted(asdict(recipe).items())}".encode()).hexdigest()
    state = {"job": job, "network": tuning.network, "optimizer": tuning.optimizer}
    first = 0 if checkpoint is None else checkpoints.load(checkpoint, **state)
    for step, batch in enumerate(batches[first:], start=first):
        loss = tuning.learn(batch, step=step, steps=len(batches))
        on_progress(step + 1, len(batches), loss)
        if checkpoint is not None and (step + 1) % STEPS_A_CHECKPOINT == 0:
            checkpoints.save(checkpoint, step=step + 1, **state)
    return tuning.differences()
