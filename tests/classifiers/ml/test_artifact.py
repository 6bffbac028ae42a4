"""Artifacts: whole, checked, the same bytes for the same content."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.ml.artifact import (
    MANIFEST,
    WEIGHTS,
    ArtifactDamaged,
    ArtifactFormatUnknown,
    ArtifactLabel,
    ArtifactMissing,
    Manifest,
    load_artifact,
    write_artifact,
)
from classifiers.ml.head import Head

_MANIFEST = Manifest(
    encoder_id="tiny-1",
    labels=(ArtifactLabel(0, "Fine"), ArtifactLabel(1, "Spam ⛔", threshold=0.7)),
    scores={"macro_f1": 0.9},
    settings={"C": 3.0},
    data_sha256="ab",
)
_HEAD = Head(weights=np.arange(8, dtype=np.float32).reshape(2, 4), bias=np.array([0.5, -0.5], dtype=np.float32))


def _write(folder: Path) -> str:
    return write_artifact(folder, manifest=_MANIFEST, head=_HEAD)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    digest = _write(tmp_path / "a")

    artifact = load_artifact(tmp_path / "a", expected_sha256=digest)

    assert artifact.manifest == _MANIFEST
    assert np.array_equal(artifact.head.weights, _HEAD.weights)
    assert np.array_equal(artifact.head.bias, _HEAD.bias)


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    assert _write(tmp_path / "a") == _write(tmp_path / "b")
    assert (tmp_path / "a" / WEIGHTS).read_bytes() == (tmp_path / "b" / WEIGHTS).read_bytes()


def test_an_artifact_is_never_written_over(tmp_path: Path) -> None:
    _write(tmp_path / "a")

    with pytest.raises(FileExistsError):
        _write(tmp_path / "a")


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS])
def test_a_missing_file_is_said(tmp_path: Path, name: str) -> None:
    digest = _write(tmp_path / "a")
    (tmp_path / "a" / name).unlink()

    with pytest.raises(ArtifactMissing, match="missing"):
        load_artifact(tmp_path / "a", expected_sha256=digest)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS])
def test_no_bit_can_flip_unseen(tmp_path: Path, name: str) -> None:
    digest = _write(tmp_path / "a")
    path = tmp_path / "a" / name
    whole = path.read_bytes()

    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(ArtifactDamaged):
            load_artifact(tmp_path / "a", expected_sha256=digest)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS])
def test_no_cut_goes_unseen(tmp_path: Path, name: str) -> None:
    digest = _write(tmp_path / "a")
    path = tmp_path / "a" / name
    whole = path.read_bytes()

    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ArtifactDamaged):
            load_artifact(tmp_path / "a", expected_sha256=digest)


def test_an_artifact_of_a_newer_release_is_refused_with_the_cure(tmp_path: Path) -> None:
    _write(tmp_path / "a")
    path = tmp_path / "a" / MANIFEST
    path.write_bytes(json.dumps(json.loads(path.read_bytes()) | {"format": 2}).encode())

    with pytest.raises(ArtifactFormatUnknown, match="Train it again"):
        load_artifact(tmp_path / "a", expected_sha256=sha256(path.read_bytes()).hexdigest())


def test_labels_and_weights_must_fit(tmp_path: Path) -> None:
    three = replace(_MANIFEST, labels=(*_MANIFEST.labels, ArtifactLabel(2, "Rude")))

    with pytest.raises(ValueError, match="3 labels"):
        write_artifact(tmp_path / "a", manifest=three, head=_HEAD)


def test_a_weight_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    broken = Head(weights=np.full((2, 4), np.nan, dtype=np.float32), bias=_HEAD.bias)

    with pytest.raises(ValueError, match="finite"):
        write_artifact(tmp_path / "a", manifest=_MANIFEST, head=broken)
    assert not list(tmp_path.iterdir())


@settings(max_examples=25, deadline=None)
@given(names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=2, max_size=2))
def test_any_label_name_survives(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("names") / "a"
    manifest = replace(_MANIFEST, labels=tuple(ArtifactLabel(i, name) for i, name in enumerate(names)))

    digest = write_artifact(folder, manifest=manifest, head=_HEAD)

    assert [label.name for label in load_artifact(folder, expected_sha256=digest).manifest.labels] == names
