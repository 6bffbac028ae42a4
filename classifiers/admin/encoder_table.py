"""Where each classifier stands with the encoder: its live version, what is unread, and what is under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Q

from classifiers.ml.encoder import EncoderManifest
from classifiers.models import Classifier, EmbeddingRun, Version
from classifiers.services import encoder_changes, stored_features
from moderation.runs import OPEN_STATES, RunState


@dataclass(frozen=True)
class UnderWay:
    """A training or a reading that waits or goes on."""

    name: str
    run: Version | EmbeddingRun


@dataclass(frozen=True)
class Row:
    """Where one classifier stands. `unread_count` is None where that can't be said; `failed` is a training's error."""

    classifier: Classifier
    live: Version | None
    is_silent: bool
    unread_count: int | None
    runs: tuple[UnderWay, ...]
    failed: str

    @property
    def is_startable(self) -> bool:
        if any(each.name == "Training" for each in self.runs):
            return False
        return self.is_silent or bool(self.unread_count and not self.runs)


def rows(encoder: EncoderManifest | None, *, runs: Sequence[UnderWay]) -> list[Row]:
    """Return all classifiers, those that can't answer first, then those with the most to read."""
    classifiers = list(Classifier.objects.select_related("live_version").order_by("name"))
    unread = stored_features.unread(encoder.id) if encoder else {}
    of_classifier: dict[int, list[UnderWay]] = {}
    for each in runs:
        of_classifier.setdefault(each.run.classifier_id, []).append(each)
    failed = _failed()
    found = [
        Row(
            classifier=classifier,
            live=live,
            is_silent=bool(encoder and live and encoder_changes.is_of_another(live, encoder_id=encoder.id)),
            unread_count=unread.get(classifier.pk, 0) if encoder else None,
            runs=tuple(of_classifier.get(classifier.pk, ())),
            failed=failed.get(classifier.pk, ""),
        )
        for classifier in classifiers
        for live in [classifier.live_version]
    ]
    return sorted(found, key=lambda row: (not row.is_silent, -(row.unread_count or 0)))


def under_way() -> list[UnderWay]:
    """Return all trainings and readings under way, those that run first, then in the order of the queue."""
    trainings = Version.objects.filter(state__in=OPEN_STATES).select_related("classifier")
    readings = EmbeddingRun.objects.filter(state__in=OPEN_STATES).select_related("classifier")
    found = [
        *(UnderWay(name="Training", run=run) for run in trainings.order_by("pk")),
        *(UnderWay(name="Reading", run=run) for run in readings.order_by("pk")),
    ]
    return sorted(found, key=lambda each: each.run.state != RunState.RUNNING)


def _failed() -> dict[int, str]:
    """Return by classifier id why its last training failed, where that is newer than the live version."""
    newer = Q(classifier__live_version__number__lt=F("number"))
    stopped = Version.objects.filter(newer, state__in=(RunState.FAILED, RunState.DEAD)).order_by("number")
    return dict(stopped.values_list("classifier_id", "error"))
