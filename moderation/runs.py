"""The base of all background work: one row a run, which is the truth; the queue only carries its id.

A run is claimed by one conditional UPDATE that also counts the attempt, before any work is done. Every later write
names the claim's token, so that a worker which lost its run (it hung, its lease ended, another took over) cannot
write over the other's progress. `sweep` puts back what died; after `MAX_ATTEMPTS` a run is dead.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import traceback
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django_q.tasks import async_task

from moderation import child_process, events
from moderation.events import Event

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
# A beat comes at least every few seconds; a run that was silent for two minutes has lost its worker.
LEASE = dt.timedelta(seconds=120)
# A queued run that nobody claimed for this long may have lost its message: it is sent again (claiming is idempotent).
RESEND_AFTER = dt.timedelta(minutes=10)


class RunError(Exception):
    """An expected failure of a run; its message is a sentence for the user. The run is not tried again."""


class RunBroke(Exception):
    """A failure that may not come again; its message is a sentence for the user. The run is tried again."""


class RunLost(Exception):
    """The run now belongs to another worker, or was ended: stop at once and write nothing."""


class RunCancelled(Exception):
    """A person asked for the run to stop."""


class RunPaused(Exception):
    """The run stops here and can be resumed; its message is a sentence for the user."""


class RunGoesOn(Exception):
    """The run has worked for long and lets others have the worker: it's queued again and goes on where it was."""


class RunState(models.TextChoices):
    DRAFT = "DRAFT", "Not started"
    QUEUED = "QUEUED", "Waiting"
    RUNNING = "RUNNING", "Running"
    PAUSED = "PAUSED", "Paused"
    SUCCEEDED = "SUCCEEDED", "Done"
    FAILED = "FAILED", "Failed"
    DEAD = "DEAD", "Gave up"
    CANCELLED = "CANCELLED", "Cancelled"


OPEN_STATES = (RunState.QUEUED, RunState.RUNNING)


