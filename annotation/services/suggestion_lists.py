"""Suggestions page by page, least sure first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from classifiers.models import Example, ExampleState


@dataclass(frozen=True)
class Place:
    """Where a page begins: behind this example. `confidence` None: nobody knows how sure that suggestion is."""

    confidence: float | None
    example_id: int


def page(classifier_id: int, *, place: Place | None, limit: int) -> tuple[Sequence[Example], Place | None]:
    """Return up to `limit` examples with a suggestion, and where the next page begins, None on the last one.

    Order: those of which it isn't known how sure they are, then the least sure; equal ones by id.
    """
    found = list(_behind(_suggested(classifier_id), place)[: limit + 1])
    given = found[:limit]
    last = Place(confidence=given[-1].confidence, example_id=given[-1].pk) if len(found) > limit else None
    return given, last


def _suggested(classifier_id: int) -> QuerySet[Example]:
    suggested = Example.objects.filter(classifier_id=classifier_id, state=ExampleState.SUGGESTED)
    return suggested.select_related("label").order_by(F("confidence").asc(nulls_first=True), "pk")


def _behind(suggested: QuerySet[Example], place: Place | None) -> QuerySet[Example]:
    if place is None:
        return suggested
    if place.confidence is None:
        return suggested.filter(Q(confidence__isnull=True, pk__gt=place.example_id) | Q(confidence__isnull=False))
    return suggested.filter(
        Q(confidence=place.confidence, pk__gt=place.example_id) | Q(confidence__gt=place.confidence)
    )
