"""Tunes a tiny encoder for real; run in a process of its own, for it imports torch.

    python -m tests.classifiers.ml.tuning_script FOLDER

Prints one JSON object with what came of it.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers

from classifiers.ml import export
from classifiers.ml.tuning import loop, making
from classifiers.ml.tuning.recipe import Recipe
from tests.classifiers.ml.export_script import WORDS, build

_RECIPE = Recipe(first_layer=2, head_layers=(2,), keep_layers=(3,), epochs=3, batch_texts=8, max_tokens=16, rate=1e-3)


class _Stopped(Exception):
    """As if the machine had been switched off."""


def main(root: Path) -> None:
    torch.use_deterministic_algorithms(True)
    sources = {name: _build(root / name, seed=seed) for name, seed in (("base", 0), ("other", 1))}
    _write_sets(root / "sets")
    losses: list[float] = []
    found: dict[str, Any] = {
        "whole": _make(root, base=sources["base"], output="whole", on_progress=lambda *at: losses.append(at[2])),
        "again": _make(root, base=sources["base"], output="again"),
        "seed": _make(root, base=sources["base"], output="seed", recipe=replace(_RECIPE, seed=1)),
        "unkept": _make(root, base=sources["base"], output="unkept", recipe=replace(_RECIPE, keep=0.0)),
        "interrupted": _make_with_a_stop(root, base=sources["base"]),
        "steps": len(losses),
        "losses": [sum(losses[:5]) / 5, sum(losses[-5:]) / 5],
        "refused": _refusals(root, base=sources["base"]),
    }
    for name in ("base", "whole", "unkept"):
        source = sources.get(name) or str(root / "tuned" / name)
        found[f"{name} encoder"] = export.export_encoder(source, folder=root / "encoders" / name).id
    found["wrong base"] = _wrong_base(root, other=sources["other"])
    print(json.dumps(found))  # noqa: T201 - what the test reads


def _build(folder: Path, *, seed: int) -> str:
    size = {"vocab_size": len(WORDS), "max_position_embeddings": 32}
    config = transformers.BertConfig(
        hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64, **size
    )
    return build(folder, config=config, seed=seed)


def _write_sets(folder: Path) -> None:
    """Two sets that letters tell apart: vowels in one, the alphabet's halves in the other."""
    for name, first, second in (("vowels", "aeiou", "bcdfg"), ("halves.v2", "abcde", "vwxyz")):
        path = folder / name / "train.csv"
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["text", "label"])
            for number in range(40):
                for label, letters in (("first", first), ("second", second)):
                    rows.writerow([" ".join(letters[(number * at) % 5] for at in (1, 2, 3, number)), label])


def _make(root: Path, *, base: str, output: str, recipe: Recipe = _RECIPE, **options: Any) -> str:
    quiet: loop.Progress = lambda step, steps, loss: None  # noqa: E731
    options.setdefault("on_progress", quiet)
    manifest = making.make(
        root / "sets", output=root / "tuned" / output, base=base, recipe=recipe, device="cpu", **options
    )
    return manifest.delta_sha256


def _make_with_a_stop(root: Path, *, base: str) -> dict[str, Any]:
    """Tune with a checkpoint each third step, stop after the eighth, and go on."""
    loop.STEPS_A_CHECKPOINT = 3
    first: list[int] = []
    rest: list[int] = []

    def stop(step: int, steps: int, loss: float) -> None:
        first.append(step)
        if step == 8:
            raise _Stopped

    try:
        _make(root, base=base, output="stopped", on_progress=stop)
    except _Stopped:
        is_left = (root / "tuned" / "stopped").exists()
    sha256 = _make(root, base=base, output="stopped", on_progress=lambda *at: rest.append(at[0]))
    return {
        "sha256": sha256,
        "first": first[-1],
        "rest": rest[0],
        "is_left": is_left,
        "is_checkpoint_left": (root / "tuned" / "stopped-checkpoint").exists(),
    }


def _refusals(root: Path, *, base: str) -> dict[str, str]:
    (root / "empty").mkdir()
    (root / "bad" / "one").mkdir(parents=True)
    (root / "bad" / "one" / "train.csv").write_text("words,kind\na,b\n", encoding="utf-8")
    (root / "single" / "one").mkdir(parents=True)
    (root / "single" / "one" / "train.csv").write_text("text,label\na,b\nc,b\n", encoding="utf-8")
    cases = {
        "no sets": (root / "empty", base, _RECIPE),
        "bad columns": (root / "bad", base, _RECIPE),
        "one label": (root / "single", base, _RECIPE),
        "no such base": (root / "sets", str(root / "nothing"), _RECIPE),
        "too few layers": (root / "sets", base, replace(_RECIPE, keep_layers=(6,))),
    }
    found = {}
    for name, (data, source, recipe) in cases.items():
        try:
            making.make(
                data, output=root / "refused", base=source, recipe=recipe, device="cpu", on_progress=lambda *at: None
            )
        except making.ERRORS as error:
            found[name] = str(error)
    return found


def _wrong_base(root: Path, *, other: str) -> dict[str, Any]:
    """Prepare the tuned encoder where its base's folder holds other weights."""
    base = root / "base" / "model" / "model.safetensors"
    base.write_bytes((Path(other) / "model.safetensors").read_bytes())
    try:
        export.export_encoder(str(root / "tuned" / "whole"), folder=root / "encoders" / "wrong")
    except export.EXPORT_ERRORS as error:
        return {"error": type(error).__name__, "is_left": (root / "encoders" / "wrong").exists()}
    return {}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
