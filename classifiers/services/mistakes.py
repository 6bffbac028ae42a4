"""Held-out examples on which a version erred: where to look first."""

from __future__ import annotations

from django.db.models import F, QuerySet

from classifiers.models import HeldOut, Version

SHOWN = 50
# Far below the 32,766 variables that SQLite allows.
FEW = 5_000


def surest(version: Version, *, actual: int | None = None, predicted: int | None = None) -> list[HeldOut]:
    """Return the version's surest mistakes with their examples, at most `SHOWN`.

    Order: highest score first. With `actual` and `predicted` (label numbers) only those of that one confusion.
    """
    wrong = _measured(version).exclude(label_number=F("predicted_number"))
    if actual is not None and predicted is not None:
        wrong = wrong.filter(label_number=actual, predicted_number=predicted)
    return list(wrong.select_related("example__label").order_by("-score", "pk")[:SHOWN])


def surest_ids(version: Version, *, limit: int) -> list[int]:
    """Return the ids of the rows of the version's surest mistakes, suggestions among them, the surest first."""
    wrong = HeldOut.objects.filter(version=version).exclude(label_number=F("predicted_number"))
    return list(wrong.order_by("-score", "pk").values_list("pk", flat=True)[:limit])


def count(version: Version) -> int:
    """Return on how many held-out examples the version erred."""
    return _measured(version).exclude(label_number=F("predicted_number")).count()


def _measured(version: Version) -> QuerySet[HeldOut]:
    # A suggestion that the scores don't count is no mistake of the version's: it may be the suggestion's.
    return HeldOut.objects.filter(version=version, is_measured=True)


def contradicted(version: Version) -> QuerySet[HeldOut, int]:
    """Return the ids of the examples that the version, not having seen them, takes for another label than theirs.

    What counts is the label that an example has now: one that was corrected since isn't among them.
    """
    of_version = HeldOut.objects.filter(version=version, example__label__isnull=False).order_by()
    return of_version.exclude(predicted_number=F("example__label__number")).values_list("example_id", flat=True)


def few(ids: QuerySet[HeldOut, int]) -> QuerySet[HeldOut, int] | list[int]:
    """Return the ids themselves where they are few, for a list that is to be narrowed to them.

    With few of them in it, PostgreSQL goes through a classifier's 200,000 examples in the list's order, looking each
    up, before it has a page together; where they are many, the page is soon full.
    """
    found = list(ids[: FEW + 1])
    return found if len(found) <= FEW else ids


def predicted(version: Version, *, number: int) -> QuerySet[HeldOut, int]:
    """Return the ids of the examples that the version, not having seen them, takes for the label `number`."""
    of_version = HeldOut.objects.filter(version=version, predicted_number=number).order_by()
    return of_version.values_list("example_id", flat=True)
