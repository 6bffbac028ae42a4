"""Decisions: the one rule by which an example gets its label and state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from classifiers.models import Decision, DecisionSource, Example, ExampleState, Label

# What these sources say is confirmed; what the others say is a suggestion.
CONFIRMING = {DecisionSource.PERSON, DecisionSource.IMPORT}


class ForeignLabel(Exception):
    """The label belongs to another classifier."""


def settle(decisions: Iterable[Decision]) -> tuple[int | None, ExampleState]:
    """Return label id and state that follow from the decisions, given oldest first.

    The last word of a person or an import holds. Where a person took the label away, or none has spoken, the last
    suggestion made since then holds.
    """
    standing = find_standing(decisions)
    if standing is None or standing.label_id is None:
        return None, ExampleState.UNLABELLED
    is_confirming = standing.source in CONFIRMING
    return standing.label_id, ExampleState.CONFIRMED if is_confirming else ExampleState.SUGGESTED


def find_standing(decisions: Iterable[Decision]) -> Decision | None:
    """Return the decision that holds, of those given oldest first: by it the label is given, or taken away."""
    standing: Decision | None = None
    for decision in decisions:
        is_confirmed = standing is not None and standing.source in CONFIRMING and standing.label_id is not None
        if decision.source in CONFIRMING or not is_confirmed:
            standing = decision
    return standing


def decide(
    example_id: int,
    *,
    label_id: int | None,
    source: DecisionSource,
    by: Any = None,
    confidence: float | None = None,
    reason: str = "",
) -> Example:
    """Add a decision and give the example the label that follows. `label_id` None takes the label away.

    Raises ForeignLabel, Example.DoesNotExist.
    """
    decision = Decision(
        example_id=example_id, label_id=label_id, source=source, user=by, confidence=confidence, reason=reason
    )
    return add([decision])[example_id]


@transaction.atomic
def add(decisions: Sequence[Decision]) -> dict[int, Example]:
    """Add new decisions, oldest first, and give their examples the labels that follow; return these by id.

    Takes a handful of queries, however many the decisions. Raises ForeignLabel, Example.DoesNotExist.
    """
    ids = {decision.example_id for decision in decisions}
    # In one order everywhere: two that lock the same examples wait for each other instead of for ever.
    locked = Example.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    examples = {example.pk: example for example in locked}
    if len(examples) < len(ids):
        raise Example.DoesNotExist("An example was deleted in the meantime.")
    _require_own_labels(decisions, examples=examples)
    Decision.objects.bulk_create(decisions)
    history: defaultdict[int, list[Decision]] = defaultdict(list)
    for decision in Decision.objects.filter(example_id__in=ids).order_by("pk"):
        history[decision.example_id].append(decision)
    alike: defaultdict[tuple[int | None, ExampleState, float | None], list[int]] = defaultdict(list)
    for pk, example in examples.items():
        example.label_id, example.state = settle(history[pk])
        example.confidence = _confidence(history[pk]) if example.state == ExampleState.SUGGESTED else None
        alike[example.label_id, example.state, example.confidence].append(pk)
    for (label_id, state, confidence), pks in alike.items():
        Example.objects.filter(pk__in=pks).update(label_id=label_id, state=state, confidence=confidence)
    return examples


def _confidence(history: Sequence[Decision]) -> float | None:
    standing = find_standing(history)
    return None if standing is None else standing.confidence


def _require_own_labels(decisions: Sequence[Decision], *, examples: Mapping[int, Example]) -> None:
    label_ids = {decision.label_id for decision in decisions if decision.label_id is not None}
    owners = dict(Label.objects.filter(pk__in=label_ids).values_list("pk", "classifier_id"))
    for decision in decisions:
        classifier_id = examples[decision.example_id].classifier_id
        if decision.label_id is not None and owners.get(decision.label_id) != classifier_id:
            raise ForeignLabel("That label belongs to another classifier. Choose one of this classifier's own.")
