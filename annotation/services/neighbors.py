"""A classifier's confirmed examples with their features: what a text is compared with before there is a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.core.cache import cache
from numpy.typing import NDArray

from annotation.models import Answer
from annotation.services import vectors
from classifiers.models import Example, ExampleState, Label

# The latest answers count first; a label that has few among them is filled up.
_LATEST = 200
_OF_EACH = 10
_KEPT_FOR_S = 300


@dataclass(frozen=True)
class Neighbor:
    """One confirmed example: its label and its features, float32 (d,)."""

    label_id: int
    row: NDArray[np.float32]


def known(classifier_id: int, *, labels: Sequence[Label], without: int) -> list[Neighbor]:
    """Return confirmed examples, the latest answers and a few of each label, but for the example `without`.

    Only those whose features are at hand. Raises EncoderMissing, EncoderDamaged.
    """
    label_of = _latest(classifier_id)
    counts = Counter(label_of.values())
    label_of = _of_each(classifier_id, [label for label in labels if counts[label.pk] < _OF_EACH]) | label_of
    own = Example.objects.filter(pk=without).values_list("text_key", flat=True).first()
    label_of.pop(own or "", None)
    rows = vectors.stored(list(label_of))
    return [Neighbor(label_id=label_of[key], row=row) for key, row in rows.items()]


def _latest(classifier_id: int) -> dict[str, int]:
    """Return text key and label of the examples that were labelled last and are confirmed so."""
    given = Answer.objects.filter(classifier_id=classifier_id, label__isnull=False, undone_at__isnull=True)
    rows = given.order_by("-created_at").values_list("example__text_key", "example__label_id", "example__state")[
        :_LATEST
    ]
    return {key: label_id for key, label_id, state in rows if state == ExampleState.CONFIRMED}


def _of_each(classifier_id: int, labels: Sequence[Label]) -> dict[str, int]:
    """Return text key and label of a few confirmed examples of each label."""
    confirmed = Example.objects.filter(classifier_id=classifier_id, state=ExampleState.CONFIRMED).order_by()
    ids: list[int] = []
    for label in labels:
        kept = f"neighbors:{label.pk}"
        found = cache.get(kept)
        if found is None:
            # Any of them will do: those that the index gives first.
            found = list(confirmed.filter(label=label).values_list("pk", flat=True)[:_OF_EACH])
            # A query for each of fifty labels takes 15 ms. A label that has fewer may get more at any moment.
            if len(found) == _OF_EACH:
                cache.set(kept, found, _KEPT_FOR_S)
        ids += found
    # What was kept may have another label by now. Asked for by id alone: with the state among the conditions, SQLite
    # goes through all confirmed examples, 90 ms of 200,000.
    rows = Example.objects.filter(pk__in=ids).values_list("text_key", "label_id", "state", "classifier_id")
    is_so = (ExampleState.CONFIRMED, classifier_id)
    return {key: label_id for key, label_id, *now in rows if tuple(now) == is_so}
