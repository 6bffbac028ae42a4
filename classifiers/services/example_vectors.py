"""The features of all examples of one classifier, computed where they are missing, a batch after the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from classifiers.ml.encoder import EncoderDamaged, EncoderManifest, EncoderMissing
from classifiers.models import Example
from classifiers.services import embeddings, encoders
from moderation.runs import Claim, RunError

# A batch is some ten seconds of encoding: what is lost at most when the worker dies. Starting a child takes one.
BATCH = 5_000


def get_manifest() -> EncoderManifest:
    """Return what is known of this server's encoder. Raises RunError."""
    try:
        return encoders.get_manifest()
    except (EncoderMissing, EncoderDamaged) as error:
        raise RunError(str(error)) from error


def ensure(
    classifier_id: int,
    *,
    encoder_id: str,
    claim: Claim,
    folder: Path,
    span: tuple[float, float] = (0.0, 1.0),
    batch: int = BATCH,
) -> int:
    """Compute and store the missing features of the classifier's examples; return how many were computed.

    Each batch is stored before the next is computed: another attempt goes on where this one ends. Raises as
    `embeddings.ensure`.
    """
    of_classifier = Example.objects.filter(classifier_id=classifier_id).order_by("pk")
    total = of_classifier.count()
    begin, end = span
    computed = done = last_id = 0
    while rows := list(of_classifier.filter(pk__gt=last_id).values_list("pk", "text_key", "text")[:batch]):
        last_id = rows[-1][0]
        after = min(1.0, (done + len(rows)) / max(total, 1))
        computed += embeddings.ensure(
            {key: text for _, key, text in rows},
            encoder_id=encoder_id,
            claim=claim,
            folder=folder,
            timeout_s=settings.TRAINING_TIMEOUT_S,
            span=(begin + (end - begin) * done / max(total, 1), begin + (end - begin) * after),
        )
        done += len(rows)
        claim.beat(progress=begin + (end - begin) * after, step=f"Reading the examples: {done:,} of {total:,}")
    return computed


def matrix(classifier_id: int, *, encoder: EncoderManifest, path: Path) -> tuple[list[int], NDArray[np.float16]]:
    """Return the ids of the examples whose features are stored, in their order, and these, mapped from `path`.

    Shapes: float16 (n, d). An example that came in after `ensure` is left out.
    """
    rows = Example.objects.filter(classifier_id=classifier_id).order_by("pk").values_list("pk", "text_key")
    ids = {key: pk for pk, key in rows.iterator()}
    keys = embeddings.stored(list(ids), encoder_id=encoder.id)
    vectors = embeddings.matrix(keys, encoder_id=encoder.id, path=path, dimension=encoder.dimension)
    return [ids[key] for key in keys], vectors
