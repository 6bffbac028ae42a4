"""Start, pause, resume and cancel automated annotation."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.models import AnnotationRun, Pick
from annotation.services import plans
from annotation.services.annotators import annotator_in_use
from classifiers.models import Classifier
from classifiers.services import guidelines
from moderation import runs
from moderation.runs import RunState

__all__ = ["NotStartable", "annotator_in_use", "cancel", "pause", "resume", "start"]

_UNDER_WAY = "A run of this classifier is under way already. Wait for its end, or cancel it."


class NotStartable(Exception):
    """The run can't be started or resumed now; the message says why and what to do."""


def start(
    classifier_id: int, *, pick: Pick, wanted: int, repeats_id: int | None = None, by: Any = None
) -> AnnotationRun:
    """Queue an annotation of some of the classifier's texts by the annotator in use, and return its run.

    The wording of the labels is kept with it, as it is now. Raises NotStartable, Classifier.DoesNotExist.
    """
    now = timezone.now()
    classifier = Classifier.objects.get(pk=classifier_id)
    repeats = AnnotationRun.objects.filter(pk=repeats_id, classifier=classifier).first()
    plan = plans.make(classifier, pick=pick, wanted=wanted, repeats=repeats, now=now)
    if plan.problems:
        raise NotStartable(" ".join(plan.problems))
    try:
        with transaction.atomic():
            run = AnnotationRun.objects.create(
                classifier=classifier,
                guidelines=guidelines.record(classifier_id, by=by),
                label_ids={str(number): pk for number, pk in classifier.labels.values_list("number", "pk")},
                annotator=plan.annotator,
                model=plan.model,
                pick=pick,
                repeats=repeats if pick == Pick.AGAIN else None,
                text_count=plan.text_count,
                requested_by=by,
            )
            runs.send(AnnotationRun, run.pk)
    except IntegrityError as error:
        raise NotStartable(_UNDER_WAY) from error
    return run


def pause(run_id: int) -> bool:
    """Ask the run to stop so that it can be resumed; return whether there was anything to stop.

    A run that waits is paused at once, one that goes on within a moment.
    """
    found = AnnotationRun.objects.filter(pk=run_id)
    is_waiting = found.filter(state=RunState.QUEUED)
    if is_waiting.update(state=RunState.PAUSED, is_pause_requested=True, error="Paused on request."):
        return True
    return bool(found.filter(state=RunState.RUNNING, is_cancel_requested=False).update(is_pause_requested=True))


def resume(run_id: int) -> bool:
    """Queue a run again that was paused, failed or gave up; return whether there was one.

    Only what is missing is asked for. Raises NotStartable where another run of the classifier is under way.
    """
    try:
        with transaction.atomic():
            AnnotationRun.objects.filter(pk=run_id).exclude(state=RunState.RUNNING).update(is_pause_requested=False)
            return runs.resume(AnnotationRun, run_id)
    except IntegrityError as error:
        raise NotStartable(_UNDER_WAY) from error


def cancel(run_id: int) -> bool:
    """Ask the run to stop for good; return whether there was anything to stop. What it has labelled stays."""
    return runs.request_cancel(AnnotationRun, run_id)
