"""Whether anybody does the background work."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from moderation.models import WorkerBeat

BEAT_EVERY_S = 5.0
# Three missed beats and a little: a busy machine may delay one.
_ALIVE_FOR = dt.timedelta(seconds=20)
_KEPT_FOR = dt.timedelta(hours=1)


def beat(name: str) -> None:
    """Write that the worker process `name` is alive, and forget those long gone."""
    now = timezone.now()
    if not WorkerBeat.objects.filter(name=name).update(seen_at=now):
        WorkerBeat.objects.update_or_create(name=name, defaults={"seen_at": now})
        WorkerBeat.objects.filter(seen_at__lt=now - _KEPT_FOR).delete()


def is_any_alive() -> bool:
    """Return whether a worker process was alive within the last seconds."""
    return WorkerBeat.objects.filter(seen_at__gte=timezone.now() - _ALIVE_FOR).exists()
