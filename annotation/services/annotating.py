"""Do an annotation run: ask about each of its texts, and write down the answers as they come."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator
from functools import partial

from django.conf import settings
from django.utils import timezone

from annotation.asking import Answer, Asker, AskingFailed, AskingPaused, LabelRule, Problem, Question, Reply
from annotation.llm import prices
from annotation.llm.client import Client
from annotation.llm.pace import Pace
from annotation.llm.window import LanguageModel
from annotation.models import Annotation, AnnotationRun, AnnotationState, Annotator
from annotation.services import allowances, picking
from annotation.services.offline_annotator import OfflineAnnotator
from annotation.services.recording import Recorder
from moderation.runs import Claim, RunCancelled, RunError, RunGoesOn, RunPaused

__all__ = ["Answer", "Asker", "Problem", "Question", "Reply", "carry_out"]

# How often is looked whether somebody wants the run to stop; also how often it says that it lives.
_LOOK_EVERY_S = 0.5
# A run of many hours lets others have its worker in between; well below the hour after which the queue ends a task.
_SHIFT_S = 1_200.0


def carry_out(claim: Claim) -> None:
    """Do the claimed run. What an earlier attempt has written down isn't asked for again.

    Raises RunError, RunPaused, RunCancelled, RunLost, RunGoesOn, and what the offline annotator raises.
    """
    run = AnnotationRun.objects.select_related("classifier", "guidelines").get(pk=claim.run_id)
    run = picking.ensure(run, claim=claim, now=timezone.now())
    recorder = _make_recorder(run, claim=claim)
    started_at = timezone.now()
    permit = partial(_permit, classifier_id=run.classifier_id)
    asker = _make_asker(run, claim=claim, permit=permit)
    watch = _Watch(claim)
    try:
        _ask_all(run, asker=asker, recorder=recorder, watch=watch)
    except AskingPaused as error:
        raise RunPaused(str(error)) from error
    except AskingFailed as error:
        raise RunError(str(error)) from error
    finally:
        asker.close()
        if isinstance(asker, LanguageModel):
            allowances.give_back(run.classifier_id, asker.unused_permits, started_at)
    watch.end_as_wished()
    claim.finish()


class _Watch:
    """Looks now and then whether the run shall stop, and why."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._began_s = self._looked_s = time.monotonic()
        self._wish: type[RunPaused] | type[RunCancelled] | type[RunGoesOn] | None = None

    def is_due(self) -> bool:
        return time.monotonic() - self._looked_s >= _LOOK_EVERY_S

    def look(self) -> bool:
        """Say that the run lives; return whether it shall stop. Raises RunLost."""
        self._looked_s = time.monotonic()
        self._claim.keep()
        run = self._claim.get_run()
        if run.is_cancel_requested:
            self._wish = RunCancelled
        elif run.is_pause_requested:
            self._wish = RunPaused
        elif self._looked_s - self._began_s > _SHIFT_S:
            self._wish = RunGoesOn
        return self._wish is not None

    def end_as_wished(self) -> None:
        """Raise what ends the run, where it shall not end as done."""
        if self._wish is not None:
            raise self._wish("Paused on request." if self._wish is RunPaused else "")


def _ask_all(run: AnnotationRun, *, asker: Asker, recorder: Recorder, watch: _Watch) -> None:
    # More than one round where texts that were to share an answer must be asked after all.
    while not watch.look() and picking.waiting(run.pk, after=0):
        for replies in asker.ask(_questions(run.pk)):
            if replies:
                recorder.record(replies, now=timezone.now())
            if watch.is_due() and watch.look():
                asker.stop()


def _questions(run_id: int) -> Iterator[Question]:
    after = 0
    while chunk := picking.waiting(run_id, after=after):
        for annotation in chunk:
            if annotation.text_key != annotation.example.text_key:
                # Written over since it was picked: it's asked as it is now, and answers for itself alone.
                picking.detach_copies(annotation.pk)
                Annotation.objects.filter(pk=annotation.pk).update(text_key=annotation.example.text_key)
            yield Question(id=annotation.pk, text=annotation.example.text)
        after = chunk[-1].pk


def _make_recorder(run: AnnotationRun, *, claim: Claim) -> Recorder:
    answered = Annotation.objects.filter(run=run).exclude(state=AnnotationState.WAITING).count()
    return Recorder(
        claim=claim,
        run=run,
        price=prices.find_price(run.model, table=settings.LLM_PRICES),
        answered=answered,
    )


def _make_asker(run: AnnotationRun, *, claim: Claim, permit: Callable[[int], int]) -> OfflineAnnotator | LanguageModel:
    labels = [LabelRule(**label) for label in run.guidelines.labels]
    if run.annotator == Annotator.OFFLINE:
        return OfflineAnnotator(claim, classifier_id=run.classifier_id, labels=labels)
    client = Client(
        base_url=settings.OPENAI_BASE_URL,
        api_key=settings.OPENAI_API_KEY,
        model=run.model,
        timeout_s=settings.LLM_TIMEOUT_S,
        labels=labels,
        purpose=run.classifier.description,
    )
    pace = Pace(most=settings.LLM_CONCURRENCY, rng=random.Random(secrets.randbits(64)))  # noqa: S311 - when, not what
    return LanguageModel(client, pace=pace, permit=permit, make_mark=partial(secrets.token_hex, 8))


def _permit(wanted: int, *, classifier_id: int) -> int:
    now = timezone.now()
    granted = allowances.reserve(classifier_id, wanted, now)
    if not granted:
        raise AskingPaused(
            "The monthly allowance of automated annotations is used up. It starts anew on "
            f"{allowances.resets_at(now):%-d %B %Y}; resume the run then, or raise the limit."
        )
    return granted
