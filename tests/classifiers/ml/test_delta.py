"""A tuned encoder on disk: what it adds to its base, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from classifiers.ml import delta

BASE = "b" * 64
TENSORS = {"layer.1": np.array([[0.5, -0.25]], dtype="f4"), "layer.0": np.array([0.125], dtype="f4")}


def _write(folder: Path) -> delta.DeltaManifest:
    return delta.write_delta(folder, TENSORS, base="some-base", base_sha256=BASE, recipe={"seed": 1})


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written = _write(tmp_path / "tuned")

    manifest, tensors = delta.read_delta(tmp_path / "tuned", base_sha256=BASE)

    assert manifest == written
    assert manifest.base == "some-base"
    assert manifest.recipe == {"seed": 1}
    assert {name: tensor.tolist() for name, tensor in tensors.items()} == {
        "layer.0": [0.125],
        "layer.1": [[0.5, -0.25]],
    }
    assert tensors["layer.0"].dtype == np.float32


def test_the_same_tensors_give_the_same_bytes_at_two_bytes_a_number(tmp_path: Path) -> None:
    _write(tmp_path / "a")
    delta.write_delta(
        tmp_path / "b", dict(reversed(TENSORS.items())), base="some-base", base_sha256=BASE, recipe={"seed": 1}
    )

    for name in (delta.MANIFEST, delta.TENSORS):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    content = (tmp_path / "a" / delta.TENSORS).read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    assert len(content) - header == 2 * 3


def test_a_folder_without_a_delta_is_none(tmp_path: Path) -> None:
    assert not delta.is_delta(tmp_path)

    _write(tmp_path / "tuned")

    assert delta.is_delta(tmp_path / "tuned")


def test_other_base_weights_are_refused(tmp_path: Path) -> None:
    _write(tmp_path / "tuned")

    with pytest.raises(delta.WrongBase, match=r"belongs to other weights of some-base .* Install the package"):
        delta.read_delta(tmp_path / "tuned", base_sha256="c" * 64)


def test_damaged_tensors_are_refused(tmp_path: Path) -> None:
    _write(tmp_path / "tuned")
    path = tmp_path / "tuned" / delta.TENSORS
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(delta.DeltaDamaged, match=r"delta\.safetensors\)\. Install Houserules again"):
        delta.read_delta(tmp_path / "tuned", base_sha256=BASE)


def test_missing_tensors_are_refused(tmp_path: Path) -> None:
    _write(tmp_path / "tuned")
    (tmp_path / "tuned" / delta.TENSORS).unlink()

    with pytest.raises(delta.DeltaDamaged):
        delta.read_delta(tmp_path / "tuned", base_sha256=BASE)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}', '{"base": "a"}'])
def test_a_damaged_manifest_is_refused(tmp_path: Path, content: str) -> None:
    _write(tmp_path / "tuned")
    (tmp_path / "tuned" / delta.MANIFEST).write_text(content, encoding="utf-8")

    with pytest.raises(delta.DeltaDamaged, match=r"delta\.json"):
        delta.read_delta(tmp_path / "tuned", base_sha256=BASE)


def test_another_releases_format_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "tuned")
    path = tmp_path / "tuned" / delta.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "format": 2}), encoding="utf-8")

    with pytest.raises(delta.DeltaDamaged, match="another release"):
        delta.read_delta(tmp_path / "tuned", base_sha256=BASE)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 70_000.0])
def test_a_tuning_that_went_astray_is_not_written(tmp_path: Path, value: float) -> None:
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match=r"layer\.0 is no finite number"),
    ):
        delta.write_delta(
            tmp_path / "tuned",
            {"layer.0": np.array([value], dtype="f4")},
            base="some-base",
            base_sha256=BASE,
            recipe={},
        )

    assert not (tmp_path / "tuned").exists()
