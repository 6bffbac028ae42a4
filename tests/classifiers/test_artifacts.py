"""Files of trainings that no version has go after a day, and no others."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from classifiers import tasks
from classifiers.models import Version
from classifiers.services import artifacts
from tests.factories import DoneVersionFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 10, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def _write(settings: Any, path: str) -> Path:
    folder: Path = settings.ARTIFACTS_DIR / path
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    return folder


def test_what_a_version_has_stays_however_old(settings: Any) -> None:
    folder = _write(settings, "spam/1-abc")
    DoneVersionFactory(artifact_path="spam/1-abc")

    swept = [artifacts.sweep(now=NOW + day * DAY) for day in range(3)]

    assert swept == [0, 0, 0]
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


def test_what_no_version_has_goes_a_day_after_it_was_seen(settings: Any) -> None:
    orphan = _write(settings, "spam/1-abc")

    swept = [artifacts.sweep(now=at) for at in (NOW, NOW + DAY - dt.timedelta(seconds=1), NOW + DAY, NOW + 2 * DAY)]

    assert swept == [0, 0, 1, 0]
    assert not orphan.parent.exists()


def test_what_a_version_has_by_then_stays_and_loses_its_mark(settings: Any) -> None:
    folder = _write(settings, "spam/1-abc")
    artifacts.sweep(now=NOW)
    version = DoneVersionFactory(artifact_path="spam/1-abc")
    artifacts.sweep(now=NOW + DAY)

    Version.objects.filter(pk=version.pk).delete()
    swept = [artifacts.sweep(now=NOW + 2 * DAY), artifacts.sweep(now=NOW + 3 * DAY)]

    # From when it was seen the second time, it's a day again.
    assert swept == [0, 1]
    assert not folder.exists()


def test_a_mark_that_can_t_be_read_is_made_anew(settings: Any) -> None:
    folder = _write(settings, "spam/1-abc")
    (folder / "unused_since").write_text("yesterday, I think")

    assert [artifacts.sweep(now=NOW), artifacts.sweep(now=NOW + DAY)] == [0, 1]


def test_other_versions_of_the_classifier_stay(settings: Any) -> None:
    _write(settings, "spam/1-abc")
    kept = _write(settings, "spam/2-def")
    DoneVersionFactory(artifact_path="spam/2-def")

    artifacts.sweep(now=NOW)
    artifacts.sweep(now=NOW + DAY)

    assert [path.name for path in kept.parent.iterdir()] == ["2-def"]


def test_without_any_files_there_is_nothing_to_do() -> None:
    tasks.forget_unused_artifacts()

    assert artifacts.sweep(now=NOW) == 0


def test_the_files_of_a_training_that_came_to_nothing_go_at_once(settings: Any) -> None:
    folder = _write(settings, "spam/1-abc")

    artifacts.discard("spam/1-abc")
    artifacts.discard("spam/1-abc")

    assert not folder.parent.exists()
