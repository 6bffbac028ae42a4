"""A training that tries the deep tier, from its folder to the version: kept, or not and why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
_FILES = ["held_out.safetensors", "manifest.json", "nearest.safetensors", "weights.safetensors"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("course")
    command = [sys.executable, "-m", "tests.classifiers.ml.deep_course_script", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=500, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_adapted_layers_that_win_are_part_of_the_version(trained: dict[str, Any]) -> None:
    kept = trained["kept"]

    assert kept["files"] == sorted([*_FILES, "upper.onnx"])
    assert kept["deep"].keys() == {"tried", "kept", "gain", "noise", "serving_ms"}
    assert (kept["deep"]["tried"], kept["deep"]["kept"]) == (True, True)
    assert kept["deep"]["gain"] > 2 * kept["deep"]["noise"] > 0
    assert 0 < kept["deep"]["serving_ms"] < 1_000
    assert kept["dropped"] == []


def test_the_scores_are_measured_anew(trained: dict[str, Any]) -> None:
    kept, fast = trained["kept"], trained["not asked"]

    assert kept["macro_f1"] == pytest.approx(kept["by hand"], abs=1e-6)
    assert kept["macro_f1"] - fast["macro_f1"] == pytest.approx(kept["deep"]["gain"], abs=1e-5)
    assert kept["measured"] == [96, 96]


def test_the_golden_set_is_measured_with_the_adapted_layers(trained: dict[str, Any]) -> None:
    kept, fast = trained["kept"], trained["not asked"]

    assert kept["golden"] == pytest.approx(kept["served"], abs=1e-6)
    assert kept["golden"] > fast["golden"] + 0.2


def test_the_same_examples_give_the_same_version_however_long_it_took(trained: dict[str, Any]) -> None:
    assert trained["again"]["sha256"] == trained["kept"]["sha256"]
    assert "serving_ms" not in trained["kept"]["deep in the manifest"]


def test_layers_that_gain_nothing_are_left_out_and_it_is_said(trained: dict[str, Any]) -> None:
    dropped = trained["dropped"]

    assert dropped["deep"] == {"tried": True, "kept": False, "gain": 0.0, "noise": 0.0}
    assert dropped["files"] == _FILES
    [sentence] = dropped["dropped"]
    assert "no more than chance" in sentence


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unadaptable", "This encoder's layers can't be adapted"),
        ("gone", "can't be loaded"),
        ("no encoder", "The encoder isn't prepared yet."),
        ("no time", "given up after 0 seconds."),
    ],
)
def test_where_it_cannot_be_tried_the_fast_tier_s_result_stands(trained: dict[str, Any], name: str, said: str) -> None:
    found, fast = trained[name], trained["not asked"]

    assert found["deep"] == {"tried": True, "kept": False}
    assert [said in sentence for sentence in found["dropped"]] == [True]
    assert found["files"] == _FILES
    assert [found[each] for each in ("macro_f1", "golden", "measured")] == [
        fast[each] for each in ("macro_f1", "golden", "measured")
    ]


def test_who_does_not_ask_for_it_hears_nothing_of_it(trained: dict[str, Any]) -> None:
    assert trained["not asked"]["deep"] is None
    assert trained["not asked"]["dropped"] == []


def test_the_progress_never_falls(trained: dict[str, Any]) -> None:
    assert [found["is rising"] for found in trained.values()] == [True] * len(trained)
