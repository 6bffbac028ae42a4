"""Write down what an annotator has answered: annotations, suggestions, counts, all or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from annotation.asking import Problem, Reply
from annotation.llm import prices
from annotation.llm.prices import Price
from annotation.models import Annotation, AnnotationRun, AnnotationState
from classifiers.models import Decision, DecisionSource, Example, Label
from classifiers.services import decisions
from moderation.runs import Claim

_WRITTEN = (
    "state",
    "label",
    "confidence",
    "reason",
    "problem",
    "decision",
    "prompt_tokens",
    "completion_tokens",
    "answered_at",
)


@dataclass
class Recorder:
    """Writes the replies of one run. `answered` counts the texts that have an answer or a problem so far."""

    claim: Claim
    run: AnnotationRun
    price: Price | None
    answered: int

    @transaction.atomic
    def record(self, replies: Sequence[Reply], *, now: dt.datetime) -> None:
        """Write the replies, each also for the near-duplicates that share it, and what they took.

        A text that was deleted, or written over since it was read, takes no label from an answer to another text. A
        suggestion never replaces what a person said: `decisions.settle` sees to that. Raises RunLost.
        """
        asked = {each.pk: each for each in self._waiting(pk__in=[reply.question_id for reply in replies])}
        told = {reply.question_id: reply for reply in replies if reply.question_id in asked}
        copies = list(self._waiting(same_as_id__in=told))
        examples = _locked([*asked.values(), *copies])
        labels = self._labels()
        for annotation in asked.values():
            _answer(annotation, told[annotation.pk], example=examples.get(annotation.example_id), labels=labels)
        shared = [copy for copy in copies if _share(copy, asked[copy.same_as_id], examples=examples)]
        # A copy that says something else by now is asked itself, later.
        freed = [copy.pk for copy in copies if copy.state == AnnotationState.WAITING]
        Annotation.objects.filter(pk__in=freed).update(same_as=None)
        settled = [*asked.values(), *shared]
        self._suggest([each for each in settled if each.state == AnnotationState.LABELLED])
        for annotation in settled:
            annotation.answered_at = now
        for annotation in settled:
            # Quicker than `bulk_update`, which writes out a case for each field of each row.
            annotation.save(update_fields=_WRITTEN)
        self._count(replies, settled=settled, shared=shared)

    def _waiting(self, **where: object) -> list[Annotation]:
        return list(Annotation.objects.filter(run=self.run, state=AnnotationState.WAITING, **where).order_by("pk"))

    def _labels(self) -> Mapping[int, int]:
        """Return the id of each label by the number that it had when the run was started; those that are left."""
        there = set(Label.objects.filter(classifier_id=self.run.classifier_id).values_list("pk", flat=True))
        return {int(number): pk for number, pk in self.run.label_ids.items() if pk in there}

    def _suggest(self, labelled: Sequence[Annotation]) -> None:
        made = [
            Decision(
                example_id=each.example_id,
                label_id=each.label_id,
                source=DecisionSource(self.run.annotator),
                confidence=each.confidence,
                reason=each.reason,
            )
            for each in labelled
        ]
        if made:
            decisions.add(made)
        for annotation, decision in zip(labelled, made, strict=True):
            annotation.decision = decision

    def _count(self, replies: Sequence[Reply], *, settled: Sequence[Annotation], shared: Sequence[Annotation]) -> None:
        labelled = sum(each.state == AnnotationState.LABELLED for each in settled)
        prompt_tokens = sum(reply.prompt_tokens for reply in replies)
        completion_tokens = sum(reply.completion_tokens for reply in replies)
        cost = prices.cost(prompt_tokens, completion_tokens, price=self.price) if self.price else Decimal(0)
        answered = self.answered + len(settled)
        self.claim.keep(
            annotated=F("annotated") + labelled,
            shared=F("shared") + sum(each.state == AnnotationState.LABELLED for each in shared),
            refused=F("refused") + len(settled) - labelled,
            calls=F("calls") + sum(reply.calls for reply in replies),
            prompt_tokens=F("prompt_tokens") + prompt_tokens,
            completion_tokens=F("completion_tokens") + completion_tokens,
            cost=F("cost") + cost,
            progress=min(1.0, answered / max(self.run.text_count, 1)),
            step=f"{answered:,} of {self.run.text_count:,} texts",
        )
        # Last: where the run was lost, nothing of this is so.
        self.answered = answered


def _locked(annotations: Sequence[Annotation]) -> Mapping[int, Example]:
    # In the order of `decisions.add`: two that lock the same examples wait for each other instead of for ever.
    ids = [annotation.example_id for annotation in annotations]
    return {each.pk: each for each in Example.objects.select_for_update().filter(pk__in=ids).order_by("pk")}


def _answer(annotation: Annotation, reply: Reply, *, example: Example | None, labels: Mapping[int, int]) -> None:
    annotation.prompt_tokens, annotation.completion_tokens = reply.prompt_tokens, reply.completion_tokens
    said = reply.said
    if isinstance(said, Problem):
        _refuse(annotation, said.sentence)
    elif example is None or example.text_key != annotation.text_key:
        _refuse(annotation, "The text was changed while it was being annotated.")
    elif said.label_number not in labels:
        _refuse(annotation, "The label that fits was removed while the run was under way.")
    else:
        annotation.state = AnnotationState.LABELLED
        annotation.label_id, annotation.confidence = labels[said.label_number], said.confidence
        annotation.reason = said.reason


def _share(copy: Annotation, asked: Annotation, *, examples: Mapping[int, Example]) -> bool:
    """Give the copy what its near-duplicate got; return False where it doesn't say the same any more."""
    example = examples.get(copy.example_id)
    if example is None or example.text_key != copy.text_key:
        return False
    copy.state, copy.label_id, copy.confidence = asked.state, asked.label_id, asked.confidence
    copy.reason, copy.problem = asked.reason, asked.problem
    return True


def _refuse(annotation: Annotation, problem: str) -> None:
    annotation.state, annotation.problem = AnnotationState.REFUSED, problem
