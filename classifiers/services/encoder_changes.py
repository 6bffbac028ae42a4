"""What a change of the encoder leaves behind: live versions that can't answer, and examples to be read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from classifiers.ml.encoder import EncoderDamaged, EncoderMissing
from classifiers.models import Classifier, Version
from classifiers.services import embedding_runs, encoders, stored_features, training, training_sets
from classifiers.services.steps import counted
from classifiers.services.training import NotTrainable
from moderation.runs import OPEN_STATES

_NAMED = 3


@dataclass(frozen=True)
class Started:
    """What was queued just now, what was under way already, and why some classifiers can't be trained."""

    trainings: tuple[Version, ...] = ()
    reading_count: int = 0
    under_way_count: int = 0
    refusals: tuple[str, ...] = ()

    @property
    def is_waiting(self) -> bool:
        return bool(self.trainings or self.reading_count or self.under_way_count)

    @property
    def sentence(self) -> str:
        """What to say of it."""
        queued = [
            *([counted(len(self.trainings), "training")] if self.trainings else []),
            *([counted(self.reading_count, "reading")] if self.reading_count else []),
        ]
        if queued:
            return f"Queued: {' and '.join(queued)}."
        if self.under_way_count:
            return "All that can be done is under way already."
        return "There was nothing to start." if self.refusals else "Nothing is left to do."


@dataclass(frozen=True)
class _Attempt:
    """What became of the wish to train one classifier; nothing in it where there's no need."""

    version: Version | None = None
    is_under_way: bool = False
    refusal: str = ""


def is_of_another(version: Version, *, encoder_id: str) -> bool:
    """Return whether the version was trained with another encoder, and so can't answer.

    One that doesn't say is left alone: when it's asked, its artifact will.
    """
    return version.encoder_id not in ("", encoder_id)


def silent(encoder_id: str) -> QuerySet[Classifier]:
    """Return the classifiers whose live version was trained with another encoder than that."""
    live = Classifier.objects.filter(live_version__isnull=False)
    return live.exclude(live_version__encoder_id__in=("", encoder_id)).order_by("name")


def notice(classifiers: Sequence[Classifier]) -> str:
    """Return which of the classifiers can't answer because of the encoder, and why; "" where all can.

    Their live versions are loaded: nothing is asked of the database.
    """
    live = [classifier for classifier in classifiers if classifier.live_version is not None]
    if not live:
        return ""
    try:
        encoder = encoders.get_manifest()
    except (EncoderMissing, EncoderDamaged) as error:
        return f"{_named(live)} can't answer. {error}"
    mute = [each for each in live if each.live_version and is_of_another(each.live_version, encoder_id=encoder.id)]
    if not mute:
        return ""
    return f"{_named(mute)} can't answer: trained with another encoder than this server runs now."


def start(*, with_training: bool = True, by: Any = None) -> Started:
    """Queue what a change of the encoder makes necessary: trainings, then the reading of what these don't read.

    Safe to ask for twice, and by two people at once: of each classifier one training and one reading can be under way,
    and one that was trained meanwhile isn't trained again. A training that ends makes its version live by itself.

    Raises EncoderMissing, EncoderDamaged.
    """
    encoder_id = encoders.get_manifest().id
    # Trainings come first in the queue: until they're done nobody gets an answer.
    mute = list(silent(encoder_id)) if with_training else []
    attempts = {each.pk: _train(each, encoder_id=encoder_id, by=by) for each in mute}
    versions = tuple(attempt.version for attempt in attempts.values() if attempt.version is not None)
    trained = [pk for pk, attempt in attempts.items() if attempt.version is not None or attempt.is_under_way]
    to_read = _to_read(encoder_id, trained=trained)
    readings = [embedding_runs.queue(classifier_id, by=by) for classifier_id in to_read]
    return Started(
        trainings=versions,
        reading_count=sum(run is not None for run in readings),
        under_way_count=sum(each.is_under_way for each in attempts.values()) + readings.count(None),
        refusals=tuple(each.refusal for each in attempts.values() if each.refusal),
    )


def _train(classifier: Classifier, *, encoder_id: str, by: Any) -> _Attempt:
    # A training that somebody else asked for may have ended since the list was made.
    if not silent(encoder_id).filter(pk=classifier.pk).exists():
        return _Attempt()
    try:
        return _Attempt(version=training.start(classifier.pk, by=by))
    except NotTrainable as error:
        if classifier.versions.filter(state__in=OPEN_STATES).exists():
            return _Attempt(is_under_way=True)
        return _Attempt(refusal=f"{classifier} can't be trained. {error}")


def _to_read(encoder_id: str, *, trained: Sequence[int]) -> list[int]:
    """Return the ids of the classifiers whose examples are to be read, in the order in which that's best done.

    A training reads what it learns from. So that two workers don't read the same texts at the same time, what is left
    of a trained classifier comes last, and in the order of the trainings.
    """
    unread = stored_features.unread(encoder_id)
    left = stored_features.unread(encoder_id, among=~training_sets.IS_LEARNT_FROM) if trained else {}
    return [*sorted(unread.keys() - set(trained)), *(pk for pk in trained if pk in left)]


def _named(classifiers: Sequence[Classifier]) -> str:
    """Return the classifiers' names, or how many they are where these are many."""
    names = [f"“{classifier}”" for classifier in classifiers]
    if len(names) > _NAMED:
        return f"{len(names)} live classifiers"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
