"""Read new examples as soon as they are there, so that training and the searches needn't wait for it."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from classifiers.models import EmbeddingRun
from classifiers.services import example_vectors
from moderation import children, runs
from moderation.runs import OPEN_STATES, Claim
from moderation.services import workers


def start(classifier_id: int, *, by: Any = None) -> EmbeddingRun | None:
    """Queue a reading of the classifier's new examples; return None where one waits or no worker is there to do it.

    A reading that is under way goes on to those that are added meanwhile. Nothing depends on it: whoever needs the
    features computes what is missing.
    """
    return queue(classifier_id, by=by) if workers.is_any_alive() else None


def queue(classifier_id: int, *, by: Any = None) -> EmbeddingRun | None:
    """Queue a reading of the classifier's new examples, also for a worker that is still to come.

    Return None where one waits or is under way.
    """
    try:
        with transaction.atomic():
            run = EmbeddingRun.objects.create(classifier_id=classifier_id, requested_by=by)
            runs.send(EmbeddingRun, run.pk)
    except IntegrityError:
        return None
    return run


def find_open(classifier_id: int) -> EmbeddingRun | None:
    """Return the reading that waits or is under way, if there is one."""
    return EmbeddingRun.objects.filter(classifier_id=classifier_id, state__in=OPEN_STATES).first()


def carry_out(claim: Claim) -> None:
    """Read the examples. Raises RunError and what `children.talk` raises."""
    run: EmbeddingRun = claim.get_run()
    encoder = example_vectors.get_manifest()
    with children.work_folder(claim) as folder:
        computed = example_vectors.ensure(run.classifier_id, encoder_id=encoder.id, claim=claim, folder=folder)
    claim.finish(computed=computed)
