"""Forget the files of trainings that no version has: a worker died before noting them, or the version is gone."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from classifiers.models import Version

# From when it was first seen that nobody has them: a day in which somebody may find that the wrong database was used.
KEPT = dt.timedelta(days=1)
_MARK = "unused_since"


def sweep(*, now: dt.datetime) -> int:
    """Delete the artifacts that no version has had for a day; return how many.

    The first time that one is seen without a version it's only marked; one that has a version again loses its mark. So
    a training that has its files in place but isn't noted yet keeps them.
    """
    known = set(Version.objects.exclude(artifact_path="").values_list("artifact_path", flat=True))
    return sum(_sweep_one(folder, is_used=path in known, now=now) for path, folder in _folders())


def discard(artifact_path: str) -> None:
    """Delete the artifact of a training that came to nothing."""
    folder: Path = settings.ARTIFACTS_DIR / artifact_path
    shutil.rmtree(folder, ignore_errors=True)
    _remove_empty(folder.parent)


def _folders() -> Iterator[tuple[str, Path]]:
    root: Path = settings.ARTIFACTS_DIR
    for folder in sorted(root.glob("*/*")):
        if folder.is_dir():
            yield folder.relative_to(root).as_posix(), folder


def _sweep_one(folder: Path, *, is_used: bool, now: dt.datetime) -> bool:
    mark = folder / _MARK
    if is_used:
        mark.unlink(missing_ok=True)
        return False
    since = _read(mark)
    if since is None:
        mark.write_text(now.isoformat(), encoding="utf-8")
        return False
    if now - since < KEPT:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    _remove_empty(folder.parent)
    return not folder.exists()


def _read(mark: Path) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(mark.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _remove_empty(folder: Path) -> None:
    # That of a classifier which has no versions any more; another training may be making it anew just now.
    try:
        folder.rmdir()
    except OSError:
        return
