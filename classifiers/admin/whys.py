"""Why a version says what it says of a text: its words by their weight, and the examples most like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from classifiers.admin import scores, step_page
from classifiers.admin.step_page import StepUrl
from classifiers.ml.explaining import Weighed
from classifiers.models import Classifier, HeldOut
from classifiers.services import explanations
from classifiers.services.explanations import Explanation
from classifiers.services.trials import NotTried
from moderation.analyzers.base import Finding

# Shades of a word, 0 (none) to 3, by its weight relative to the heaviest.
_SHADES = 3
_LEAST_SHARE = 0.15
# Where no word shifts the log-odds by as much, all of it is noise: a tenth makes 50 % to 52 %.
_LEAST_WEIGHT = 0.1
_NAMED_FOR, _NAMED_AGAINST = 5, 3
_MINUS = "\u2212"


@dataclass(frozen=True)
class Answer:
    """An answer in the shape in which the pages show it. `bars`: label, score, percent; the surest first.

    `label` is the surest one where `is_undecided`, too; `percent` is its. `position` is a ranking's, None for others.
    """

    label: str
    percent: int
    is_undecided: bool
    bars: tuple[tuple[str, float, int], ...]
    position: float | None = None


@dataclass(frozen=True)
class Piece:
    """A part of a text: a word with its weight, or what is between two. `shade` 0 is for what has no weight."""

    text: str
    shade: int = 0
    is_against: bool = False
    title: str = ""


@dataclass(frozen=True)
class Why:
    """An explanation in the shape in which the pages show it. `named`: the heaviest words with their weights."""

    explanation: Explanation
    answer: Answer
    pieces: tuple[Piece, ...]
    named_for: tuple[tuple[str, str], ...]
    named_against: tuple[tuple[str, str], ...]
    neighbors: tuple[tuple[explanations.Neighbor, int], ...]


def answer_of(finding: Finding) -> Answer:
    """Return what the pages show of a finding."""
    ordered = scores.best_first(finding.label_scores or {})
    bars = tuple((name, score, scores.percent(score)) for name, score in ordered)
    return Answer(
        label=bars[0][0] if finding.label is None else finding.label,
        percent=scores.percent(finding.score or 0.0),
        is_undecided=finding.label is None,
        bars=bars,
        position=finding.position,
    )


def why_of(explanation: Explanation) -> Why:
    """Return what the pages show of an explanation."""
    text, weighed = explanation.text, explanation.weighed
    return Why(
        explanation=explanation,
        answer=answer_of(explanation.finding),
        pieces=tuple(_pieces(text, weighed, label=explanation.label)),
        named_for=_named(text, weighed, sign=1, limit=_NAMED_FOR),
        named_against=_named(text, weighed, sign=-1, limit=_NAMED_AGAINST),
        neighbors=tuple((each, scores.percent(each.cosine)) for each in explanation.neighbors),
    )


def show_mistake(request: HttpRequest, classifier: Classifier, held_out_id: int) -> HttpResponse:
    """Show how a version reads an example on which it erred."""
    rows = HeldOut.objects.select_related("version__classifier", "example__label")
    held_out = get_object_or_404(rows, pk=held_out_id, version__classifier=classifier)
    names = scores.names(held_out.version)
    why, problem = None, ""
    try:
        why = why_of(explanations.explain_mistake(held_out))
    except NotTried as error:
        problem = str(error)
    return step_page.show(
        request,
        classifier,
        code="review",
        template="why.html",
        version=held_out.version,
        text=held_out.example.text,
        why=why,
        problem=problem,
        held_out=held_out,
        held_out_percent=scores.percent(held_out.score),
        actual=names.get(held_out.label_number, f"label {held_out.label_number}"),
        predicted=names.get(held_out.predicted_number, f"label {held_out.predicted_number}"),
    )


def _pieces(text: str, weighed: Weighed, *, label: str) -> list[Piece]:
    heaviest = _heaviest(weighed)
    pieces, at = [], 0
    for word in weighed.words:
        share = abs(word.contribution) / heaviest if heaviest else 0.0
        if share < _LEAST_SHARE:
            continue
        is_against = word.contribution < 0
        pieces += [
            Piece(text[at : word.start]),
            Piece(
                text[word.start : word.end],
                shade=max(1, round(_SHADES * share)),
                is_against=is_against,
                title=f"{_signed(word.contribution)}: speaks {'against' if is_against else 'for'} “{label}”",
            ),
        ]
        at = word.end
    return [piece for piece in (*pieces, Piece(text[at:])) if piece.text]


def _named(text: str, weighed: Weighed, *, sign: int, limit: int) -> tuple[tuple[str, str], ...]:
    """Return the heaviest words of that sign, each once, with their weights."""
    heaviest = _heaviest(weighed)
    by_word: dict[str, float] = {}
    for word in sorted(weighed.words, key=lambda word: -sign * word.contribution):
        if heaviest and sign * word.contribution >= _LEAST_SHARE * heaviest:
            by_word.setdefault(text[word.start : word.end], word.contribution)
    return tuple((word, _signed(weight)) for word, weight in list(by_word.items())[:limit])


def _heaviest(weighed: Weighed) -> float:
    """Return the weight of the heaviest word, 0 where none weighs enough to be told from noise."""
    heaviest = max((abs(word.contribution) for word in weighed.words), default=0.0)
    return heaviest if heaviest >= _LEAST_WEIGHT else 0.0


def _signed(weight: float) -> str:
    return f"{_MINUS if weight < 0 else '+'}{abs(weight):.1f}"


URLS: Sequence[StepUrl] = (StepUrl("review/<int:held_out_id>/why/", show_mistake, "mistake_why"),)
