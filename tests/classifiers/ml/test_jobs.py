"""The child processes of a training, for real."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers.ml.artifact import load_artifact
from classifiers.ml.encoder import load_encoder

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.slow


def _run(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    command = [sys.executable, "-m", "classifiers.ml.jobs", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def _prepare_training(folder: Path, *, suggested: int = 0) -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 20)
    X = np.eye(2, 8)[y] + 0.2 * rng.standard_normal((40, 8))
    np.save(folder / "vectors.npy", X.astype("<f2"))
    np.save(folder / "y.npy", y)
    np.save(folder / "confirmed.npy", np.arange(40) % 20 >= suggested // 2)
    labels = [{"number": 0, "name": "Fine"}, {"number": 4, "name": "Spam"}]
    (folder / "texts.json").write_text(json.dumps([f"text {row}" for row in range(40)]), encoding="utf-8")
    np.save(folder / "ids.npy", np.arange(100, 140))
    job = {"labels": labels, "encoder_id": "tiny", "layer_count": 2, "data_sha256": "ab", "seed": 0}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")


def test_embedding_writes_the_encoders_features(encoder_folder: Path, tmp_path: Path) -> None:
    texts = ["Is it still there?", "naïve café 🙂", "second\nline"]
    (tmp_path / "texts.json").write_text(json.dumps(texts), encoding="utf-8")

    code, messages = _run("embed", "--folder", str(tmp_path), "--encoder", str(encoder_folder))

    assert code == 0
    assert messages[-1]["progress"] == 1.0
    vectors = np.load(tmp_path / "vectors.npy", allow_pickle=False)
    assert np.array_equal(vectors, load_encoder(encoder_folder).encode(texts).astype("<f2"))


def test_embedding_without_an_encoder_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "texts.json").write_text('["a"]', encoding="utf-8")

    code, messages = _run("embed", "--folder", str(tmp_path), "--encoder", str(tmp_path / "none"))

    assert code == 2
    assert "prepare_encoder" in messages[-1]["error"]


def test_training_writes_an_artifact_its_scores_and_what_was_held_out(tmp_path: Path) -> None:
    _prepare_training(tmp_path)

    code, messages = _run("train", "--folder", str(tmp_path))

    assert code == 0
    assert all(0.0 <= message["progress"] <= 1.0 for message in messages)
    result = json.loads((tmp_path / "result.json").read_bytes())
    artifact = load_artifact(tmp_path / "artifact", expected_sha256=result["artifact_sha256"])
    assert [(label.number, label.name) for label in artifact.manifest.labels] == [(0, "Fine"), (4, "Spam")]
    assert result["scores"]["labels"][1]["number"] == 4
    assert result["scores"]["macro_f1"] > 0.9
    assert np.load(tmp_path / "oof.npy", allow_pickle=False).shape == (40, 2)


@pytest.mark.parametrize(
    ("suggested", "measured_on", "measured"),
    [(0, "CONFIRMED", 40), (20, "CONFIRMED", 20), (36, "ALL", 40)],
    ids=["none suggested", "half suggested", "nearly all suggested"],
)
def test_the_result_says_what_was_measured_on(tmp_path: Path, suggested: int, measured_on: str, measured: int) -> None:
    _prepare_training(tmp_path, suggested=suggested)

    _run("train", "--folder", str(tmp_path))

    scores = json.loads((tmp_path / "result.json").read_bytes())["scores"]
    assert (scores["measured_on"], scores["measured_count"]) == (measured_on, measured)
    assert (scores["confirmed_count"], scores["suggested_count"]) == (40 - suggested, suggested)
    assert np.load(tmp_path / "measured.npy", allow_pickle=False).sum() == measured


def test_around_each_sure_mistake_the_nearest_examples_are_counted(tmp_path: Path) -> None:
    _prepare_training(tmp_path)
    y = np.load(tmp_path / "y.npy")
    y[3] = 1
    np.save(tmp_path / "y.npy", y)

    _run("train", "--folder", str(tmp_path))

    row, near_predicted, near_own = np.load(tmp_path / "near.npy", allow_pickle=False)[0].tolist()
    assert row == 3
    assert near_predicted + near_own == 20
    assert near_predicted > 15


def test_the_same_data_give_the_same_artifact(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        _prepare_training(folder)
        _run("train", "--folder", str(folder))
        digests.append(json.loads((folder / "result.json").read_bytes())["artifact_sha256"])

    assert digests[0] == digests[1]


def test_a_training_that_needs_more_memory_than_allowed_is_refused_with_the_cure(tmp_path: Path) -> None:
    _prepare_training(tmp_path)
    np.save(tmp_path / "vectors.npy", np.zeros((40, 4_000_000), dtype="<f2"))

    code, messages = _run("train", "--folder", str(tmp_path), "--memory-limit-mb", "500")

    assert code == 2
    assert "CHILD_MEMORY_MB" in messages[-1]["error"]
