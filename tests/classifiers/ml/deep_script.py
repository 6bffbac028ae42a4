"""Adapts the upper layers of a tiny encoder for real; run in a process of its own, for it imports torch.

    python -m tests.classifiers.ml.deep_script FOLDER

Writes the adapted layers of the first case as upper.onnx, and prints one JSON object with what came of each.
"""

from __future__ import annotations

import itertools
import json
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from numpy.typing import NDArray

from classifiers.ml import export
from classifiers.ml.deep import adapting, trying
from classifiers.ml.deep.exporting import export_upper
from classifiers.ml.deep.network import Adapted, Layer, contrastive_loss, pack
from classifiers.ml.deep.recipe import Recipe
from classifiers.ml.deep.states import read_states
from classifiers.ml.deep.upper import UpperSession
from classifiers.ml.encoder import load_encoder
from classifiers.ml.fitting import fit_head
from classifiers.ml.head import Head, predict_proba
from classifiers.ml.lessons import Lessons
from tests.classifiers.ml.export_script import WORDS, build

_RECIPE = Recipe(epochs=12, batch_texts=8, text_tokens=16, rate=3e-3, head_rate=1e-2)
_HOUR = 3_600.0


def main(root: Path) -> None:
    torch.use_deterministic_algorithms(True)
    source = tiny_encoder(root / "base", seed=0)
    folder = root / "encoder"
    export.export_encoder(source, folder=folder)
    base = trying.load_base(source, encoder=load_encoder(folder))
    lessons = _lessons(base)
    poor = _fast(lessons, proba=np.full((len(lessons.y), 2), 0.5))
    perfect = _fast(lessons, proba=np.eye(2)[lessons.y])
    tried = _try(lessons, fast=poor, base=base)
    assert tried.deep is not None
    (root / "upper.onnx").write_bytes(tried.deep.upper)
    found: dict[str, Any] = {
        "won": _outcome(tried),
        "again": _outcome(_try(lessons, fast=poor, base=base)),
        "seed": _outcome(_try(lessons, fast=poor, base=base, recipe=replace(_RECIPE, seed=1))),
        "lost": _outcome(_try(lessons, fast=perfect, base=base)),
        "unmeasured": _outcome(_try(lessons, fast=replace(poor, is_measured=poor.is_measured & False), base=base)),
        "no time": _outcome(_try(lessons, fast=poor, base=base, clock=itertools.count().__next__, limit_s=3)),
        "few held": _outcome(_try(lessons, fast=poor, base=base, recipe=replace(_RECIPE, held_tokens=300))),
        "served": _served(tried, lessons, base=base),
        "held out": tried.held_out.tolist(),
        "layer": _layer_against_transformers(source),
        "loss": _losses(),
        "refused": _refusals(root, base=base),
        "torch before": _start_is_the_fast_tiers(lessons, base=base),
    }
    print(json.dumps(found))  # noqa: T201 - what the test reads


def tiny_encoder(folder: Path, *, seed: int, kind: str = "bert") -> str:
    size = {"vocab_size": len(WORDS), "max_position_embeddings": 32}
    if kind == "bert":
        config: Any = transformers.BertConfig(
            hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64, **size
        )
    else:
        config = transformers.DistilBertConfig(dim=32, n_layers=3, n_heads=2, hidden_dim=64, **size)
    return build(folder, config=config, seed=seed)


def _lessons(base: trying.Base) -> Lessons:
    """Texts whose last letter says their label."""
    rng = np.random.default_rng(0)
    texts, y = [], []
    for label in (0, 1) * 40:
        letters = rng.permutation(list("abcdefghij"))[: rng.integers(4, 9)]
        texts.append(" ".join([*letters, "z" if label else "y"]))
        y.append(label)
    X = base.encoder.encode(texts)
    return Lessons(X=X, y=np.array(y), texts=texts, label_count=2, layer_count=3)


def _fast(lessons: Lessons, *, proba: NDArray[np.float64]) -> trying.Fast:
    folds = np.arange(len(lessons.y)) // 2 % 5
    return trying.Fast(held_out=proba.astype(np.float32), folds=folds, is_measured=np.ones(len(folds), dtype=np.bool_))


