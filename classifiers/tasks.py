"""What the worker runs. The paths are stored in the queue: never rename one."""

from __future__ import annotations

from django.utils import timezone

from classifiers.models import ImportRun, Version
from classifiers.services import imports, old_uploads, training
from moderation import runs


def train_version(version_id: int) -> None:
    """Train a version."""
    runs.execute(Version, version_id, work=training.carry_out)


def run_import(import_run_id: int) -> None:
    """Write the examples of an uploaded file."""
    runs.execute(ImportRun, import_run_id, work=imports.carry_out)


def forget_old_uploads() -> None:
    """Delete uploaded files that nobody needs any more."""
    old_uploads.forget(now=timezone.now())
