"""The encoder that is shipped: whole, small, on the packaged base, with its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from classifiers.ml import delta, export
from classifiers.ml.encoder import load_encoder
from moderation.text import normalize

FOLDER = Path(export.__file__).with_name("shipped") / export.SHIPPED


def test_it_belongs_to_the_packaged_base_and_is_whole() -> None:
    manifest, tensors = delta.read_delta(FOLDER, base_sha256=export.PACKAGED_SHA256)

    assert manifest.base == export.PACKAGED
    layers = {int(name.split(".")[2]) for name in tensors}
    assert layers == set(range(manifest.recipe["first_layer"] - 1, 6))


def test_it_takes_at_most_15_megabytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 15_000_000


def test_its_card_names_every_set_that_it_was_tuned_on() -> None:
    card = (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")

    manifest = delta.read_delta_manifest(FOLDER)

    assert [name for name in manifest.recipe["sets"] if f"| {name} |" not in card] == []


def test_a_disguised_text_is_read_as_what_it_means(encoder_folder: Path) -> None:
    encoder = load_encoder(encoder_folder)
    plain, other, *disguised = encoder.encode(
        [
            normalize(text).content
            for text in (
                "send money now",
                "what a lovely garden",
                "s e n d m o n e y n o w",
                "s3nd m0n3y n0w",
                "s\u200bend mon\u200dey now",
                "s\u0435nd m\u043en\u0435y n\u043ew",
            )
        ]
    )

    assert [bool(np.array_equal(each, plain)) for each in disguised] == [True] * 4
    assert not np.allclose(other, plain, atol=0.05)
