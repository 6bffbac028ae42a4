"""Decisions: the one rule by which an example gets its label and state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from classifiers.models import Decision, DecisionSource, Example, ExampleState

# What these sources say is confirmed; what the others say is a suggestion.
_CONFIRMING = {DecisionSource.PERSON, DecisionSource.IMPORT}


class ForeignLabel(Exception):
    """The label belongs to another classifier."""


def settle(decisions: Iterable[Decision]) -> tuple[int | None, ExampleState]:
    """Return label id and state that follow from the decisions, given oldest first.

    The last word of a person or an import holds. Where a person took the label away, or none has spoken, the last
    suggestion made since then holds.
    """
    label_id, state = None, ExampleState.UNLABELLED
    for decision in decisions:
        if decision.source in _CONFIRMING:
            label_id = decision.label_id
            state = ExampleState.UNLABELLED if label_id is None else ExampleState.CONFIRMED
        elif state != ExampleState.CONFIRMED:
            label_id, state = decision.label_id, ExampleState.SUGGESTED
    return label_id, state


@transaction.atomic
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
    example = Example.objects.select_for_update().select_related("classifier").get(pk=example_id)
    if label_id is not None and not example.classifier.labels.filter(pk=label_id).exists():
        raise ForeignLabel("That label belongs to another classifier.")
    Decision.objects.create(
        example=example, label_id=label_id, source=source, user=by, confidence=confidence, reason=reason
    )
    example.label_id, example.state = settle(example.decisions.order_by("pk"))
    example.save(update_fields=["label", "state"])
    return example
