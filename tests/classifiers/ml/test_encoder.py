"""The prepared default encoder."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from classifiers.ml.encoder import (
    MANIFEST,
    MODEL,
    EncoderDamaged,
    EncoderMissing,
    OnnxEncoder,
    load_encoder,
    read_manifest,
)

_TEXTS = ["Is the pram still there?", "ok", "¿Cuánto cuesta el envío?", "WIN a phone now!!! 📱", "x" * 500]


@pytest.fixture(scope="module")
def encoder(encoder_folder: Path) -> OnnxEncoder:
    return load_encoder(encoder_folder)


def test_features_are_one_block_of_length_one_for_each_layer(encoder: OnnxEncoder) -> None:
    features = encoder.encode(_TEXTS)

    assert features.shape == (5, 1152)
    assert np.allclose(np.linalg.norm(features.reshape(5, 3, 384), axis=2), 1.0, atol=1e-3)


def test_a_text_has_the_same_features_whatever_comes_with_it(encoder: OnnxEncoder) -> None:
    together = encoder.encode(_TEXTS * 8)

    alone = np.concatenate([encoder.encode([text]) for text in _TEXTS])

    assert np.array_equal(together[:5], alone)
    assert np.array_equal(together[-5:], alone)


def test_like_texts_are_nearer_than_unlike_ones(encoder: OnnxEncoder) -> None:
    features = encoder.encode(["How much is the bike?", "What does the bicycle cost?", "It rained all week in Rome."])

    likeness = features @ features.T

    assert likeness[0, 1] > likeness[0, 2] + 0.3


def test_no_texts_give_no_rows(encoder: OnnxEncoder) -> None:
    assert encoder.encode([]).shape == (0, 1152)


def test_a_text_longer_than_the_window_is_read_to_its_end(encoder: OnnxEncoder) -> None:
    long = "the lamp is nice " * 100
    alike, other = encoder.encode([long + "and so is the shade", long + "but pay me by bank transfer outside the site"])
    first_window_only = encoder.encode(["the lamp is nice " * 60])[0]

    assert not np.array_equal(alike, other)
    assert alike @ first_window_only > other @ first_window_only


def test_windows_of_a_long_text_weigh_by_their_length(encoder: OnnxEncoder) -> None:
    sentence = "one two three four five six seven "
    twice, often = encoder.encode([sentence * 70, sentence * 100])

    # The same words over and over: however many windows they fill, they say the same.
    assert (twice @ often) / 3 > 0.97


def test_a_text_beyond_the_limit_is_read_up_to_it(encoder: OnnxEncoder) -> None:
    long = "the lamp is nice " * 6_000

    features = encoder.encode([long, long + "and something quite different at the very end"])

    assert np.array_equal(features[0], features[1])


def test_many_threads_may_use_one_encoder(encoder: OnnxEncoder) -> None:
    expected = encoder.encode(_TEXTS)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: encoder.encode(_TEXTS), range(8)))

    assert all(np.array_equal(features, expected) for features in found)


def test_progress_ends_at_one(encoder: OnnxEncoder) -> None:
    told: list[float] = []

    encoder.encode(_TEXTS * 10, on_progress=told.append)

    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_missing_encoder_is_said_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(EncoderMissing, match=r"manage\.py prepare_encoder"):
        load_encoder(tmp_path)


def test_a_damaged_model_is_not_loaded(encoder_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(encoder_folder, tmp_path / "copy"))
    content = bytearray((folder / MODEL).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / MODEL).write_bytes(content)

    with pytest.raises(EncoderDamaged, match="--again"):
        load_encoder(folder)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": 2}', b"[1]", b"\xff"])
def test_a_damaged_manifest_is_not_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)

    with pytest.raises(EncoderDamaged, match="--again"):
        read_manifest(tmp_path)


def test_an_encoder_of_another_release_counts_as_missing(encoder_folder: Path, tmp_path: Path) -> None:
    entries = json.loads((encoder_folder / MANIFEST).read_bytes())
    (tmp_path / MANIFEST).write_text(json.dumps(entries | {"format": 0}), encoding="utf-8")

    with pytest.raises(EncoderMissing, match="another release"):
        read_manifest(tmp_path)
