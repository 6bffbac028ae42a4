"""What a run of automated annotation has brought, as its page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Count, Q
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.http import urlencode
from unfold.widgets import UnfoldAdminTextareaWidget

from annotation.admin import words
from annotation.admin.plans import Choice, Sums
from annotation.models import Annotation, AnnotationRun, Pick
from annotation.services import annotation_lists, annotation_reports
from annotation.services.annotation_lists import Show
from annotation.services.annotation_reports import Agreement, Flip
from classifiers.admin import step_page
from classifiers.admin.step_page import read_id
from classifiers.models import Classifier, Example, ExampleState, Label
from classifiers.services import guidelines, wordings

CHANGE_EXAMPLE = "classifiers.change_example"
DESCRIPTION_CHARS = 4_000
FLOORS = (95, 90, 80, 70)
_FLIPS_SHOWN = 50
# Beyond that the page says "or more".
_FLIPS_COUNTED = 500
# What asking again would take is worked out for each page that offers it only for runs of this size.
_PLANNED_MOST = 500


@dataclass(frozen=True)
class Row:
    """One annotated text. `said` is how sure the annotator is, in words."""

    annotation: Annotation
    said: str
    percent: int | None

    @property
    def is_open(self) -> bool:
        return self.annotation.example.state == ExampleState.SUGGESTED

    @property
    def is_corrected(self) -> bool:
        example = self.annotation.example
        return example.state == ExampleState.CONFIRMED and example.label_id != self.annotation.label_id


@dataclass(frozen=True)
class Turned:
    """A text that got another label than in the run before. `before` and `after`: how sure the annotator was."""

    flip: Flip
    before: str
    after: str


@dataclass(frozen=True)
class Filter:
    """A choice of texts to look at."""

    name: str
    query: str
    is_here: bool


@dataclass(frozen=True)
class Floor:
    """How many suggestions of the classifier are at least so sure. Units: percent."""

    percent: int
    count: int


@dataclass(frozen=True)
class View:
    """Which part of the result is looked at; it stands in the address."""

    show: Show
    label_number: int | None
    number: int

    @classmethod
    def read(cls, query: QueryDict) -> View:
        """Return the view that the address names: all labels, first page, unless it says otherwise."""
        show, label = query.get("show", ""), query.get("label", "")
        return cls(
            show=Show(show) if show in Show.values else Show.ALL,
            label_number=int(label) if label.isascii() and label.isdecimal() and len(label) <= 4 else None,
            number=max(1, min(read_id(query.get("page")), 1_000_000)),
        )

    def query(self, **changes: Any) -> str:
        """Return what stands behind the question mark of the address, with some of it changed."""
        values = {"show": self.show.value, "label": self.label_number, "page": self.number, **changes}
        return urlencode({name: value for name, value in values.items() if value is not None})


def context(
    request: HttpRequest, classifier: Classifier, run: AnnotationRun, *, wording_form: WordingForm | None = None
) -> dict[str, Any]:
    """Return what the page of a run that isn't under way needs; `wording_form` is one that was filled in wrongly."""
    view = View.read(request.GET)
    labels = list(classifier.labels.all())
    page = annotation_lists.page(run, show=view.show, label_number=view.label_number, number=view.number)
    return {
        "view": view,
        "filters": _filters(view),
        "label_filters": _label_filters(view, labels),
        "rows": [_row(annotation) for annotation in page.annotations],
        "page": page,
        "earlier_query": view.query(page=page.number - 1),
        "later_query": view.query(page=page.number + 1),
        "here_query": view.query(),
        "labels": labels,
        "agreement": _agreement(run),
        "floors": floors(classifier),
        "may_label": request.user.has_perm(CHANGE_EXAMPLE),
        "may_describe": request.user.has_perm(step_page.CHANGE),
        "is_reworded": guidelines.wording(classifier) != run.guidelines.labels,
        "wording_form": wording_form or WordingForm(labels=labels),
        **_comparison(run),
        **_again(classifier, run),
    }


class WordingForm(forms.Form):
    """The descriptions of all labels, to be made clearer."""

    def __init__(self, *args: Any, labels: Sequence[Label], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.labels = list(labels)
        for label in self.labels:
            self.fields[f"description_{label.pk}"] = forms.CharField(
                required=False,
                max_length=DESCRIPTION_CHARS,
                label=label.name,
                initial=label.description,
                widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
                error_messages={"max_length": f"A description has at most {DESCRIPTION_CHARS:,} characters."},
            )

    def descriptions(self) -> dict[int, str]:
        """Return the description of each label, by its id."""
        return {label.pk: self.cleaned_data[f"description_{label.pk}"] for label in self.labels}


def floors(classifier: Classifier) -> list[Floor]:
    """Return from which confidence on there are how many suggestions; only such as there are any for."""
    suggested = Example.objects.filter(classifier=classifier, state=ExampleState.SUGGESTED)
    counts = suggested.aggregate(
        **{f"from_{floor}": Count("pk", filter=Q(confidence__gte=floor / 100)) for floor in FLOORS}
    )
    found = [Floor(percent=floor, count=counts[f"from_{floor}"]) for floor in FLOORS]
    return [floor for floor in found if floor.count]


def _row(annotation: Annotation) -> Row:
    share = annotation.confidence
    return Row(
        annotation=annotation, said=words.confidence(share), percent=None if share is None else round(100 * share)
    )


def _filters(view: View) -> list[Filter]:
    return [
        Filter(name=show.label, query=view.query(show=show.value, page=None), is_here=show == view.show)
        for show in Show
    ]


def _label_filters(view: View, labels: Sequence[Label]) -> list[Filter]:
    if view.show == Show.REFUSED:
        return []
    numbers: list[tuple[int | None, str]] = [(None, "Any label"), *((label.number, label.name) for label in labels)]
    return [
        Filter(name=name, query=view.query(label=number, page=None), is_here=number == view.label_number)
        for number, name in numbers
    ]


def _agreement(run: AnnotationRun) -> Agreement | None:
    found = annotation_reports.agreement(run)
    return found if found.compared else None


def _comparison(run: AnnotationRun) -> dict[str, Any]:
    """Return how the run differs from the one that it repeats: in its wording, and in what it said."""
    if run.repeats is None:
        return {}
    flips = annotation_reports.flips(run, limit=_FLIPS_COUNTED)
    return {
        "flip_count": len(flips),
        "is_flip_count_cut": len(flips) == _FLIPS_COUNTED,
        "flips": [
            Turned(
                flip=flip,
                before=words.confidence(flip.before.confidence),
                after=words.confidence(flip.after.confidence),
            )
            for flip in flips[:_FLIPS_SHOWN]
        ],
        "changes": wordings.compare(run.repeats.guidelines.labels, run.guidelines.labels),
    }


def _again(classifier: Classifier, run: AnnotationRun) -> dict[str, Any]:
    """Return what asking about the same texts again would take."""
    choice = Choice(pick=Pick.AGAIN, wanted=max(run.text_count, 1), repeats=run)
    is_planned = 0 < run.text_count <= _PLANNED_MOST
    plan = choice.plan(classifier, now=timezone.now()) if is_planned else None
    return {
        "again": plan,
        "again_sums": None if plan is None else Sums.of(plan),
        "again_query": urlencode(choice.as_fields()),
    }
