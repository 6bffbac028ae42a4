"""The texts that a queue run compares, and the labelled ones that it learns from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from django.db.models import Count

from annotation.services import candidates
from classifiers.models import Example, ExampleState


@dataclass(frozen=True)
class Text:
    """One text with its id and key, and the number of its label if that is confirmed."""

    id: int
    key: str
    content: str
    number: int | None = None


def draw(classifier_id: int, *, most: int, seed: int) -> list[Text]:
    """Return up to `most` unlabelled texts, all where there are no more.

    Drawn by their keys, which are hashes: those from a point on that follows from the seed. So the same seed draws the
    same texts, another one others, and the ids of 200,000 texts needn't be read for it.
    """
    point = sha256(str(seed).encode()).hexdigest()
    texts = candidates.unlabelled(classifier_id).order_by("text_key")
    fields = ("pk", "text_key", "text")
    behind = list(texts.filter(text_key__gte=point).values_list(*fields)[:most])
    before = list(texts.filter(text_key__lt=point).values_list(*fields)[: most - len(behind)])
    return [Text(id=pk, key=key, content=text) for pk, key, text in [*behind, *before]]


def known(classifier_id: int, *, most: int) -> list[Text]:
    """Return up to `most` texts with confirmed labels, of each label as many as of the others where it has them.

    The golden set isn't among them: no machine may learn what it is measured on.
    """
    confirmed = Example.objects.filter(
        classifier_id=classifier_id, state=ExampleState.CONFIRMED, is_golden=False
    ).order_by()
    counts = dict(confirmed.values_list("label_id").annotate(Count("pk")))
    found = []
    for label_id, count in shares(counts, most=most).items():
        rows = (
            confirmed.filter(label_id=label_id).order_by("-pk").values_list("pk", "text_key", "text", "label__number")
        )
        found += [Text(id=pk, key=key, content=text, number=number) for pk, key, text, number in rows[:count]]
    return found


def known_count(classifier_id: int) -> int:
    """Return how many texts have a confirmed label."""
    return Example.objects.filter(classifier_id=classifier_id, state=ExampleState.CONFIRMED).order_by().count()


def shares(counts: Mapping[int, int], *, most: int) -> dict[int, int]:
    """Return how many of each to take: the same of each, and what a rare one doesn't have goes to the others.

    >>> shares({1: 5, 2: 100, 3: 40}, most=65)
    {1: 5, 3: 30, 2: 30}
    """
    left = most
    taken: dict[int, int] = {}
    rarest_first = sorted(counts.items(), key=lambda item: (item[1], item[0]))
    for place, (label_id, count) in enumerate(rarest_first):
        taken[label_id] = min(count, left // (len(rarest_first) - place))
        left -= taken[label_id]
    return taken
