"""Fixtures of every test: own folders, and the encoder, prepared once for all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from classifiers.ml.encoder import EncoderMissing, read_manifest
from classifiers.services import encoders
from tests.server import Server, own_database

ROOT = Path(__file__).resolve().parent.parent
_SHOWN_LOG_CHARS = 20_000


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let no test write where the server keeps its files."""
    settings.ARTIFACTS_DIR = tmp_path / "artifacts"
    settings.WORK_DIR = tmp_path / "work"
    settings.UPLOADS_DIR = tmp_path / "uploads"
    # Empty, but there: a warning is an error.
    settings.STATIC_ROOT = tmp_path_factory.getbasetemp() / "static"
    settings.STATIC_ROOT.mkdir(exist_ok=True)
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


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path) -> Iterator[Server]:
    """Return the real server, started once for all tests that ask for it: web, worker and a database of its own."""
    with own_database() as database_url:
        server = Server(tmp_path_factory.mktemp("house"), encoders_dir=encoder_folder.parent, database_url=database_url)
        try:
            server.start()
            yield server
            server.stop()
        finally:
            server.kill()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the server has logged where a test that uses it fails."""
    report = yield
    server = getattr(item, "funcargs", {}).get("house")
    if report.failed and server is not None:
        report.sections.append(("the server's log", server.log()[-_SHOWN_LOG_CHARS:]))
    return report
