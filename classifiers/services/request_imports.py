"""Examples from logged requests: ask for a search, see what was chosen, take it over or discard it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from classifiers.importing.fingerprint import text_key
from classifiers.importing.texts import BadText, clean_text
from classifiers.models import (
    Classifier,
    Example,
    ExampleOrigin,
    PickReason,
    RequestImport,
    RequestPick,
    Selection,
)
from classifiers.services import embedding_runs
from moderation import runs
from moderation.models import Project, RequestLog
from moderation.runs import RunState

# More at once than anybody labels; "all" takes so many as well.
MOST_WANTED = 5_000
DEFAULT_WANTED = 200
DEFAULT_PERIOD = dt.timedelta(days=30)
PICKS_SHOWN = 20
_CHUNK = 500


class NotImportable(Exception):
    """The search can't be asked for or taken over; the message says why and what to do."""


@dataclass(frozen=True)
class Query:
    """What is looked for. `predicted` is a label's name, empty for any; scores are shares."""

    project_ids: tuple[int, ...]
    since_at: dt.datetime
    until_at: dt.datetime
    selection: Selection = Selection.USEFUL
    wanted: int = DEFAULT_WANTED
    predicted: str = ""
    score_min: float = 0.0
    score_max: float = 1.0
    is_flagged_only: bool = False


def sources() -> QuerySet[Project]:
    """Return the projects whose requests can be imported: those that log, and those that have logged."""
    logged = RequestLog.objects.filter(project=OuterRef("pk")).order_by()
    return Project.objects.filter(Q(is_logging=True) | Exists(logged)).order_by("name")


def default_since(classifier_id: int, *, now: dt.datetime) -> dt.datetime:
    """Return until when requests were taken over last; without such an import, the time 30 days ago."""
    taken = RequestImport.objects.filter(classifier_id=classifier_id, taken_at__isnull=False)
    last = taken.order_by("-until_at").values_list("until_at", flat=True).first()
    return last or now - DEFAULT_PERIOD


def start(classifier_id: int, *, query: Query, by: Any = None) -> RequestImport:
    """Queue a search of the log. Raises NotImportable."""
    if not query.project_ids:
        raise NotImportable("Choose at least one project.")
    if query.since_at >= query.until_at:
        raise NotImportable("The period ends before it begins. Choose an earlier beginning.")
    if query.score_min > query.score_max:
        raise NotImportable("The lowest score is above the highest. Swap them.")
    if not 1 <= query.wanted <= MOST_WANTED:
        raise NotImportable(f"Choose from 1 to {MOST_WANTED:,} texts.")
    with transaction.atomic():
        values = {**vars(query), "project_ids": list(query.project_ids)}
        run = RequestImport.objects.create(classifier_id=classifier_id, requested_by=by, **values)
        runs.send(RequestImport, run.pk)
    return run


def picks(run: RequestImport, *, limit: int = PICKS_SHOWN) -> list[tuple[RequestPick, RequestLog]]:
    """Return the first picks with their requests, without those that were erased meanwhile."""
    chosen = list(run.picks.order_by("pk")[:limit])
    requests = RequestLog.objects.select_related("project").in_bulk([pick.request_id for pick in chosen])
    return [(pick, requests[pick.request_id]) for pick in chosen if pick.request_id in requests]


def reasons(run: RequestImport) -> list[tuple[PickReason, int]]:
    """Return how many were picked for which reason, the commonest first."""
    counts = run.picks.order_by().values_list("reason").annotate(n=Count("pk")).order_by("-n", "reason")
    return [(PickReason(reason), count) for reason, count in counts]


def take(run_id: int, *, by: Any = None) -> int:
    """Add what was chosen as unlabelled examples; return how many were added.

    A request that was erased, or a text that was added meanwhile, is left out. Raises NotImportable.
    """
    with transaction.atomic():
        taken = RequestImport.objects.filter(pk=run_id, state=RunState.SUCCEEDED, taken_at__isnull=True)
        if not taken.update(taken_at=timezone.now()):
            raise NotImportable("These texts were added or discarded already. Start another search.")
        run = RequestImport.objects.get(pk=run_id)
        # One import of a classifier at a time, as for files: two with the same texts would lock each other out.
        Classifier.objects.select_for_update(no_key=True).get(pk=run.classifier_id)
        ids = list(run.picks.order_by("pk").values_list("request_id", flat=True))
        for start in range(0, len(ids), _CHUNK):
            _insert(run, ids[start : start + _CHUNK])
        added = Example.objects.filter(request_import=run).count()
        RequestImport.objects.filter(pk=run_id).update(added=added)
        run.picks.all().delete()
    embedding_runs.start(run.classifier_id, by=by)
    return added


def discard(run_id: int) -> bool:
    """Forget a search that ended without anything being taken over; return whether there was one."""
    over = RequestImport.objects.filter(pk=run_id, taken_at__isnull=True).exclude(state__in=runs.OPEN_STATES)
    return bool(over.delete()[0])


def _insert(run: RequestImport, ids: Sequence[int]) -> None:
    requests = RequestLog.objects.in_bulk(ids)
    rows = []
    for request in (requests[pk] for pk in ids if pk in requests):
        try:
            text = clean_text(request.text)
        except BadText:
            # Masked or shortened since it was chosen.
            continue
        rows.append(
            Example(
                classifier_id=run.classifier_id,
                text=text,
                text_key=text_key(text),
                origin=ExampleOrigin.REQUEST,
                request_import=run,
                source_request_id=request.pk,
                source_project_id=request.project_id,
            )
        )
    Example.objects.bulk_create(rows, ignore_conflicts=True)
