"""Forget uploaded files that nobody needs any more: drafts that were never confirmed, and originals after a month."""

from __future__ import annotations

import datetime as dt

from classifiers.models import ImportRun
from moderation.runs import OPEN_STATES, RunState

# Long enough to come back after a night.
DRAFTS_KEPT = dt.timedelta(days=2)
# So long can be looked up what a file really held.
FILES_KEPT = dt.timedelta(days=30)
_AT_ONCE = 200


def forget(*, now: dt.datetime) -> int:
    """Delete old drafts with their files, and the files of old imports, whose reports stay; return how many files."""
    drafts = ImportRun.objects.filter(state=RunState.DRAFT, created_at__lt=now - DRAFTS_KEPT)
    done = ImportRun.objects.exclude(state__in=[RunState.DRAFT, *OPEN_STATES]).exclude(file="")
    forgotten = 0
    for run in drafts[:_AT_ONCE]:
        # Confirmed in this very moment: then it is no draft any more.
        if ImportRun.objects.filter(pk=run.pk, state=RunState.DRAFT).delete()[0]:
            run.file.delete(save=False)
            forgotten += 1
    for run in done.filter(created_at__lt=now - FILES_KEPT)[:_AT_ONCE]:
        run.file.delete(save=False)
        forgotten += ImportRun.objects.filter(pk=run.pk).update(file="")
    return forgotten
