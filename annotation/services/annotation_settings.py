"""What staff chose for the annotation of one classifier."""

from __future__ import annotations

from django.db import transaction

from annotation.models import AnnotationSetting

# What the field holds in every database.
MOST = 2_000_000_000


class BadLimit(Exception):
    """The limit can't be this; the message says what it can be."""


def monthly_limit(classifier_id: int) -> int | None:
    """Return how many calls to a language model the classifier may make a month; None where it has no limit."""
    settings = AnnotationSetting.objects.filter(classifier_id=classifier_id)
    return settings.values_list("monthly_limit", flat=True).first()


@transaction.atomic
def set_monthly_limit(classifier_id: int, limit: int | None) -> bool:
    """Limit the classifier's calls a month; None takes the limit away. Return whether that is new. Raises BadLimit."""
    if limit is not None and not 0 <= limit <= MOST:
        raise BadLimit(f"Give a whole number from 0 to {MOST:,}, or leave it empty for no limit.")
    if monthly_limit(classifier_id) == limit:
        return False
    AnnotationSetting.objects.update_or_create(classifier_id=classifier_id, defaults={"monthly_limit": limit})
    return True


class BadShare(Exception):
    """The share can't be this; the message says what it can be."""


def overlap_percent(classifier_id: int) -> int:
    """Return of how many in 100 texts a second person is asked for an opinion; 0 where nobody chose."""
    settings = AnnotationSetting.objects.filter(classifier_id=classifier_id)
    return settings.values_list("overlap_percent", flat=True).first() or 0


@transaction.atomic
def set_overlap_percent(classifier_id: int, percent: int) -> bool:
    """Ask for a second opinion of so many in 100 texts. Return whether that is new. Raises BadShare."""
    if not 0 <= percent <= 100:
        raise BadShare("Give a whole number from 0 to 100.")
    if overlap_percent(classifier_id) == percent:
        return False
    AnnotationSetting.objects.update_or_create(classifier_id=classifier_id, defaults={"overlap_percent": percent})
    return True
