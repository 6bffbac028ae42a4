"""Adapting a tiny encoder for real, in a process that may import torch."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers.ml.deep.upper import UpperSession

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    root = tmp_path_factory.mktemp("tiny")
    command = [sys.executable, "-m", "tests.classifiers.ml.deep_script", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=500, check=True)
    return root, json.loads(done.stdout.splitlines()[-1])


def test_layers_that_win_are_kept(tried: tuple[Path, dict[str, Any]]) -> None:
    _, found = tried

    assert found["won"]["gain"] > 0.5
    assert found["won"]["sha256"]
    assert found["won"]["remark"] == ""


def test_what_is_kept_serves_what_was_adapted(tried: tuple[Path, dict[str, Any]]) -> None:
    _, found = tried

    assert found["served"] > 0.95


def test_the_held_out_probabilities_are_of_both_tiers(tried: tuple[Path, dict[str, Any]]) -> None:
    _, found = tried

    proba = np.array(found["held out"])

    assert proba.shape == (80, 2)
    assert np.allclose(proba.sum(axis=1), 1.0, atol=1e-5)
    assert (proba.argmax(axis=1) == np.array([0, 1] * 40)).mean() > 0.9


def test_the_same_examples_give_the_same_bytes_side_by_side_or_not(tried: tuple[Path, dict[str, Any]]) -> None:
    _, found = tried

    assert found["again"]["sha256"] == found["won"]["sha256"] != found["seed"]["sha256"]


def test_layers_that_gain_nothing_are_not_kept_and_it_is_said(tried: tuple[Path, dict[str, Any]]) -> None:
    _, found = tried

    assert found["lost"]["sha256"] == ""
    assert found["lost"]["gain"] <= 0
    assert "no more than chance" in found["lost"]["remark"]


@pytest.mark.parametrize(
    ("name", "sentence"), [("no time", "given up after 3 seconds"), ("unmeasured", "too few examples are confirmed")]
)
def test_where_it_cannot_be_measured_nothing_is_kept(
    tried: tuple[Path, dict[str, Any]], name: str, sentence: str
) -> None:
    _, found = tried

    assert found[name]["sha256"] == ""
    assert found[name]["gain"] is None
    assert sentence in found[name]["remark"]


def test_of_more_texts_than_can_be_held_some_take_part(tried: tuple[Path, dict[str, Any]]) -> None:
    _, found = tried

    assert 20 < found["few held"]["rows"] < 80
    assert len(found["few held"]["sums"]) == found["few held"]["rows"]


def test_it_starts_where_the_fast_tier_is(tried: tuple[Path, dict[str, Any]]) -> None:
    _, found = tried

    assert found["torch before"] < 0.02


def test_a_layer_computes_what_that_of_the_library_does(tried: tuple[Path, dict[str, Any]]) -> None:
    _, found = tried

    assert max(found["layer"].values()) < 1e-5


def test_the_contrastive_loss_is_that_of_the_paper(tried: tuple[Path, dict[str, Any]]) -> None:
    _, found = tried

    # Each of the pair: -log(e / (e + 1)); the third has no text of its label and doesn't count.
    assert math.isclose(found["loss"]["pair"], -math.log(math.e / (math.e + 1)), rel_tol=1e-5)
    assert found["loss"]["alone"] == 0


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("other weights", "WeightsDiffer: The encoder"),
        ("no bert", "UpperUnadaptable: This encoder's layers can't be adapted"),
        ("gone", "EncoderUnloadable: "),
        ("inaccurate", "The adapted layers don't compute what they did in training"),
    ],
)
def test_what_cannot_be_adapted_is_refused(tried: tuple[Path, dict[str, Any]], name: str, sentence: str) -> None:
    _, found = tried

    assert sentence in found["refused"][name]


def test_adapted_layers_give_features_of_length_one_that_depend_on_no_other_text(
    tried: tuple[Path, dict[str, Any]],
) -> None:
    root, _ = tried
    session = UpperSession((root / "upper.onnx").read_bytes())
    rng = np.random.default_rng(0)
    states = [
        (rng.normal(size=(5, 32)).astype(np.float16),),
        (rng.normal(size=(16, 32)).astype(np.float16), rng.normal(size=(3, 32)).astype(np.float16)),
    ]

    features = session.encode(states)

    assert features.shape == (2, session.dimension) == (2, 96)
    assert np.allclose(np.linalg.norm(features.reshape(2, 3, 32), axis=2), 1.0, atol=1e-5)
    assert np.array_equal(features, np.concatenate([session.encode([each]) for each in states]))
    assert session.encode([]).shape == (0, 96)


def test_states_of_another_encoder_are_refused(tried: tuple[Path, dict[str, Any]]) -> None:
    root, _ = tried
    session = UpperSession((root / "upper.onnx").read_bytes())

    with pytest.raises(ValueError, match="the layers take 32 numbers a token"):
        session.encode([(np.zeros((4, 31), dtype=np.float16),)])
