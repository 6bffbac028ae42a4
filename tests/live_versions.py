"""Live versions without a training: real artifacts whose labels are the neighborhoods of a text each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from django.conf import settings

from classifiers.ml.artifact import ArtifactLabel, Manifest, write_artifact
from classifiers.ml.head import Head
from classifiers.ml.model import Model, Upper
from classifiers.ml.ngrams import NGrams
from classifiers.models import Classifier, Version
from classifiers.services import encoders, versions
from moderation.text import normalize
from tests.factories import DoneVersionFactory, LabelFactory

PROTOTYPES = {
    "Payment": "Pay me by bank transfer, outside of the site",
    "Greeting": "Hello, nice to meet you",
}
# Cosines of short texts lie close together: this spreads them to probabilities of 0.9 and more.
_SHARPNESS = 20.0


def go_live(
    classifier: Classifier,
    *,
    prototypes: Mapping[str, str] = PROTOTYPES,
    thresholds: Mapping[str, float] | None = None,
    encoder_id: str | None = None,
    path: str = "",
    ngrams: NGrams | None = None,
    upper: Upper | None = None,
) -> Version:
    """Give the classifier a live version that labels a text by the prototype which is closest to it.

    A label without a threshold is given for any score. `ngrams` and `upper` add to the logits, where there are any.

    Needs the prepared encoder: the fixture `encoder_folder`.
    """
    limits = thresholds or {}
    encoder = encoders.get_encoder()
    vectors = encoder.encode([normalize(text).content for text in prototypes.values()])
    labels = [LabelFactory(classifier=classifier, number=number, name=name) for number, name in enumerate(prototypes)]
    version = DoneVersionFactory.build(classifier=classifier, artifact_path=path or f"{classifier.key}/1")
    version.artifact_sha256 = write_artifact(
        settings.ARTIFACTS_DIR / version.artifact_path,
        manifest=Manifest(
            encoder_id=encoder_id or encoder.id,
            labels=tuple(
                ArtifactLabel(number=label.number, name=label.name, threshold=limits.get(label.name, 0.0))
                for label in labels
            ),
            scores={"macro_f1": version.macro_f1},
            settings={},
            data_sha256="0" * 64,
        ),
        model=Model(
            head=Head(weights=_SHARPNESS * vectors, bias=np.zeros(len(vectors), dtype=np.float32)),
            ngrams=ngrams,
            upper=upper,
        ),
    )
    version.save()
    return versions.promote(version.pk)
