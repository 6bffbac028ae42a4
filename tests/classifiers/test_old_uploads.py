"""Uploaded files don't stay for ever."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from classifiers.models import ImportRun
from classifiers.services import old_uploads
from moderation.runs import RunState
from tests.factories import ClassifierFactory, ImportRunFactory

pytestmark = pytest.mark.django_db


def _uploaded(*, days_ago: float, state: RunState) -> ImportRun:
    created_at = timezone.now() - dt.timedelta(days=days_ago)
    run: ImportRun = ImportRunFactory.build(classifier=ClassifierFactory(), state=state, created_at=created_at)
    run.file.save("upload", ContentFile(b"text\nhello\n"), save=False)
    run.save()
    return run


def _files(settings: Any) -> list[Path]:
    return [path for path in settings.UPLOADS_DIR.rglob("*") if path.is_file()]


def test_a_draft_that_nobody_confirmed_goes_with_its_file(settings: Any) -> None:
    _uploaded(days_ago=3, state=RunState.DRAFT)

    forgotten = old_uploads.forget(now=timezone.now())

    assert forgotten == 1
    assert not ImportRun.objects.exists()
    assert _files(settings) == []


def test_the_report_of_an_old_import_stays_without_its_file(settings: Any) -> None:
    run = _uploaded(days_ago=31, state=RunState.SUCCEEDED)

    forgotten = old_uploads.forget(now=timezone.now())

    run.refresh_from_db()
    assert forgotten == 1
    assert run.file.name == ""
    assert _files(settings) == []


@pytest.mark.parametrize(
    ("days_ago", "state"),
    [(1, RunState.DRAFT), (29, RunState.SUCCEEDED), (40, RunState.QUEUED), (40, RunState.RUNNING)],
)
def test_what_may_still_be_needed_stays(settings: Any, days_ago: float, state: RunState) -> None:
    _uploaded(days_ago=days_ago, state=state)

    forgotten = old_uploads.forget(now=timezone.now())

    assert forgotten == 0
    assert len(_files(settings)) == 1


def test_a_second_time_there_is_nothing_to_forget() -> None:
    _uploaded(days_ago=31, state=RunState.FAILED)
    old_uploads.forget(now=timezone.now())

    assert old_uploads.forget(now=timezone.now()) == 0
