"""Artifacts: whole, checked, the same bytes for the same content."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.ml.artifact import (
    MANIFEST,
    UPPER,
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
from classifiers.ml.model import Model, Upper, predict_proba
from classifiers.ml.ngrams import NGrams, split

_MANIFEST = Manifest(
    encoder_id="tiny-1",
    labels=(ArtifactLabel(0, "Fine"), ArtifactLabel(1, "Spam ⛔", threshold=0.7)),
    scores={"macro_f1": 0.9},
    settings={"C": 3.0},
    data_sha256="ab",
)
_HEAD = Head(weights=np.arange(8, dtype=np.float32).reshape(2, 4), bias=np.array([0.5, -0.5], dtype=np.float32))


# Characters that end lines elsewhere, of several bytes, of none that is seen.
_GRAMS = NGrams(
    grams=(" ", " a", "£1000", "🙂", "\x85é", "\u2028", "\r", "\x00", "e\u0301", "中文"),
    idf=np.linspace(1, 2, 10, dtype=np.float32),
    weights=np.linspace(-1, 1, 20, dtype=np.float32).reshape(2, 10),
)
_SPELLED = Model(head=_HEAD, ngrams=_GRAMS)
_ADAPTED = Model(
    head=_HEAD,
    ngrams=_GRAMS,
    upper=Upper(
        content=b"A graph, whatever is in it." * 9,
        head=Head(weights=np.arange(12, dtype=np.float32).reshape(2, 6), bias=np.array([0.25, -1], dtype=np.float32)),
    ),
)
_TEXTS = ["win £1000 🙂", "中文 é e\u0301", "\x00", "", "a a a"]


def _write(folder: Path, *, model: Model | None = None) -> str:
    return write_artifact(folder, manifest=_MANIFEST, model=model or Model(head=_HEAD))


def _plant(folder: Path, **tensors: np.ndarray | None) -> str:
    """Put other tensors into the artifact, None takes one out, and make both hashes fit; return the new one."""
    there = safetensors.numpy.load((folder / WEIGHTS).read_bytes()) | tensors
    weights = safetensors.numpy.save({name: tensor for name, tensor in there.items() if tensor is not None})
    (folder / WEIGHTS).write_bytes(weights)
    entries = json.loads((folder / MANIFEST).read_bytes()) | {"weights_sha256": sha256(weights).hexdigest()}
    (folder / MANIFEST).write_bytes(json.dumps(entries).encode())
    return sha256((folder / MANIFEST).read_bytes()).hexdigest()


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    digest = _write(tmp_path / "a")

    artifact = load_artifact(tmp_path / "a", expected_sha256=digest)

    assert artifact.manifest == _MANIFEST
    assert np.array_equal(artifact.model.head.weights, _HEAD.weights)
    assert np.array_equal(artifact.model.head.bias, _HEAD.bias)
    assert artifact.model.ngrams is None


def test_ngrams_of_any_characters_are_read_again_and_answer_the_same(tmp_path: Path) -> None:
    digest = _write(tmp_path / "a", model=_SPELLED)

    model = load_artifact(tmp_path / "a", expected_sha256=digest).model

    assert model.ngrams is not None
    assert model.ngrams.grams == _GRAMS.grams
    X = np.ones((len(_TEXTS), 4), dtype=np.float32)
    before, after = (predict_proba(each, X, texts=_TEXTS) for each in (_SPELLED, model))
    assert before.tobytes() == after.tobytes()


@settings(max_examples=25, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_the_ngrams_of_any_text_survive(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    grams = tuple(sorted({"a", *split(text)}))
    weights = np.ones((2, len(grams)), dtype=np.float32)
    model = Model(head=_HEAD, ngrams=NGrams(grams=grams, idf=weights[0], weights=weights))
    folder = tmp_path_factory.mktemp("grams") / "a"

    digest = _write(folder, model=model)

    found = load_artifact(folder, expected_sha256=digest).model.ngrams
    assert found is not None and found.grams == grams


def test_adapted_layers_are_read_again_and_answer_the_same(tmp_path: Path) -> None:
    digest = _write(tmp_path / "a", model=_ADAPTED)

    model = load_artifact(tmp_path / "a", expected_sha256=digest).model

    assert model.upper is not None and _ADAPTED.upper is not None
    assert model.upper.content == _ADAPTED.upper.content == (tmp_path / "a" / UPPER).read_bytes()
    X, features = np.ones((len(_TEXTS), 4), dtype=np.float32), np.ones((len(_TEXTS), 6), dtype=np.float32)
    before, after = (predict_proba(each, X, texts=_TEXTS, upper_features=features) for each in (_ADAPTED, model))
    assert before.tobytes() == after.tobytes()
    assert digest == _write(tmp_path / "b", model=_ADAPTED)


def test_without_adapted_layers_there_is_no_file_of_them(tmp_path: Path) -> None:
    digest = _write(tmp_path / "a")
    (tmp_path / "a" / UPPER).write_bytes(b"Somebody's")

    assert load_artifact(tmp_path / "a", expected_sha256=digest).model.upper is None


@pytest.mark.parametrize(
    "tensors",
    [
        {"upper_weights": None},
        {"upper_bias": None},
        {"upper_weights": np.ones((3, 6), dtype=np.float32)},
        {"upper_weights": np.ones(2, dtype=np.float32)},
        {"upper_bias": np.ones(3, dtype=np.float32)},
        {"upper_weights": np.full((2, 6), np.nan, dtype=np.float32)},
    ],
    ids=["no weights", "no bias", "a label too many", "no matrix", "a bias too many", "no number"],
)
def test_a_head_that_does_not_fit_the_adapted_layers_is_refused(
    tmp_path: Path, tensors: dict[str, np.ndarray | None]
) -> None:
    _write(tmp_path / "a", model=_ADAPTED)
    digest = _plant(tmp_path / "a", **tensors)

    with pytest.raises(ArtifactDamaged):
        load_artifact(tmp_path / "a", expected_sha256=digest)


def test_weights_in_the_other_order_of_memory_are_written_as_they_are(tmp_path: Path) -> None:
    # What is fitted may be a view of a transposed matrix.
    turned = replace(_GRAMS, weights=np.asfortranarray(_GRAMS.weights))

    digest = _write(tmp_path / "a", model=Model(head=_HEAD, ngrams=turned))

    found = load_artifact(tmp_path / "a", expected_sha256=digest).model.ngrams
    assert found is not None and np.array_equal(found.weights, _GRAMS.weights)
    assert digest == _write(tmp_path / "b", model=_SPELLED)


def test_an_artifact_of_the_first_format_is_still_read(tmp_path: Path) -> None:
    _write(tmp_path / "a")
    path = tmp_path / "a" / MANIFEST
    path.write_bytes(json.dumps(json.loads(path.read_bytes()) | {"format": 1}).encode())

    artifact = load_artifact(tmp_path / "a", expected_sha256=sha256(path.read_bytes()).hexdigest())

    assert (artifact.manifest, artifact.model.ngrams) == (_MANIFEST, None)
    assert np.array_equal(artifact.model.head.weights, _HEAD.weights)


_LINES = np.frombuffer("".join(f"{gram}\n" for gram in _GRAMS.grams).encode(), dtype=np.uint8)


@pytest.mark.parametrize(
    "tensors",
    [
        {"grams": _LINES[:-1]},
        {"grams": _LINES[2:]},
        {"grams": _LINES[_LINES != 0x80]},
        {"grams": np.concatenate([_LINES, np.frombuffer(b"x\n", dtype=np.uint8)])},
        {"grams": np.full(10, 0xFF, dtype=np.uint8)},
        {"gram_idf": None},
        {"gram_weights": None},
        {"gram_idf": _GRAMS.idf[:-1]},
        {"gram_weights": _GRAMS.weights[:1]},
        {"gram_weights": _GRAMS.weights.T.copy()},
        {"gram_weights": np.full((2, 10), np.inf, dtype=np.float32)},
        {"gram_idf": np.full(10, np.nan, dtype=np.float32)},
    ],
    ids=[
        "the last line isn't ended",
        "the first n-gram is missing",
        "half a character",
        "one n-gram more",
        "no UTF-8",
        "no IDF",
        "no weights",
        "IDF too short",
        "a label without weights",
        "weights turned around",
        "infinite weights",
        "IDF that is no number",
    ],
)
def test_ngrams_that_do_not_fit_are_refused(tmp_path: Path, tensors: dict[str, np.ndarray | None]) -> None:
    # With hashes that fit: by somebody who may write to the database, too.
    _write(tmp_path / "a", model=_SPELLED)
    digest = _plant(tmp_path / "a", **tensors)

    with pytest.raises(ArtifactDamaged):
        load_artifact(tmp_path / "a", expected_sha256=digest)


def test_planted_tensors_that_fit_are_read(tmp_path: Path) -> None:
    # So that the refusals above aren't those of the planting.
    _write(tmp_path / "a", model=_SPELLED)

    artifact = load_artifact(tmp_path / "a", expected_sha256=_plant(tmp_path / "a", grams=_LINES))

    assert artifact.model.ngrams is not None and artifact.model.ngrams.grams == _GRAMS.grams


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    assert _write(tmp_path / "a") == _write(tmp_path / "b")
    assert (tmp_path / "a" / WEIGHTS).read_bytes() == (tmp_path / "b" / WEIGHTS).read_bytes()


def test_an_artifact_is_never_written_over(tmp_path: Path) -> None:
    _write(tmp_path / "a")

    with pytest.raises(FileExistsError):
        _write(tmp_path / "a")


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS, UPPER])
def test_a_missing_file_is_said(tmp_path: Path, name: str) -> None:
    digest = _write(tmp_path / "a", model=_ADAPTED)
    (tmp_path / "a" / name).unlink()

    with pytest.raises(ArtifactMissing, match="missing"):
        load_artifact(tmp_path / "a", expected_sha256=digest)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS, UPPER])
def test_no_bit_can_flip_unseen(tmp_path: Path, name: str) -> None:
    digest = _write(tmp_path / "a", model=_ADAPTED)
    path = tmp_path / "a" / name
    whole = path.read_bytes()

    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(ArtifactDamaged):
            load_artifact(tmp_path / "a", expected_sha256=digest)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS, UPPER])
def test_no_cut_goes_unseen(tmp_path: Path, name: str) -> None:
    digest = _write(tmp_path / "a", model=_ADAPTED)
    path = tmp_path / "a" / name
    whole = path.read_bytes()

    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ArtifactDamaged):
            load_artifact(tmp_path / "a", expected_sha256=digest)


def test_an_artifact_of_a_newer_release_is_refused_with_the_cure(tmp_path: Path) -> None:
    _write(tmp_path / "a")
    path = tmp_path / "a" / MANIFEST
    path.write_bytes(json.dumps(json.loads(path.read_bytes()) | {"format": 3}).encode())

    with pytest.raises(ArtifactFormatUnknown, match="Train it again"):
        load_artifact(tmp_path / "a", expected_sha256=sha256(path.read_bytes()).hexdigest())


def test_labels_and_weights_must_fit(tmp_path: Path) -> None:
    three = replace(_MANIFEST, labels=(*_MANIFEST.labels, ArtifactLabel(2, "Rude")))

    with pytest.raises(ValueError, match="3 labels"):
        write_artifact(tmp_path / "a", manifest=three, model=Model(head=_HEAD))


def test_a_weight_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    broken = Head(weights=np.full((2, 4), np.nan, dtype=np.float32), bias=_HEAD.bias)

    with pytest.raises(ValueError, match="finite"):
        write_artifact(tmp_path / "a", manifest=_MANIFEST, model=Model(head=broken))
    assert not list(tmp_path.iterdir())


@settings(max_examples=25, deadline=None)
@given(names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=2, max_size=2))
def test_any_label_name_survives(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("names") / "a"
    manifest = replace(_MANIFEST, labels=tuple(ArtifactLabel(i, name) for i, name in enumerate(names)))

    digest = write_artifact(folder, manifest=manifest, model=Model(head=_HEAD))

    assert [label.name for label in load_artifact(folder, expected_sha256=digest).manifest.labels] == names
