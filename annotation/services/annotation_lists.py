"""What a run has said of its texts, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, QuerySet, TextChoices

from annotation.models import Annotation, AnnotationRun, AnnotationState
from classifiers.models import ExampleState

A_PAGE = 50
# Up to so many texts are sorted for each page.
_MOST_SORTED = 10_000


class Show(TextChoices):
    """Which of a run's texts."""

    ALL = "all", "All with a label"
    OPEN = "open", "To be confirmed"
    REFUSED = "refused", "Not annotated"


@dataclass(frozen=True)
class Page:
    """One page of annotations with their examples and labels."""

    annotations: tuple[Annotation, ...]
    number: int
    has_next: bool


def page(run: AnnotationRun, *, show: Show, label_number: int | None = None, number: int = 1) -> Page:
    """Return one page, 1 being the first. `label_number` narrows it to what was given that label.

    Order: least sure first, as that is where a look is worth most; in a run of more than 10,000 texts, as they were
    picked.
    """
    rows = _shown(run, show)
    if label_number is not None:
        rows = rows.filter(label__number=label_number)
    order = ("pk",) if run.text_count > _MOST_SORTED else (F("confidence").asc(nulls_first=True), "pk")
    start = (max(number, 1) - 1) * A_PAGE
    # One more than is shown says whether there is a next page.
    found = list(rows.select_related("example__label", "label").order_by(*order)[start : start + A_PAGE + 1])
    return Page(annotations=tuple(found[:A_PAGE]), number=max(number, 1), has_next=len(found) > A_PAGE)


def after(
    run_id: int, *, state: AnnotationState | None, after_id: int, limit: int
) -> tuple[Sequence[Annotation], int | None]:
    """Return up to `limit` annotations behind the id `after_id`, by id, and behind which one the next ones begin.

    The second is None on the last page.
    """
    rows = Annotation.objects.filter(run_id=run_id, pk__gt=after_id)
    if state is not None:
        rows = rows.filter(state=state)
    found = list(rows.select_related("example", "label").order_by("pk")[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def runs_before(classifier_id: int, *, before_id: int | None, limit: int) -> tuple[Sequence[AnnotationRun], int | None]:
    """Return up to `limit` runs with ids below `before_id`, the newest first, and below which one the next begin.

    The second is None on the last page.
    """
    runs = AnnotationRun.objects.filter(classifier_id=classifier_id).select_related("guidelines").order_by("-pk")
    if before_id is not None:
        runs = runs.filter(pk__lt=before_id)
    found = list(runs[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def chosen(run: AnnotationRun, annotation_ids: Sequence[int]) -> list[Annotation]:
    """Return those of the run's labelled annotations that have these ids, with their examples."""
    rows = Annotation.objects.filter(run=run, state=AnnotationState.LABELLED, pk__in=annotation_ids)
    return list(rows.select_related("example", "label").order_by("pk"))


def _shown(run: AnnotationRun, show: Show) -> QuerySet[Annotation]:
    rows = Annotation.objects.filter(run=run)
    if show == Show.REFUSED:
        return rows.filter(state=AnnotationState.REFUSED)
    rows = rows.filter(state=AnnotationState.LABELLED)
    return rows.filter(example__state=ExampleState.SUGGESTED) if show == Show.OPEN else rows
