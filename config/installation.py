"""Bring this machine to the state in which it can serve. Every step does nothing where it was done before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import unfold
from django.conf import settings
from django.core.management import CommandError, call_command

from classifiers.ml.encoder import EncoderDamaged, EncoderMissing, read_manifest
from classifiers.services import encoders


def prepare() -> None:
    """Migrate the database, collect the static files, and prepare the encoder. Raises CommandError."""
    call_command("migrate", interactive=False, verbosity=0)
    if _is_static_stale():
        call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    _prepare_encoder()


def _is_static_stale() -> bool:
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.exists():
        return True
    folders = [Path(unfold.__file__).parent, *map(Path, settings.STATICFILES_DIRS)]
    sources = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return max(path.stat().st_mtime for path in sources) > manifest.stat().st_mtime


def _prepare_encoder() -> None:
    try:
        read_manifest(encoders.current_folder())
    except (EncoderMissing, EncoderDamaged):
        # In a process of its own: torch takes hundreds of megabytes and must not be forked after use.
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "prepare_encoder"]
        if subprocess.run(command, check=False).returncode:  # noqa: S603 - our own command
            raise CommandError("The encoder could not be prepared; see above.") from None
