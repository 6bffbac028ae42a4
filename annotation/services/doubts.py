"""What speaks against labels: rows of the live version, and of machines that annotate, that say otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery

from annotation.models import Annotation, AnnotationRun, AnnotationState, Annotator
from annotation.services import opinions
from classifiers.ml.neighbors import LOOKED_AT
from classifiers.models import HeldOut, Version
from classifiers.services import mistakes

# Of more words than this, only the latest are compared with the labels: each page that asks compares them all.
_WINDOW = 20_000


def contradicted(version: Version) -> dict[int, HeldOut]:
    """Return, by example, the version's surest mistakes among labels that are still the same and weren't looked at."""
    wrong = HeldOut.objects.filter(version=version).exclude(label_number=F("predicted_number"))
    looked_at = wrong.filter(near_predicted__isnull=False)
    # Versions from before neighbors were asked have the model's word only.
    surest = looked_at if looked_at.exists() else wrong.filter(pk__in=mistakes.surest_ids(version, limit=LOOKED_AT))
    unchanged = surest.filter(example__label__number=F("label_number"))
    unseen = unchanged.exclude(_is_settled(version.classifier_id, since=snapshot_at(version)))
    return {row.example_id: row for row in unseen}


def snapshot_at(version: Version) -> dt.datetime:
    """Return when the version's training read the examples, as nearly as is known."""
    return version.started_at or version.created_at


def annotated_otherwise(classifier_id: int, *, annotators: Collection[Annotator]) -> QuerySet[Annotation]:
    """Return where the last word of the annotators isn't the label that an example has, of their latest 20,000 words.

    What a person, knowing what was said, has looked at since isn't in it.
    """
    last = (
        _said(classifier_id, annotators=annotators)
        .filter(pk__gt=_newest_id(classifier_id, annotators=annotators) - _WINDOW)
        .exclude(Exists(_later(annotators=annotators)))
    )
    otherwise = last.filter(example__label__isnull=False).exclude(label=F("example__label"))
    return otherwise.exclude(_is_settled(classifier_id, since=OuterRef("answered_at")))


def last_words(classifier_id: int, *, example_ids: Collection[int]) -> dict[int, Annotation]:
    """Return the last word of a language model on each of the examples that has one."""
    said = (
        _said(classifier_id, annotators=[Annotator.LLM])
        .filter(example__in=list(example_ids))
        .order_by("pk")
        .select_related("example", "label")
    )
    # A later one takes the place of an earlier one.
    return {each.example_id: each for each in said}


def _said(classifier_id: int, *, annotators: Collection[Annotator]) -> QuerySet[Annotation]:
    """Return what the annotators said of texts that are still the same."""
    return Annotation.objects.filter(
        run__classifier_id=classifier_id,
        run__annotator__in=annotators,
        state=AnnotationState.LABELLED,
        text_key=F("example__text_key"),
    )


def _newest_id(classifier_id: int, *, annotators: Collection[Annotator]) -> int:
    # Run by run, each by its index: in one go over all runs, 400,000 words are read to find the last one.
    newest = Annotation.objects.filter(run=OuterRef("pk"), state=AnnotationState.LABELLED).order_by("-pk").values("pk")
    runs = AnnotationRun.objects.filter(classifier_id=classifier_id, annotator__in=annotators)
    return runs.annotate(newest=Subquery(newest[:1])).aggregate(last=Max("newest"))["last"] or 0


def _later(*, annotators: Collection[Annotator]) -> QuerySet[Annotation]:
    said = Annotation.objects.filter(state=AnnotationState.LABELLED, run__annotator__in=annotators)
    return said.filter(example=OuterRef("example"), pk__gt=OuterRef("pk"))


def _is_settled(classifier_id: int, *, since: dt.datetime | OuterRef) -> Q:
    """Return the condition that a person, knowing what was said, has kept or changed the example's label since."""
    settling = opinions.settling(classifier_id).filter(example=OuterRef("example"), created_at__gt=since)
    return Q(Exists(settling))