class BackgroundRun(models.Model):
    """One piece of background work: who asked, where it stands, and why it failed if it did.

    Written by the service that asks for the work (QUEUED), the worker that does it, and the sweeper.
    """

    # The task's dotted path. It is stored in the queue: never rename it.
    task_path: ClassVar[str]

    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    progress = models.FloatField(default=0.0, help_text="Share of the work done, 0 to 1.")
    step = models.CharField(max_length=200, blank=True, help_text="What the run is doing now.")
    error = models.TextField(blank=True, help_text="Why it failed, for the user.")
    is_cancel_requested = models.BooleanField(default=False)
    token = models.UUIDField(null=True, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def ended_event(self) -> Event | None:
        """Return what is told of the run, which has just ended or been paused; None where nobody waits for it."""
        return None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def percent(self) -> int:
        return round(100 * self.progress)


@dataclass(frozen=True)
class Claim:
    """A worker's hold on one run. Every method writes only while the hold lasts."""

    model: type[BackgroundRun]
    run_id: int
    token: uuid.UUID

    def get_run(self) -> Any:
        return self.model._default_manager.get(pk=self.run_id)

    def beat(self, *, progress: float | None = None, step: str | None = None, **values: Any) -> None:
        """Say that the run lives, and how far it is; keep the results so far that are in `values`.

        Units: progress is a share in [0, 1]. Raises RunLost, RunCancelled.
        """
        now = timezone.now()
        values |= {"heartbeat_at": now, "lease_until": now + LEASE}
        if progress is not None:
            values["progress"] = min(max(progress, 0.0), 1.0)
        if step is not None:
            values["step"] = step[:200]
        if not self._mine().filter(is_cancel_requested=False).update(**values):
            if self._mine().exists():
                raise RunCancelled
            raise RunLost

    def keep(self, **values: Any) -> None:
        """Keep the results in `values`, also of a run that shall stop: what was paid for isn't lost. Raises RunLost."""
        now = timezone.now()
        if not self._mine().update(heartbeat_at=now, lease_until=now + LEASE, **values):
            raise RunLost

    def finish(self, **values: Any) -> None:
        """Mark the run as done, together with the results in `values`. Raises RunLost."""
        self._end(RunState.SUCCEEDED, progress=1.0, step="", error="", **values)

    def fail(self, sentence: str) -> None:
        """Mark the run as failed for the reason in `sentence`. Raises RunLost."""
        self._end(RunState.FAILED, error=sentence)

    def pause(self, sentence: str) -> None:
        """Put the run aside until somebody resumes it, for the reason in `sentence`. Raises RunLost."""
        with transaction.atomic():
            if not self._mine().update(state=RunState.PAUSED, token=None, lease_until=None, step="", error=sentence):
                raise RunLost
            _tell_end(self.model, self.run_id)

    def go_on_later(self) -> None:
        """Queue the run behind what waits; no attempt is counted. Raises RunLost."""
        if not self._mine().update(
            state=RunState.QUEUED, attempts=0, token=None, lease_until=None, sent_at=timezone.now()
        ):
            raise RunLost
        send(self.model, self.run_id)

    def cancel(self) -> None:
        """Mark the run as cancelled. Raises RunLost."""
        self._end(RunState.CANCELLED, error="Cancelled on request.")

    def give_back(self, sentence: str) -> None:
        """Put the run back for another attempt, or declare it dead after the last one. Raises RunLost."""
        is_last = Q(attempts__gte=MAX_ATTEMPTS)
        if self._mine().filter(is_last).exists():
            self._end(RunState.DEAD, error=f"{sentence} Tried {MAX_ATTEMPTS} times.")
            return
        if not self._mine().update(state=RunState.QUEUED, token=None, lease_until=None, error=sentence):
            raise RunLost
        send(self.model, self.run_id)

    def _mine(self) -> models.QuerySet[BackgroundRun]:
        return self.model._default_manager.filter(pk=self.run_id, state=RunState.RUNNING, token=self.token)

    def _end(self, state: RunState, **values: Any) -> None:
        with transaction.atomic():
            ended = self._mine().update(state=state, finished_at=timezone.now(), lease_until=None, **values)
            if not ended:
                raise RunLost
            _tell_end(self.model, self.run_id)


def _tell_end(model: type[BackgroundRun], run_id: int) -> None:
    # In the transaction that changes the state, which happens once: so the end is told once, or not at all.
    event = model._default_manager.get(pk=run_id).ended_event()
    if event is not None:
        events.announce(event)


def send(model: type[BackgroundRun], run_id: int) -> None:
    """Queue the run's task once the current transaction is committed."""
    transaction.on_commit(partial(async_task, model.task_path, run_id))


def claim(model: type[BackgroundRun], run_id: int) -> Claim | None:
    """Take the run for this worker and count the attempt, or return None where it isn't to be had."""
    now = timezone.now()
    is_free = Q(state=RunState.QUEUED) | Q(state=RunState.RUNNING, lease_until__lt=now)
    token = uuid.uuid4()
    taken = model._default_manager.filter(is_free, pk=run_id, attempts__lt=MAX_ATTEMPTS).update(
        state=RunState.RUNNING,
        attempts=F("attempts") + 1,
        token=token,
        started_at=now,
        heartbeat_at=now,
        lease_until=now + LEASE,
        progress=0.0,
        step="",
        error="",
    )
    return Claim(model=model, run_id=run_id, token=token) if taken else None


def execute(model: type[BackgroundRun], run_id: int, *, work: Callable[[Claim], None]) -> None:
    """Do `work` for the run if it can be claimed, and leave the row saying how it ended.

    `work` ends by calling `claim.finish`. It raises RunError for an expected failure, RunBroke for one that is worth
    another attempt, RunPaused where a person should say when to go on, RunGoesOn where others shall have a turn. This
    is the one place of the house that catches every exception: the row must never be left saying that the run goes on.
    """
    held = claim(model, run_id)
    if held is None:
        return
    try:
        work(held)
    except RunLost:
        logger.warning("run lost", extra={"run": f"{model.__name__}:{run_id}"})
    except RunCancelled:
        _end(held.cancel)
    except RunGoesOn:
        _end(held.go_on_later)
    except RunPaused as error:
        _end(partial(held.pause, str(error)))
    except RunError as error:
        _end(partial(held.fail, str(error)))
    except RunBroke as error:
        logger.error("run broke", extra={"run": f"{model.__name__}:{run_id}", "error": type(error).__name__})
        _end(partial(held.give_back, str(error)))
    except Exception as error:  # noqa: BLE001 - the one task runner
        if isinstance(error, OSError) and child_process.is_out_of_space(error):
            logger.error("no space left", extra={"run": f"{model.__name__}:{run_id}"})
            _end(partial(held.fail, child_process.NO_SPACE))
            return
        # The message may hold a user's text: only the kind of error and its place go to the log and the screen.
        place = traceback.extract_tb(error.__traceback__)[-1]
        details = {"error": type(error).__name__, "place": f"{place.filename}:{place.lineno}"}
        logger.error("run broke", extra={"run": f"{model.__name__}:{run_id}", **details})
        _end(partial(held.give_back, f"Something unexpected went wrong ({type(error).__name__})."))


def _end(ending: Callable[[], None]) -> None:
    # A run that was lost in the meantime is another worker's to end.
    with contextlib.suppress(RunLost):
        ending()


def request_cancel(model: type[BackgroundRun], run_id: int) -> bool:
    """Ask the run to stop; return whether there was anything to stop.

    A run that waits or is paused is cancelled at once.
    """
    runs = model._default_manager.filter(pk=run_id)
    if runs.filter(state__in=(RunState.QUEUED, RunState.PAUSED)).update(
        state=RunState.CANCELLED, finished_at=timezone.now(), error="Cancelled on request."
    ):
        return True
    return bool(runs.filter(state=RunState.RUNNING).update(is_cancel_requested=True))


def resume(model: type[BackgroundRun], run_id: int) -> bool:
    """Queue a run again that was paused, failed or gave up; return whether there was one. What it did before stays."""
    stopped = (RunState.PAUSED, RunState.FAILED, RunState.DEAD)
    resumed = model._default_manager.filter(pk=run_id, state__in=stopped).update(
        state=RunState.QUEUED, attempts=0, error="", is_cancel_requested=False, finished_at=None, sent_at=timezone.now()
    )
    if resumed:
        send(model, run_id)
    return bool(resumed)


def sweep() -> int:
    """Put back every run whose worker died, and send again what was never claimed; return how many were moved."""
    now = timezone.now()
    return sum(_sweep_model(model, now=now) for model in _run_models())


def held_tokens() -> set[str]:
    """Return the tokens, in hex, of all holds that workers have on runs."""
    found: set[str] = set()
    for model in _run_models():
        running = model._default_manager.filter(state=RunState.RUNNING, token__isnull=False)
        found |= {token.hex for token in running.values_list("token", flat=True)}
    return found


def _sweep_model(model: type[BackgroundRun], *, now: dt.datetime) -> int:
    runs = model._default_manager
    silent = runs.filter(state=RunState.RUNNING, lease_until__lt=now)
    spent = silent.filter(attempts__gte=MAX_ATTEMPTS)
    dead = sum(_declare_dead(model, run_id, now=now) for run_id in list(spent.values_list("pk", flat=True)))
    back = silent.update(state=RunState.QUEUED, token=None, lease_until=None, sent_at=now - RESEND_AFTER)
    waiting = runs.filter(state=RunState.QUEUED, sent_at__lte=now - RESEND_AFTER).values_list("pk", flat=True)
    for run_id in list(waiting):
        if runs.filter(pk=run_id, state=RunState.QUEUED).update(sent_at=now):
            send(model, run_id)
    return dead + back


@transaction.atomic
def _declare_dead(model: type[BackgroundRun], run_id: int, *, now: dt.datetime) -> bool:
    silent = model._default_manager.filter(pk=run_id, state=RunState.RUNNING, lease_until__lt=now)
    if not silent.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=RunState.DEAD,
        finished_at=now,
        lease_until=None,
        error=f"The worker stopped in the middle of this, {MAX_ATTEMPTS} times.",
    ):
        return False
    _tell_end(model, run_id)
    return True


def _run_models() -> Iterator[type[BackgroundRun]]:
    return (model for model in apps.get_models() if issubclass(model, BackgroundRun))
