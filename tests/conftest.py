"""Fixtures of every test: own folders, and the encoder, prepared once for all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from classifiers.ml.encoder import EncoderMissing, read_manifest
from classifiers.services import encoders

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Path) -> None:
    """Let no test write where the server keeps its files."""
    settings.ARTIFACTS_DIR = tmp_path / "artifacts"
    settings.WORK_DIR = tmp_path / "work"
    settings.UPLOADS_DIR = tmp_path / "uploads"
    settings.STORAGES = {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": settings.UPLOADS_DIR},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def encoder_folder() -> Iterator[Path]:
    """Return the folder of the default encoder, prepared by the real command where it's missing."""
    folder = encoders.folder_for(django_settings.ENCODER)
    try:
        read_manifest(folder)
    except EncoderMissing:
        command = [sys.executable, str(ROOT / "manage.py"), "prepare_encoder"]
        subprocess.run(command, check=True, env={**os.environ, "DEBUG": "0"}, timeout=900)
    yield folder
