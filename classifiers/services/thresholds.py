"""A version's thresholds: how sure it must be of a label to give it. They count from the next request on."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from classifiers.ml import costs
from classifiers.ml.costs import Outcome, Prices
from classifiers.models import Classifier, Version
from classifiers.services import out_of_fold
from classifiers.services.out_of_fold import NoOutOfFold

# Half precision, in which the file keeps them, rounds what is surer than this to certainty.
_SUREST = np.float32(0.9998)
_MOST_PRICE = 1e9
_MOST_SECONDS = 86_400


class BadThresholds(Exception):
    """The thresholds can't be these; the message says why."""


class BadCosts(Exception):
    """The prices can't be these; the message says what they can be."""


@dataclass(frozen=True)
class Measured:
    """The examples on which a version's thresholds can be tried.

    Shapes: proba float32 (n, k), y int64 (n,), both in the order of `numbers`, the labels' own.
    """

    numbers: tuple[int, ...]
    proba: NDArray[np.float32]
    y: NDArray[np.int64]

    def as_array(self, shares: Mapping[int, float]) -> NDArray[np.float32]:
        """Return a threshold for each label, 0 where `shares`, by label number, has none."""
        return np.array([shares.get(number, 0.0) for number in self.numbers], dtype=np.float32)

    def are_caught(self, numbers: Collection[int]) -> NDArray[np.bool_]:
        """Return for each label whether it's among these."""
        return np.array([number in numbers for number in self.numbers], dtype=np.bool_)


@dataclass(frozen=True)
class Costs:
    """What a person gave as prices, in any one currency, and the labels to be caught by their numbers."""

    miss: float
    wrong_flag: float
    review_minute: float
    review_seconds: float
    caught: tuple[int, ...]

    @property
    def prices(self) -> Prices:
        return Prices(miss=self.miss, wrong_flag=self.wrong_flag, review=self.review_minute * self.review_seconds / 60)


@dataclass(frozen=True)
class Proposed:
    """The cheapest thresholds by label number, and what they are worth beside the other ways.

    `by_none` is without any threshold, `by_people` where a person looks at each text, `by_now` under the present ones.
    """

    shares: Mapping[int, float]
    allow_from: float
    outcome: Outcome
    by_none: Outcome
    by_people: Outcome
    by_now: Outcome


def by_number(version: Version) -> dict[int, float]:
    """Return the version's thresholds by label number; those that aren't there are 0."""
    return {int(number): float(share) for number, share in version.thresholds.items()}


@transaction.atomic
def set_thresholds(version_id: int, shares: Mapping[int, float]) -> bool:
    """Give the version these thresholds by label number and no others; return whether that is another setting.

    Units: shares in [0, 1]; 0 is none. Raises BadThresholds, Version.DoesNotExist.
    """
    version = Version.objects.select_for_update().get(pk=version_id)
    known = {label["number"] for label in version.labels}
    for number, share in shares.items():
        if number not in known:
            raise BadThresholds(f"Version {version.number} has no label with the number {number}.")
        # Also false for what is no number.
        if not 0.0 <= share <= 1.0:
            raise BadThresholds("A threshold is a number from 0 to 1.")
    wanted = {str(number): float(share) for number, share in sorted(shares.items()) if share > 0}
    if wanted == version.thresholds:
        return False
    Version.objects.filter(pk=version_id).update(thresholds=wanted)
    return True


def carried_over(classifier: Classifier) -> dict[str, float]:
    """Return the live version's thresholds for the classifier's labels: what its next version begins with."""
    live = Version.objects.filter(pk__in=Classifier.objects.filter(pk=classifier.pk).values("live_version_id"))
    thresholds = live.values_list("thresholds", flat=True).first() or {}
    known = {str(number) for number in classifier.labels.values_list("number", flat=True)}
    return {number: share for number, share in thresholds.items() if number in known}


def measured(version: Version) -> Measured:
    """Return the examples that the version's scores count, with its probabilities. Raises NoOutOfFold."""
    found = out_of_fold.load(version)
    proba, y = found.proba, found.y
    if not found.is_measured.all():
        proba, y = proba[found.is_measured], y[found.is_measured]
    if not len(y):
        raise NoOutOfFold("This version was measured on no example. Train it again to see this.")
    return Measured(numbers=tuple(label["number"] for label in version.labels), proba=np.minimum(proba, _SUREST), y=y)


def kept_costs(classifier: Classifier) -> Costs | None:
    """Return the prices that were given last, None where nobody has given any."""
    return Costs(**classifier.costs | {"caught": tuple(classifier.costs["caught"])}) if classifier.costs else None


def keep_costs(classifier_id: int, costs: Costs, *, known: Collection[int]) -> None:
    """Keep the prices for the classifier, whose labels have the numbers `known`. Raises BadCosts."""
    _check(costs, known=known)
    kept: dict[str, Any] = {
        "miss": costs.miss,
        "wrong_flag": costs.wrong_flag,
        "review_minute": costs.review_minute,
        "review_seconds": costs.review_seconds,
        "caught": sorted(set(costs.caught)),
    }
    Classifier.objects.filter(pk=classifier_id).update(costs=kept)


def usually_caught(measured: Measured) -> tuple[int, ...]:
    """Return the labels that are probably to be caught: all but the most frequent."""
    counts = np.bincount(measured.y, minlength=len(measured.numbers))
    return tuple(number for place, number in enumerate(measured.numbers) if place != counts.argmax())


def propose(measured: Measured, given: Costs, *, now: Mapping[int, float]) -> Proposed:
    """Return the thresholds that cost the least on the measured examples; `now` are the present ones.

    Raises BadCosts where the version has other labels than the prices were given for.
    """
    _check(given, known=measured.numbers)
    is_caught, prices = measured.are_caught(given.caught), given.prices
    found = costs.propose(measured.proba, measured.y, is_caught=is_caught, prices=prices)

    def expect(shares: Mapping[int, float]) -> Outcome:
        thresholds = measured.as_array(shares)
        return costs.expect(measured.proba, measured.y, thresholds=thresholds, is_caught=is_caught, prices=prices)

    return Proposed(
        # As a person would write them: .83, not the nearest number in single precision.
        shares={
            number: round(float(share), 2) for number, share in zip(measured.numbers, found.thresholds, strict=True)
        },
        allow_from=round(found.allow_from, 2),
        outcome=found.outcome,
        by_none=expect({}),
        by_people=costs.review_all(prices),
        by_now=expect(now),
    )


def _check(given: Costs, *, known: Collection[int]) -> None:
    prices = (given.miss, given.wrong_flag, given.review_minute)
    if not all(math.isfinite(price) and 0 <= price <= _MOST_PRICE for price in prices):
        raise BadCosts(f"A price is a number from 0 to {_MOST_PRICE:,.0f}.")
    if not (math.isfinite(given.review_seconds) and 0 < given.review_seconds <= _MOST_SECONDS):
        raise BadCosts(f"A review takes more than 0 and at most {_MOST_SECONDS:,} seconds.")
    if not (given.miss or given.wrong_flag):
        raise BadCosts(
            "If neither a miss nor a wrong flag costs anything, any thresholds will do. Give a price to one."
        )
    if not set(given.caught) <= set(known):
        raise BadCosts("Some of these labels aren't there. Choose the labels to be caught again.")
    if not 0 < len(set(given.caught)) < len(known):
        raise BadCosts("Choose at least one label to be caught, and leave at least one that may pass.")
