"""How well the people who label a classifier's texts agree, and the texts on which they don't."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from django.db.models import Count, Max, QuerySet

from annotation.agreement import cohen_kappa, in_words, krippendorff_alpha
from annotation.models import Answer
from annotation.services import opinions
from classifiers.models import Example, Label

CONFLICTS_A_PAGE = 20
# Agreement is measured on so many of the latest texts with more than one opinion.
_MEASURED = 5_000
_CHUNK = 500


@dataclass(frozen=True)
class PairAgreement:
    """Two people: on how many texts both gave an opinion, on how many the same, and Cohen's kappa (None: undefined)."""

    first: str
    second: str
    shared: int
    agreed: int
    kappa: float | None

    @property
    def words(self) -> str:
        return "" if self.kappa is None else in_words(self.kappa)


@dataclass(frozen=True)
class Agreement:
    """How well people agree. `text_count` texts have the opinions of several; `alpha` is Krippendorff's over them."""

    text_count: int
    opinion_count: int
    alpha: float | None
    pairs: tuple[PairAgreement, ...]

    @property
    def words(self) -> str:
        return "" if self.alpha is None else in_words(self.alpha)


@dataclass(frozen=True)
class Opinion:
    """What one person, or one machine, said of a text. `at` is None where that isn't known."""

    who: str
    label: Label
    at: dt.datetime | None
    is_person: bool = True


@dataclass(frozen=True)
class Conflict:
    """A text on which people disagree, with what each said, the first opinion first."""

    example: Example
    opinions: tuple[Opinion, ...]


@dataclass(frozen=True)
class ConflictPage:
    """One page of conflicts, the latest first. `count` counts all that are open."""

    conflicts: tuple[Conflict, ...]
    count: int
    has_next: bool


def measure(classifier_id: int) -> Agreement:
    """Return how well the people agree who gave an opinion of the same text. A person's last opinion of a text counts.

    Order of the pairs: the most shared texts first.
    """
    ids = list(_of_several(classifier_id, by="user").values_list("example_id", flat=True)[:_MEASURED])
    by_text = _last_opinions(classifier_id, example_ids=ids)
    names = {answer.user_id: answer.user.get_username() for given in by_text.values() for answer in given}
    units = [[answer.label_id for answer in given] for given in by_text.values()]
    return Agreement(
        text_count=len(units),
        opinion_count=sum(len(unit) for unit in units),
        alpha=krippendorff_alpha(units),
        pairs=_pairs(by_text.values(), names=names),
    )


def conflicts(classifier_id: int, page: int = 1) -> ConflictPage:
    """Return a page, counted from 1, of the texts on which people's last opinions differ and that nobody has settled.

    An adjudication settles a text, and so does whoever labels it under the likely mistakes or the disagreements,
    where what was said before is shown. A later opinion opens it again.
    """
    ids = _conflicting_ids(classifier_id)
    start = CONFLICTS_A_PAGE * (page - 1)
    shown = ids[start : start + CONFLICTS_A_PAGE]
    examples = Example.objects.select_related("label").in_bulk(shown)
    given = _last_opinions(classifier_id, example_ids=shown)
    return ConflictPage(
        conflicts=tuple(
            Conflict(example=examples[pk], opinions=tuple(_opinion(answer) for answer in given[pk]))
            for pk in shown
            if pk in examples
        ),
        count=len(ids),
        has_next=len(ids) > start + CONFLICTS_A_PAGE,
    )


def count_conflicts(classifier_id: int) -> int:
    """Return on how many texts people disagree, as `conflicts` shows them."""
    return len(_conflicting_ids(classifier_id))


def _conflicting_ids(classifier_id: int) -> list[int]:
    latest = dict(_of_several(classifier_id, by="label").values_list("example_id", "latest"))
    settled: dict[int, int] = {}
    for chunk in _chunks(list(latest)):
        rows = opinions.settling(classifier_id).filter(example_id__in=chunk).order_by().values_list("example_id")
        settled |= dict(rows.annotate(Max("pk")))
    ids = [pk for pk, opinion_id in latest.items() if settled.get(pk, 0) < opinion_id]
    # A person who changed their mind gave two labels, but has one opinion.
    last = _last_opinions(classifier_id, example_ids=ids)
    return [pk for pk in ids if len({answer.label_id for answer in last[pk]}) > 1]


def _of_several(classifier_id: int, *, by: str) -> QuerySet:
    """Return rows of example and latest opinion of the texts to which several people, or labels, were given."""
    given = opinions.of(classifier_id).order_by().values("example_id")
    return given.annotate(several=Count(by, distinct=True), latest=Max("pk")).filter(several__gt=1).order_by("-latest")


def _last_opinions(classifier_id: int, *, example_ids: Sequence[int]) -> Mapping[int, list[Answer]]:
    """Return each text's opinions, oldest first, of each person the last one."""
    by_person: defaultdict[int, dict[int, Answer]] = defaultdict(dict)
    for chunk in _chunks(example_ids):
        rows = opinions.of(classifier_id).filter(example_id__in=chunk).select_related("user", "label").order_by("pk")
        for answer in rows:
            by_person[answer.example_id].pop(answer.user_id, None)
            by_person[answer.example_id][answer.user_id] = answer
    return {pk: list(given.values()) for pk, given in by_person.items()}


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


def _pairs(texts: Iterable[Sequence[Answer]], *, names: Mapping[int, str]) -> tuple[PairAgreement, ...]:
    both: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for given in texts:
        for one, other in combinations(sorted(given, key=lambda answer: answer.user_id), 2):
            both[one.user_id, other.user_id].append((one.label_id, other.label_id))
    pairs = [
        PairAgreement(
            first=names[first],
            second=names[second],
            shared=len(labels),
            agreed=sum(one == other for one, other in labels),
            kappa=cohen_kappa([one for one, _ in labels], [other for _, other in labels]),
        )
        for (first, second), labels in both.items()
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.shared, pair.first, pair.second)))


def _opinion(answer: Answer) -> Opinion:
    return Opinion(who=answer.user.get_username(), label=answer.label, at=answer.created_at)
