"""Which encoder this server uses, and where it lies."""

from __future__ import annotations

import threading
from functools import cache
from hashlib import sha256
from pathlib import Path
from re import sub

from django.conf import settings

from classifiers.ml.encoder import EncoderManifest, OnnxEncoder, load_encoder, read_manifest

_lock = threading.Lock()


def folder_for(source: str) -> Path:
    """Return the folder in which the prepared encoder made from `source` (a hub name or a folder) lies."""
    readable = sub(r"[^A-Za-z0-9.-]+", "-", Path(source).name)[:60]
    return Path(settings.ENCODERS_DIR) / f"{readable}-{sha256(source.encode()).hexdigest()[:8]}"


def current_folder() -> Path:
    """Return the folder of the encoder that this server is set to."""
    return folder_for(settings.ENCODER)


def get_manifest() -> EncoderManifest:
    """Return what is known of this server's encoder, without loading it. Raises EncoderMissing, EncoderDamaged."""
    return read_manifest(current_folder())


def get_encoder() -> OnnxEncoder:
    """Return this process's encoder, loaded at the first call. Raises EncoderMissing, EncoderDamaged."""
    # Without the lock, threads that start together would each load the model.
    with _lock:
        return _loaded(current_folder())


@cache
def _loaded(folder: Path) -> OnnxEncoder:
    return load_encoder(folder)
