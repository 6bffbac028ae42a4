"""Preparing encoders of other kinds than the default one, for real, in a process that may import torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers.ml.encoder import load_encoder, read_manifest

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    root = tmp_path_factory.mktemp("tiny")
    command = [sys.executable, "-m", "tests.classifiers.ml.export_script", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=300, check=True)
    return root, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("name", "layers"), [("bert", (1, 2, 3)), ("distilbert", (1, 2))])
def test_any_bert_like_encoder_can_be_prepared(
    exported: tuple[Path, dict[str, Any]], name: str, layers: tuple[int, ...]
) -> None:
    root, _ = exported

    encoder = load_encoder(root / "encoders" / name)
    features = encoder.encode(["abc", "a much longer text that is cut off after sixteen tokens"])

    assert encoder.manifest.layers == layers
    assert features.shape == (2, 32 * len(layers))
    blocks = features.reshape(2, len(layers), 32)
    assert np.allclose(np.linalg.norm(blocks, axis=2), 1.0, atol=1e-3)


def test_the_id_follows_from_the_weights(exported: tuple[Path, dict[str, Any]]) -> None:
    root, found = exported

    assert found["again"]["id"] == found["bert"]["id"] == read_manifest(root / "encoders" / "bert").id
    assert found["distilbert"]["id"] != found["bert"]["id"]


@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        ("other weights", "WeightsDiffer", "Install the package again."),
        ("no such folder", "EncoderUnloadable", "ENCODER takes the name or the folder"),
        ("inaccurate", "ExportInaccurate", "Choose another encoder."),
    ],
)
def test_what_cannot_be_prepared_is_refused_and_leaves_nothing(
    exported: tuple[Path, dict[str, Any]], name: str, error: str, sentence: str
) -> None:
    _, found = exported

    outcome = found[name]

    assert outcome["error"] == error
    assert sentence in outcome["message"]
    assert not outcome["is_left"]