def _try(lessons: Lessons, *, fast: trying.Fast, base: trying.Base, **options: Any) -> trying.Tried:
    told: list[float] = []
    settings = {"recipe": _RECIPE, "clock": lambda: 0.0, "limit_s": _HOUR} | options
    tried = trying.try_deep(
        lessons, fast=fast, base=base, on_progress=lambda share, step: told.append(share), **settings
    )
    assert told == sorted(told)
    return tried


def _outcome(tried: trying.Tried) -> dict[str, Any]:
    return {
        "sha256": sha256(tried.deep.upper + tried.deep.head.weights.tobytes()).hexdigest() if tried.deep else "",
        "gain": tried.comparison.gain if tried.comparison else None,
        "rows": len(tried.rows),
        "sums": [round(float(total), 4) for total in tried.held_out.sum(axis=1)],
        "remark": tried.remark,
    }


def _served(tried: trying.Tried, lessons: Lessons, *, base: trying.Base) -> float:
    """Return the share of texts that the kept layers answer rightly, as a server would ask them."""
    assert tried.deep is not None
    _, states = base.encoder.encode_with_states(lessons.texts)
    proba = predict_proba(UpperSession(tried.deep.upper).encode(states), head=tried.deep.head)
    return float((proba.argmax(axis=1) == lessons.y).mean())


def _layer_against_transformers(source: str) -> dict[str, float]:
    """Return how far our layer is from the library's, packed and alone."""
    _, network, _ = export.load_network(source)
    theirs = network.eval().encoder.layer[1]
    ours = Layer(theirs, heads=2)
    tokens = torch.randn(9, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = torch.cat([theirs(part[None], None)[0] for part in (tokens[:2], tokens[2:])])
        batch = pack(tokens.numpy(), np.array([2, 7]))
        cells, is_token = batch.cells()
        packed = ours(batch.lower, cells=cells, is_token=is_token, noise=lambda x: x)[:9]
        alone = ours.alone(tokens[None, 2:])[0]
    return {"packed": float((packed - expected).abs().max()), "alone": float((alone - expected[2:]).abs().max())}


def _losses() -> dict[str, float]:
    z = F.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), dim=1)
    return {
        "pair": float(contrastive_loss(z, torch.tensor([0, 0, 1]), temperature=1.0)),
        "alone": float(contrastive_loss(z, torch.tensor([0, 1, 2]), temperature=1.0)),
    }


def _refusals(root: Path, *, base: trying.Base) -> dict[str, str]:
    other = tiny_encoder(root / "other", seed=1)
    distilbert = tiny_encoder(root / "distilbert", seed=0, kind="distilbert")
    export.export_encoder(distilbert, folder=root / "distilbert encoder")
    cases = {
        "other weights": (other, base.encoder),
        "no bert": (distilbert, load_encoder(root / "distilbert encoder")),
        "gone": (str(root / "nothing"), base.encoder),
    }
    found = {}
    for name, (source, encoder) in cases.items():
        try:
            trying.load_base(source, encoder=encoder)
        except trying.ERRORS as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found | {"inaccurate": _inaccurate(base)}


def _inaccurate(base: trying.Base) -> str:
    from classifiers.ml.deep import exporting

    before, exporting.MIN_COSINE = exporting.MIN_COSINE, 1.1
    states = read_states(["a b", "c"], order=np.arange(2), encoder=base.encoder, text_tokens=8, most_tokens=99)
    head = Head(weights=np.zeros((2, 96), dtype=np.float32), bias=np.zeros(2, dtype=np.float32))
    try:
        export_upper(Adapted(base.start, head=head, dropout=0.0, seed=0), states=states)
    except export.ExportInaccurate as error:
        return str(error)
    finally:
        exporting.MIN_COSINE = before
    return ""


def _start_is_the_fast_tiers(lessons: Lessons, *, base: trying.Base) -> float:
    """Return how far the probabilities before the first step are from those of the head that it starts as."""
    head = fit_head(lessons.problem(lessons.X), C=10.0)
    order = np.arange(len(lessons.texts))
    states = read_states(lessons.texts, order=order, encoder=base.encoder, text_tokens=16, most_tokens=9_999)
    before = adapting.predict(Adapted(base.start, head=head, dropout=0.1, seed=0), states, places=order)
    return float(np.abs(before - predict_proba(lessons.X, head=head)).mean())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
