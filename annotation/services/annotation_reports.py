"""How well a machine has annotated: against people's labels, against an earlier run, and so far altogether."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.db.models import BigIntegerField, Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotation.agreement import cohen_kappa
from annotation.asking import LabelRule
from annotation.models import Annotation, AnnotationRun, AnnotationState, Annotator
from annotation.services import offline_annotator
from annotation.services.annotators import annotator_in_use
from classifiers.models import Classifier, Example, ExampleState, Label
from classifiers.services import guidelines

# Of more confirmed examples the newest are looked at.
_MOST_COMPARED = 2_000


@dataclass(frozen=True)
class LabelAgreement:
    """One label's part. `given` by the machine, `confirmed` by people, `both` by either; among the texts compared.

    Units: precision and recall are shares in [0, 1]; None where the machine or the people never gave the label.
    """

    label: Label
    given: int
    confirmed: int
    both: int

    @property
    def precision(self) -> float | None:
        return self.both / self.given if self.given else None

    @property
    def recall(self) -> float | None:
        return self.both / self.confirmed if self.confirmed else None


@dataclass(frozen=True)
class Agreement:
    """A run against people: of `compared` texts that both labelled, `agreed` have the same label.

    `kappa` is Cohen's: 1 is full agreement, 0 what chance would give; None where it can't be told from chance.
    """

    compared: int
    agreed: int
    kappa: float | None
    labels: tuple[LabelAgreement, ...]


@dataclass(frozen=True)
class Flip:
    """A text that the later run annotated otherwise than the run it repeats. Either may have given no label."""

    example: Example
    before: Annotation
    after: Annotation


@dataclass(frozen=True)
class Trust:
    """How far the annotator in use agreed with people on this classifier: on `agreed` of `compared` texts.

    `is_estimate` tells that no run has been compared with people yet, and the annotator was tried on their labels
    instead, each left out in turn.
    """

    annotator: Annotator
    model: str
    agreed: int
    compared: int
    is_estimate: bool = False

    @property
    def share(self) -> float:
        """Return the share of the texts on which they agreed, in [0, 1]."""
        return self.agreed / self.compared


def agreement(run: AnnotationRun) -> Agreement:
    """Return how a run's labels compare with those that people have confirmed by now, over all labels by number."""
    compared = _compared(Annotation.objects.filter(run=run)).order_by()
    cells = Counter(
        {
            (given_id, confirmed_id): count
            for given_id, confirmed_id, count in compared.values_list("label_id", "example__label_id").annotate(
                Count("pk")
            )
        }
    )
    return Agreement(
        compared=cells.total(),
        agreed=sum(count for (given_id, confirmed_id), count in cells.items() if given_id == confirmed_id),
        # Kappa asks for the two lists; which text is where in them doesn't matter.
        kappa=cohen_kappa(*_as_lists(cells)),
        labels=tuple(
            LabelAgreement(
                label=label,
                given=sum(count for (given_id, _), count in cells.items() if given_id == label.pk),
                confirmed=sum(count for (_, confirmed_id), count in cells.items() if confirmed_id == label.pk),
                both=cells[label.pk, label.pk],
            )
            for label in Label.objects.filter(classifier_id=run.classifier_id).order_by("number")
        ),
    )


def flips(run: AnnotationRun, *, limit: int = 500) -> list[Flip]:
    """Return the texts that the run annotated otherwise than the run it repeats, in its order.

    There are none where it repeats none. A text that has been written over in between isn't the same text: it's left
    out.
    """
    if run.repeats_id is None:
        return []
    same = Annotation.objects.filter(run=run.repeats_id, example=OuterRef("example"), text_key=OuterRef("text_key"))
    told = same.exclude(state=AnnotationState.WAITING)
    changed = (
        Annotation.objects.filter(run=run)
        .exclude(state=AnnotationState.WAITING)
        .annotate(
            before_id=Subquery(told.values("pk")[:1]),
            before_label=Coalesce(Subquery(told.values("label_id")[:1]), 0, output_field=BigIntegerField()),
        )
        .filter(before_id__isnull=False)
        .exclude(before_label=Coalesce(F("label_id"), 0, output_field=BigIntegerField()))
    )
    found = list(changed.select_related("example", "label").order_by("pk")[:limit])
    before = Annotation.objects.select_related("label").in_bulk([each.before_id for each in found])
    return [Flip(example=after.example, before=before[after.before_id], after=after) for after in found]


def trust(classifier: Classifier, *, now: dt.datetime) -> Trust | None:
    """Return how far the annotator in use can be trusted on this classifier; None where nothing tells it."""
    annotator, model = annotator_in_use()
    confirmed = Example.objects.filter(classifier=classifier, state=ExampleState.CONFIRMED).order_by("-pk")
    by_it = Annotation.objects.filter(run__classifier=classifier, run__annotator=annotator, run__model=model)
    # The examples first: a run may have annotated 200,000 texts of which a hundred are confirmed.
    newest = list(confirmed.values_list("pk", flat=True)[:_MOST_COMPARED])
    told = _compared(by_it.filter(example__in=newest)).order_by("pk")
    # The last word about each text.
    latest = {example_id: pair for example_id, *pair in told.values_list("example", "label_id", "example__label_id")}
    pairs = list(latest.values())
    if pairs:
        agreed = sum(given_id == confirmed_id for given_id, confirmed_id in pairs)
        return Trust(annotator=annotator, model=model, agreed=agreed, compared=len(pairs))
    return _estimate(classifier, now=now) if annotator == Annotator.OFFLINE else None


def _estimate(classifier: Classifier, *, now: dt.datetime) -> Trust | None:
    labels = [LabelRule(**label) for label in guidelines.wording(classifier)]
    tried = offline_annotator.measure(classifier, labels=labels, now=now)
    if not tried.total:
        return None
    return Trust(annotator=Annotator.OFFLINE, model="", agreed=tried.agreed, compared=tried.total, is_estimate=True)


def _compared(annotations: QuerySet[Annotation]) -> QuerySet[Annotation]:
    """Return those annotations whose text, as it was then, has a label that a person confirmed."""
    return annotations.filter(
        state=AnnotationState.LABELLED, example__state=ExampleState.CONFIRMED, example__text_key=F("text_key")
    )


def _as_lists(cells: Counter[tuple[int, int]]) -> tuple[list[int], list[int]]:
    pairs = list(cells.elements())
    return [given_id for given_id, _ in pairs], [confirmed_id for _, confirmed_id in pairs]
