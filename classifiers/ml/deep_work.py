"""The deep tier within a training: tried where the classifier asks for it, and taken over where it won."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.ml import memory
from classifiers.ml.deep.upper import UpperSession
from classifiers.ml.encoder import EncoderDamaged, EncoderMissing, OnnxEncoder, load_encoder
from classifiers.ml.evaluation import evaluate
from classifiers.ml.lessons import Lessons
from classifiers.ml.model import Model, Upper, predict_proba, with_upper
from classifiers.ml.training import Trained

# Of the child's progress.
BEGINS, ENDS = 0.3, 0.95
_DECIMALS = 6
_KEPT_PRODUCTS = "64"
# Among the settings: what the adapted layers take for a text.
_TIME = "serving_ms"

Progress = Callable[[float, str], None]


def try_it(
    trained: Trained, *, lessons: Lessons, job: dict[str, Any], on_progress: Progress
) -> tuple[Trained, dict[str, Any]]:
    """Return the training's result with adapted layers, where these won, and what to note among the settings.

    What can't be adapted, or not in time, isn't: that is said, and the fast tier's result stands. Raises MemoryError.
    """
    # The codes that torch's matrix products keep take memory: its own limit of 1,024 takes 300 MB. Read once, by torch.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", _KEPT_PRODUCTS)
    # Only here: it imports torch, which takes a second and 300 MB.
    from classifiers.ml.deep import trying
    from classifiers.ml.deep.recipe import Recipe

    def tell(share: float, step: str) -> None:
        on_progress(BEGINS + (ENDS - BEGINS) * share, step)

    tell(0.0, "Adapting the encoder's upper layers")
    memory.give_back()
    try:
        tried = trying.try_deep(
            lessons,
            fast=trying.Fast(held_out=trained.held_out, folds=trained.folds, is_measured=trained.is_measured),
            base=trying.load_base(job["encoder_source"], encoder=_encoder(job)),
            recipe=Recipe(seed=job["seed"]),
            clock=time.monotonic,
            limit_s=job["deep_limit_s"],
            on_progress=tell,
        )
    except (EncoderMissing, EncoderDamaged, *trying.ERRORS) as error:
        return _said(trained, str(error)), {"deep": {"tried": True, "kept": False}}
    noted: dict[str, Any] = {"tried": True, "kept": tried.deep is not None}
    if tried.comparison is not None:
        gain, noise = tried.comparison.gain, tried.comparison.noise
        noted |= {"gain": round(float(gain), _DECIMALS), "noise": round(float(noise), _DECIMALS)}
    if tried.deep is None:
        return _said(trained, tried.remark), {"deep": noted}
    upper = Upper(content=tried.deep.upper, head=tried.deep.head)
    model = with_upper(trained.model, upper=upper, factor=tried.deep.fast_factor)
    noted[_TIME] = round(tried.deep.serving_ms, 2)
    return _measured_anew(replace(trained, model=model), tried=tried, lessons=lessons), {"deep": noted}


def timeless(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings without what differs from one training on the same examples to the next.

    >>> timeless({"C": 1.0, "deep": {"kept": True, "serving_ms": 2.5}})
    {'C': 1.0, 'deep': {'kept': True}}
    """
    if "deep" not in settings:
        return settings
    return settings | {"deep": {name: value for name, value in settings["deep"].items() if name != _TIME}}


def predict(model: Model, X: NDArray[np.float32], *, texts: Sequence[str], job: dict[str, Any]) -> NDArray[np.float32]:
    """Return each label's probability for each text, by adapted layers too, where the model has such.

    Shapes: X float32 (n, d) -> float32 (n, k). Raises EncoderMissing, EncoderDamaged where it has.
    """
    if model.upper is None:
        return predict_proba(model, X, texts=texts)
    _, states = _encoder(job).encode_with_states(texts)
    upper_features = UpperSession(model.upper.content).encode(states)
    return predict_proba(model, X, texts=texts, upper_features=upper_features)


def _encoder(job: dict[str, Any]) -> OnnxEncoder:
    return load_encoder(Path(job["encoder"]))


def _said(trained: Trained, remark: str) -> Trained:
    return replace(trained, dropped=(*trained.dropped, remark)) if remark else trained


def _measured_anew(trained: Trained, *, tried: Any, lessons: Lessons) -> Trained:
    """Return the result with the scores of both tiers together; of many examples not all were asked."""
    held_out = trained.held_out.copy()
    held_out[tried.rows] = tried.held_out
    was_asked = np.zeros(len(held_out), dtype=np.bool_)
    was_asked[tried.rows] = True
    is_measured = trained.is_measured & was_asked
    scores = evaluate(lessons.y[is_measured], held_out[is_measured].argmax(axis=1), label_count=lessons.label_count)
    return replace(trained, held_out=held_out, is_measured=is_measured, scores=scores)
