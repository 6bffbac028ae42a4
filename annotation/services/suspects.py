"""Labels that are probably wrong, the worst first: the live version, near examples and a language model say so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import F

from annotation.models import Annotation, Annotator
from annotation.services import doubts
from classifiers.ml.neighbors import LOOKED_AT, NEIGHBORS
from classifiers.models import Classifier, Example, HeldOut, Label, Version

# What a language model's label counts for where it doesn't say how sure it is.
_UNSAID = 0.5
# The model, the neighbors, the language model.
_VOICES = 3


@dataclass(frozen=True)
class Suspect:
    """An example whose label is probably wrong, with the label that it should probably have, and why.

    Units: score in (0, 1]; it only orders the suspects. `reasons` are sentences.
    """

    example: Example
    likely: Label
    score: float
    reasons: tuple[str, ...]


@dataclass
class _Case:
    """What is said of one example. `votes` has by label number how much speaks for it."""

    own: int
    held_out: HeldOut | None = None
    annotation: Annotation | None = None
    votes: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def likely(self) -> int | None:
        """Return the number of the label that most speaks for, beside the example's own; the lower of two equals."""
        others = {number: vote for number, vote in self.votes.items() if number != self.own}
        return min(others, key=lambda number: (-others[number], number), default=None)

    @property
    def score(self) -> float:
        return 0.0 if self.likely is None else (self.votes[self.likely] - self.votes[self.own]) / _VOICES


@dataclass(frozen=True)
class Found:
    """The first suspects, and how many there are in all."""

    suspects: tuple[Suspect, ...]
    total: int


def ranked(classifier: Classifier, *, limit: int) -> list[Suspect]:
    """Return up to `limit` suspects, as `find` orders them."""
    return list(find(classifier, limit=limit).suspects)


def find(classifier: Classifier, *, limit: int) -> Found:
    """Return up to `limit` suspects, the most suspicious first; ties go to the older example.

    Three voices are heard, each counts up to 1: the out-of-fold probability of the live version's answer (confident
    learning, Northcutt and others 2021, ranks by it); the share of the nearest examples that have that answer, less
    the share of those that have the example's own label; and the language model's last word on the text, for or
    against. `classifiers.ml.neighbors` says what the neighbors bring. What a person has looked at since isn't in it.
    """
    cases = _ranking(classifier)
    shown = cases[:limit]
    labels = {label.number: label for label in classifier.labels.all()}
    examples = Example.objects.select_related("label").in_bulk([pk for pk, _ in shown])
    names = {number: label.name for number, label in labels.items()}
    found = tuple(
        Suspect(
            example=examples[pk],
            likely=labels[case.likely],
            score=case.score,
            reasons=_reasons(case, version=classifier.live_version, names=names),
        )
        for pk, case in shown
        if pk in examples and case.likely is not None
    )
    return Found(suspects=found, total=len(cases))


def ids(classifier: Classifier) -> list[int]:
    """Return the ids of all suspects, the most suspicious first: a few hundred at most."""
    return [pk for pk, _ in _ranking(classifier)]


def _ranking(classifier: Classifier) -> list[tuple[int, _Case]]:
    numbers = dict(classifier.labels.values_list("pk", "number"))
    held_out = {} if classifier.live_version is None else doubts.contradicted(classifier.live_version)
    otherwise = doubts.annotated_otherwise(classifier.pk, annotators=[Annotator.LLM])
    surest = otherwise.order_by(F("confidence").desc(nulls_last=True), "pk").select_related("example", "label")
    annotations = {said.example_id: said for said in surest[:LOOKED_AT]}
    annotations |= doubts.last_words(classifier.pk, example_ids=held_out.keys() - annotations.keys())
    cases: dict[int, _Case] = {}
    for pk, row in held_out.items():
        case = cases.setdefault(pk, _Case(own=row.label_number, held_out=row))
        case.votes[row.predicted_number] += row.score
        if row.near_predicted is not None and row.near_own is not None:
            case.votes[row.predicted_number] += row.near_predicted / NEIGHBORS
            case.votes[row.label_number] += row.near_own / NEIGHBORS
    for pk, said in annotations.items():
        case = cases.setdefault(pk, _Case(own=numbers[said.example.label_id]))
        case.annotation = said
        case.votes[numbers[said.label_id]] += _UNSAID if said.confidence is None else said.confidence
    # Where as much speaks for the label as against it, a person's time is better spent elsewhere.
    suspected = [(pk, case) for pk, case in cases.items() if case.score > 0]
    return sorted(suspected, key=lambda item: (-item[1].score, item[0]))


def _reasons(case: _Case, *, version: Version | None, names: Mapping[int, str]) -> tuple[str, ...]:
    reasons = []
    if case.held_out is not None and version is not None:
        reasons += _of_model(case.held_out, version=version, names=names)
    if case.annotation is not None:
        reasons.append(_of_annotation(case.annotation))
    return tuple(reasons)


def _of_model(row: HeldOut, *, version: Version, names: Mapping[int, str]) -> list[str]:
    predicted, own = names.get(row.predicted_number, ""), names.get(row.label_number, "")
    said = [f"Version {version.number}, not having seen it, says “{predicted}”, {_percent(row.score)} sure."]
    if row.near_predicted is not None:
        said.append(
            f"Of the examples nearest to it, {row.near_predicted} are “{predicted}” and {row.near_own} “{own}”."
        )
    return said


def _of_annotation(said: Annotation) -> str:
    sure = "" if said.confidence is None else f", {_percent(said.confidence)} sure"
    return f"The language model says “{said.label}”{sure}{f': {said.reason}' if said.reason else '.'}"


def _percent(share: float) -> str:
    # Nobody is entirely sure.
    return "more than 99 %" if share > 0.99 else f"{100 * share:.0f} %"
