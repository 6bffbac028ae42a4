"""What an annotation run would take, told before anything is spent."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from annotation.asking import LabelRule
from annotation.llm import prices, prompt
from annotation.models import AnnotationRun, Annotator, Pick
from annotation.services import allowances, picking
from annotation.services.annotators import annotator_in_use
from classifiers.models import Classifier, Example
from classifiers.services import guidelines
from moderation.runs import OPEN_STATES, RunState

# Texts that are read to learn how long they are.
_SAMPLE = 400
# A call's time where no run tells it: seen with small models of 2025, thinking included.
_CALL_S = 3.0
# Reading new texts, and solving, on two shared cores.
_OFFLINE_TEXT_S = 0.005
_LEAST_LABELS = 2


@dataclass(frozen=True)
class Plan:
    """What a run would do and take. `cost` is None where the model's price isn't known; `model` is "" offline.

    `shared_count` of the `text_count` texts are near-duplicates that take another's answer. `allowance_left` is in
    calls, None where nothing limits them. Tokens, cost and seconds are estimates. While there are `problems`, sentences
    that say what to do, the run can't be started.
    """

    annotator: Annotator
    model: str
    text_count: int
    shared_count: int
    call_count: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal | None
    seconds: float
    allowance_left: int | None
    problems: tuple[str, ...]


def make(classifier: Classifier, *, pick: Pick, wanted: int, repeats: AnnotationRun | None, now: dt.datetime) -> Plan:
    """Return the plan of a run over the texts that `pick` and `wanted` say; `repeats` is the run to do again."""
    annotator, model = annotator_in_use()
    repeats_id = None if repeats is None else repeats.pk
    ids = picking.pick(classifier.pk, pick=pick, wanted=wanted, repeats_id=repeats_id)
    shared = len(picking.shares(classifier.pk, ids))
    asked = len(ids) - shared
    is_llm = annotator == Annotator.LLM
    calls = asked if is_llm else 0
    prompt_tokens = calls * _tokens_per_call(classifier, ids) if calls else 0
    completion_tokens = calls * prices.ANSWER_TOKENS
    left = allowances.left(classifier.pk, now) if is_llm else None
    return Plan(
        annotator=annotator,
        model=model,
        text_count=len(ids),
        shared_count=shared,
        call_count=calls,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost=_cost(model, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens) if is_llm else Decimal(0),
        seconds=_seconds(annotator, model, asked=asked),
        allowance_left=left,
        problems=tuple(_problems(classifier, pick=pick, repeats=repeats, ids=ids, calls=calls, left=left, now=now)),
    )


def _tokens_per_call(classifier: Classifier, ids: Sequence[int]) -> int:
    labels = [LabelRule(**label) for label in guidelines.wording(classifier)]
    system = prices.estimate_tokens(prompt.write_system(labels, purpose=classifier.description))
    every = max(1, len(ids) // _SAMPLE)
    texts = Example.objects.filter(pk__in=ids[::every][:_SAMPLE]).values_list("text", flat=True)
    counts = [prices.estimate_tokens(text[: prompt.MOST_CHARS]) for text in texts]
    return prices.estimate_call(system, math.ceil(sum(counts) / max(1, len(counts))))


def _cost(model: str, *, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
    price = prices.find_price(model, table=settings.LLM_PRICES)
    return None if price is None else prices.cost(prompt_tokens, completion_tokens, price=price)


def _seconds(annotator: Annotator, model: str, *, asked: int) -> float:
    """Return the time it would take: at the pace of the last run of this annotator that was done at one go."""
    last = AnnotationRun.objects.filter(
        annotator=annotator, model=model, state=RunState.SUCCEEDED, attempts=1, annotated__gt=0
    ).first()
    if last is not None and last.started_at and last.finished_at:
        took_s = (last.finished_at - last.started_at).total_seconds()
        return asked * took_s / max(1, last.annotated + last.refused - last.shared)
    return asked * (_OFFLINE_TEXT_S if annotator == Annotator.OFFLINE else _CALL_S / settings.LLM_CONCURRENCY)


def _problems(
    classifier: Classifier,
    *,
    pick: Pick,
    repeats: AnnotationRun | None,
    ids: Sequence[int],
    calls: int,
    left: int | None,
    now: dt.datetime,
) -> list[str]:
    found = []
    if classifier.labels.count() < _LEAST_LABELS:
        found.append("A classifier needs at least two labels before its texts can be annotated. Define them first.")
    if pick == Pick.AGAIN and (repeats is None or repeats.classifier_id != classifier.pk):
        found.append("Choose a run of this classifier to do again.")
    elif not ids:
        found.append(_nothing_to_do(pick))
    if left is not None and calls > left:
        resets = f"{allowances.resets_at(now):%-d %B %Y}"
        found.append(
            f"This takes {calls:,} calls, and {left:,} are left of the allowance until {resets}. Choose fewer texts."
            if left
            else f"The monthly allowance is used up until {resets}. Wait, raise the limit, or label by hand."
        )
    if classifier.annotation_runs.filter(state__in=OPEN_STATES).exists():
        found.append("A run of this classifier is under way. Wait for its end, or cancel it.")
    return found


def _nothing_to_do(pick: Pick) -> str:
    if pick == Pick.AGAIN:
        return "The texts of that run aren't there any more. Choose others."
    return "There are no texts without a label to annotate. Add data first, or choose a larger number."
