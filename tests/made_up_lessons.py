"""Lessons whose truth is known, for tests of trainings: clouds of numbers, and texts that tell their label or don't."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classifiers.ml.lessons import Lessons, Pool

# Blocks of the features: one for each layer.
LAYERS = 3
_MARKS = ("!!", "??", "££", "##", "@@", "%%", "&&", "++", "==", "~~", "^^", "||")
_WORDS = ("lamp", "pram", "bike", "sofa", "chair", "desk", "guitar", "tent", "boots", "mirror")


def clouds(y: NDArray[np.int64], *, noises: tuple[float, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return features whose blocks each show the label through so much noise; infinite noise shows nothing.

    Shapes: y (n,) with values 0 to 11 -> float32 (n, len(noises) * 12).
    """
    centers = np.eye(len(_MARKS))[y]
    blocks = [
        (centers if np.isfinite(noise) else 0)
        + (noise if np.isfinite(noise) else 1) * rng.standard_normal(centers.shape)
        for noise in noises
    ]
    return np.concatenate(blocks, axis=1).astype(np.float32)


def texts(y: NDArray[np.int64], *, is_telling: bool, rng: np.random.Generator) -> list[str]:
    """Return texts of two words of chance; where they're telling, the label's mark stands at the end."""
    first, second = rng.integers(len(_WORDS), size=(2, len(y)))
    marks = [_MARKS[label] if is_telling else "" for label in y.tolist()]
    return [f"{_WORDS[a]} {_WORDS[b]} {mark}" for a, b, mark in zip(first, second, marks, strict=True)]


def lessons(
    counts: tuple[int, ...],
    *,
    noises: tuple[float, ...] = (0.4,) * LAYERS,
    is_telling: bool = False,
    seed: int = 0,
) -> Lessons:
    """Return so many examples of each label."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    return Lessons(
        X=clouds(y, noises=noises, rng=rng),
        y=y,
        texts=texts(y, is_telling=is_telling, rng=rng),
        label_count=len(counts),
        layer_count=len(noises),
    )


def pool(counts: tuple[int, ...], *, noises: tuple[float, ...] = (0.4,) * LAYERS, seed: int = 1) -> Pool:
    """Return so many texts of each label, without the labels."""
    hidden = lessons(counts, noises=noises, seed=seed)
    return Pool(X=hidden.X, texts=hidden.texts)
