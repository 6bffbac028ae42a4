"""A tuned encoder from a folder of sets and the name of a base: the whole way, without Django."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

from classifiers.ml import delta, export
from classifiers.ml.delta import DeltaManifest
from classifiers.ml.tuning import loop
from classifiers.ml.tuning.recipe import Recipe
from classifiers.ml.tuning.sets import SetsUnusable, read_sets, sha256_of_sets
from classifiers.ml.tuning.shared import shared_sets

ERRORS = (SetsUnusable, *export.EXPORT_ERRORS)
_CHECKPOINT = "checkpoint"


class BaseUntunable(export.EncoderUnloadable):
    """The model isn't built of layers that can be tuned."""


def make(
    data: Path, *, output: Path, base: str, recipe: Recipe, device: str, on_progress: loop.Progress
) -> DeltaManifest:
    """Tune the encoder `base` on the sets in `data`, write the delta as the folder `output`, and return its manifest.

    What it got to lies beside `output` until then; the same call goes on from there after a stop. Raises SetsUnusable,
    EncoderUnloadable, WeightsDiffer, OSError.
    """
    sets = read_sets(data)
    loaded, network, weights_sha256 = export.load_network(base)
    layers = getattr(getattr(network, "encoder", None), "layer", ())
    needed = max(*recipe.head_layers, *recipe.keep_layers, recipe.first_layer)
    if len(layers) < needed:
        raise BaseUntunable(
            f"“{base}” can't be tuned: it takes a BERT model of at least {needed} layers. Choose another base."
        )
    checkpoint = output.with_name(f"{output.name}-{_CHECKPOINT}")
    differences = loop.tune(
        (*sets, *shared_sets(sets)),
        base=network,
        tokenizer=loaded[0].tokenizer.backend_tokenizer,
        recipe=recipe,
        checkpoint=checkpoint,
        device=device,
        on_progress=on_progress,
    )
    facts = {**asdict(recipe), "sets": {each.name: len(each.y) for each in sets}, "data_sha256": sha256_of_sets(sets)}
    manifest = delta.write_delta(output, differences, base=base, base_sha256=weights_sha256, recipe=facts)
    shutil.rmtree(checkpoint, ignore_errors=True)
    return manifest
