"""Prepared encoders of which only the manifest is there: enough for all that doesn't read a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from classifiers.ml.encoder import EncoderManifest, write_manifest
from classifiers.models import Classifier, Version
from classifiers.services import encoders, versions
from tests import staff
from tests.factories import ClassifierFactory, DoneVersionFactory

NEW, OLD = "new-1", "old-1"


def use(settings: Any, folder: Path, *, encoder_id: str = NEW) -> None:
    """Set the server to an encoder with that id, whose files lie below `folder`."""
    settings.ENCODERS_DIR = folder
    settings.ENCODER = "some/model"
    target = encoders.current_folder()
    target.mkdir(parents=True, exist_ok=True)
    manifest = EncoderManifest(
        id=encoder_id,
        source=settings.ENCODER,
        weights_sha256="0" * 64,
        layers=(2, 4, 6),
        dimension=1152,
        max_tokens=256,
        cosine_mean=0.9941,
        cosine_min=0.9884,
        files={},
    )
    write_manifest(target, manifest)


def live(*, encoder_id: str, each: int = 10, **values: Any) -> Classifier:
    """Return a trainable classifier with a live version that was trained with that encoder."""
    classifier = ClassifierFactory(**values)
    staff.trainable(classifier, each=each)
    version = DoneVersionFactory(classifier=classifier, encoder_id=encoder_id, number=1)
    classifier.live_version = version
    classifier.save(update_fields=["live_version"])
    return classifier


def finish(version: Version, *, encoder_id: str = NEW) -> None:
    """Let a training end, as far as the database goes."""
    done = DoneVersionFactory.build(classifier=version.classifier, encoder_id=encoder_id)
    for name in ("state", "macro_f1", "artifact_path", "artifact_sha256", "encoder_id"):
        setattr(version, name, getattr(done, name))
    version.save()
    versions.promote(version.pk)
