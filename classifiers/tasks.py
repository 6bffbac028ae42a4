"""What the worker runs. The paths are stored in the queue: never rename one."""

from __future__ import annotations

from django.utils import timezone

from classifiers.models import CopyRun, EmbeddingRun, ImportRun, NearDuplicateRun, RequestImport, Version
from classifiers.services import (
    artifacts,
    copying,
    embedding_runs,
    imports,
    near_duplicates,
    old_uploads,
    request_choices,
    training,
)
from moderation import runs


def train_version(version_id: int) -> None:
    """Train a version."""
    runs.execute(Version, version_id, work=training.carry_out)


def run_import(import_run_id: int) -> None:
    """Write the examples of an uploaded file."""
    runs.execute(ImportRun, import_run_id, work=imports.carry_out)


def choose_requests(request_import_id: int) -> None:
    """Choose logged requests that are worth learning from."""
    runs.execute(RequestImport, request_import_id, work=request_choices.carry_out)


def find_near_duplicates(run_id: int) -> None:
    """Find the examples of a classifier that say nearly the same."""
    runs.execute(NearDuplicateRun, run_id, work=near_duplicates.carry_out)


def read_examples(run_id: int) -> None:
    """Compute the features of a classifier's new examples."""
    runs.execute(EmbeddingRun, run_id, work=embedding_runs.carry_out)


def copy_examples(run_id: int) -> None:
    """Copy the examples of a classifier into a new one."""
    runs.execute(CopyRun, run_id, work=copying.carry_out)


def forget_old_uploads() -> None:
    """Delete uploaded files that nobody needs any more."""
    old_uploads.forget(now=timezone.now())


def forget_unused_artifacts() -> None:
    """Delete the files of trainings that no version has."""
    artifacts.sweep(now=timezone.now())
