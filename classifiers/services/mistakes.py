"""Held-out examples on which a version erred: where to look first."""

from __future__ import annotations

from django.db.models import F, QuerySet

from classifiers.models import HeldOut, Version

SHOWN = 50


def surest(version: Version, *, actual: int | None = None, predicted: int | None = None) -> list[HeldOut]:
    """Return the version's surest mistakes with their examples, at most `SHOWN`.

    Order: highest score first. With `actual` and `predicted` (label numbers) only those of that one confusion.
    """
    wrong = HeldOut.objects.filter(version=version).exclude(label_number=F("predicted_number"))
    if actual is not None and predicted is not None:
        wrong = wrong.filter(label_number=actual, predicted_number=predicted)
    return list(wrong.select_related("example__label").order_by("-score", "pk")[:SHOWN])


def count(version: Version) -> int:
    """Return on how many held-out examples the version erred."""
    return HeldOut.objects.filter(version=version).exclude(label_number=F("predicted_number")).count()


def contradicted(version: Version) -> QuerySet[HeldOut, int]:
    """Return the ids of the examples that the version, not having seen them, takes for another label than theirs.

    What counts is the label that an example has now: one that was corrected since isn't among them.
    """
    of_version = HeldOut.objects.filter(version=version, example__label__isnull=False).order_by()
    return of_version.exclude(predicted_number=F("example__label__number")).values_list("example_id", flat=True)


def predicted(version: Version, *, number: int) -> QuerySet[HeldOut, int]:
    """Return the ids of the examples that the version, not having seen them, takes for the label `number`."""
    of_version = HeldOut.objects.filter(version=version, predicted_number=number).order_by()
    return of_version.values_list("example_id", flat=True)
