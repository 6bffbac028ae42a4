"""How long the next training will take: from what is left to read, how much there is, and what earlier ones took."""

from __future__ import annotations

from django.db.models import F, Q

from classifiers.ml.encoder import EncoderDamaged, EncoderMissing
from classifiers.models import Classifier, EmbeddingRun, Version
from classifiers.services import encoders, stored_features, training_sets
from classifiers.services.steps import counted
from moderation.runs import RunState

# Units: seconds. On two shared cores: starting the children with their libraries, and what each example takes times its
# labels. Of more than so many some of the recipe is done on a part of them, or not at all; the rest grows on slowly.
# Measured in November 2026: 128 examples of 2 labels 4 s, 4,067 of 2 8 s, 2,308 of 5 10 s, 10,000 of 77 25 s.
_START_S = 3.8
_CHOOSING_S, _CHOSEN_ON = 0.0005, 12_000
_FITTING_S = 0.00002
# Adapting the encoder's upper layers reads no more than so many tokens each time, so it stops growing. As measured: 300
# examples about 70 s, 3,000 about 240 s.
_DEEP_START_S, _DEEP_EXAMPLE_S, _DEEP_MOST_S = 10.0, 0.2, 225.0
# Reading a short text.
_TEXT_S = 0.002
# An earlier training may have waited for the machine, or found half of its work done: it's believed within these.
_FASTEST, _SLOWEST = 0.5, 4.0
_LAST = 3
# Of fewer texts, a reading's time is mostly that of its start.
_ENOUGH_READ = 500
_LEAST_TEXT_S, _MOST_TEXT_S = 0.0005, 0.05
_MINUTE_S, _HOUR_S = 60, 3_600


def training_seconds(classifier: Classifier, *, examples: int, labels: int) -> float:
    """Return about how long a training on so many examples takes from the moment a worker begins it."""
    fitting = _fitting_seconds(examples=examples, labels=labels, is_deep=classifier.tries_deep)
    return fitting * _pace(classifier) + _unread(classifier, examples=examples) * _text_seconds()


def duration(seconds: float) -> str:
    """Return about how long that is, in words.

    >>> duration(0.4), duration(75), duration(9_000)
    ('a few seconds', 'about 2 minutes', 'about 3 hours')
    """
    if seconds < 10:
        return "a few seconds"
    # What would be rounded to a whole minute is one.
    if seconds < _MINUTE_S - 5:
        return f"about {round(seconds, -1):.0f} seconds"
    if seconds < _HOUR_S:
        return f"about {counted(_up(seconds, _MINUTE_S), 'minute')}"
    return f"about {counted(_up(seconds, _HOUR_S), 'hour')}"


def _fitting_seconds(*, examples: int, labels: int, is_deep: bool) -> float:
    """Return what a training takes whose texts are all read: the one place that knows the recipe's costs."""
    size = examples * labels
    fast = _START_S + min(size, _CHOSEN_ON) * _CHOOSING_S + size * _FITTING_S
    deep = _DEEP_START_S + min(examples * _DEEP_EXAMPLE_S, _DEEP_MOST_S)
    return fast + (deep if is_deep else 0.0)


def _pace(classifier: Classifier) -> float:
    """Return how the classifier's last trainings compare with what they should have taken; 1.0 without any."""
    done = classifier.versions.filter(state=RunState.SUCCEEDED, started_at__isnull=False, finished_at__isnull=False)
    # The quickest of them: another may have read its texts first.
    return min([_pace_of(version) for version in done.order_by("-number")[:_LAST]], default=1.0)


def _pace_of(version: Version) -> float:
    took = (version.finished_at - version.started_at).total_seconds()
    is_deep = bool(version.settings.get("deep"))
    usual = _fitting_seconds(examples=version.example_count, labels=len(version.labels), is_deep=is_deep)
    return min(max(took / usual, _FASTEST), _SLOWEST)


def _unread(classifier: Classifier, *, examples: int) -> int:
    """Return how many of the texts that are learnt from lack their features; all, where the encoder isn't there."""
    try:
        encoder_id = encoders.get_manifest().id
    except (EncoderMissing, EncoderDamaged):
        return examples
    among = training_sets.IS_LEARNT_FROM & Q(classifier_id=classifier.pk)
    return stored_features.unread(encoder_id, among=among).get(classifier.pk, 0)


def _text_seconds() -> float:
    """Return what reading a text takes on this machine, by the last reading of many."""
    done = EmbeddingRun.objects.filter(state=RunState.SUCCEEDED, computed__gte=_ENOUGH_READ)
    took = done.filter(started_at__isnull=False, finished_at__gt=F("started_at")).order_by("-pk").first()
    if took is None:
        return _TEXT_S
    each = (took.finished_at - took.started_at).total_seconds() / took.computed
    return min(max(each, _LEAST_TEXT_S), _MOST_TEXT_S)


def _up(value: float, unit: int) -> int:
    # A promise of time is better kept than not: up.
    return int(-(-value // unit))
