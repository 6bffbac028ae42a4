"""The numbers of the first page. All are bounded: none is counted over the whole request log."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import chain

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from annotation.models import AnnotationRun
from classifiers.models import Classifier, Example, ExampleState, ImportRun, Version
from classifiers.services import encoder_changes, training, training_sets
from classifiers.services.steps import counted
from moderation.models import AnalyzerSetting
from moderation.runs import OPEN_STATES
from moderation.services import log_counts, workers
from moderation.services.log_counts import Bounded

_WEEK = dt.timedelta(days=7)
_LISTED = 8
_TODO_LISTED = 6


@dataclass(frozen=True)
class Live:
    """A classifier that answers, with how often it did in the last seven days."""

    classifier: Classifier
    url: str
    requests: Bounded


@dataclass(frozen=True)
class UnderWay:
    """A run that waits or goes on."""

    sentence: str
    percent: int
    url: str


@dataclass(frozen=True)
class Todo:
    """The next thing to do for a classifier."""

    sentence: str
    action: str
    url: str


@dataclass(frozen=True)
class Overview:
    """Everything that the first page shows."""

    has_worker: bool
    encoder_notice: str
    classifier_count: int
    waiting_count: int
    requests: Bounded
    live_count: int
    live: tuple[Live, ...]
    under_way: tuple[UnderWay, ...]
    todo: tuple[Todo, ...]


def overview(*, now: dt.datetime) -> Overview:
    """Return what the first page shows at the moment `now`."""
    classifiers = list(_classifiers())
    waiting = _waiting(classifiers)
    live = [classifier for classifier in classifiers if classifier.live_version is not None]
    listed = live[:_LISTED]
    requests = log_counts.by_analyzer([classifier.key for classifier in listed], since=now - _WEEK)
    return Overview(
        has_worker=workers.is_any_alive(),
        encoder_notice=encoder_changes.notice(classifiers),
        classifier_count=len(classifiers),
        waiting_count=sum(waiting.values()),
        requests=log_counts.total(since=now - _WEEK),
        live_count=len(live),
        live=tuple(
            Live(classifier=classifier, url=_url(classifier, "change"), requests=requests[classifier.key])
            for classifier in listed
        ),
        under_way=tuple(_under_way()),
        todo=tuple(_todo(classifiers, waiting=waiting)),
    )


def _classifiers() -> QuerySet[Classifier]:
    used = AnalyzerSetting.objects.filter(analyzer=OuterRef("key"), is_enabled=True)
    examples = Example.objects.filter(classifier=OuterRef("pk"))
    learnt_from = examples.filter(training_sets.IS_LEARNT_FROM)
    # Looking for the 20th stops there, whatever the size of the table.
    nth = training.MIN_EXAMPLES - 1
    return (
        Classifier.objects.select_related("live_version")
        .annotate(
            is_used=Exists(used),
            has_examples=Exists(examples),
            has_enough=Exists(learnt_from.order_by()[nth : nth + 1]),
            labels_there=Count("labels"),
            is_training=Exists(Version.objects.filter(classifier=OuterRef("pk"), state__in=OPEN_STATES)),
        )
        .order_by("-pk")
    )


def _waiting(classifiers: list[Classifier]) -> dict[int, int]:
    ids = [classifier.pk for classifier in classifiers]
    unlabelled = Example.objects.filter(classifier_id__in=ids, state=ExampleState.UNLABELLED).order_by()
    return dict(unlabelled.values_list("classifier_id").annotate(Count("pk")))


def _under_way() -> list[UnderWay]:
    is_open = Q(state__in=OPEN_STATES)
    uploads = ImportRun.objects.filter(is_open).select_related("classifier").order_by("-pk")[:_LISTED]
    annotations = AnnotationRun.objects.filter(is_open).select_related("classifier").order_by("-pk")[:_LISTED]
    trainings = Version.objects.filter(is_open).select_related("classifier").order_by("-pk")[:_LISTED]
    return [
        *(
            UnderWay(
                sentence=f"{run.file_name}, into {run.classifier}",
                percent=run.percent,
                url=_url(run.classifier, "upload_run", run_id=run.pk),
            )
            for run in uploads
        ),
        *(
            UnderWay(
                sentence=f"Training of {version.classifier}, version {version.number}",
                percent=version.percent,
                url=_url(version.classifier, "train"),
            )
            for version in trainings
        ),
        *(
            UnderWay(
                sentence=f"Annotation of {run.classifier}",
                percent=run.percent,
                url=_url(run.classifier, "annotation_run", run_id=run.pk),
            )
            for run in annotations
        ),
    ]


def _todo(classifiers: list[Classifier], *, waiting: dict[int, int]) -> list[Todo]:
    if not classifiers:
        url = reverse("admin:classifiers_classifier_add")
        return [Todo("There is no classifier yet. Start with a name and two or three labels.", "New classifier", url)]
    found = chain.from_iterable(_next_steps(each, waiting=waiting.get(each.pk, 0)) for each in classifiers)
    return [todo for todo, _ in zip(found, range(_TODO_LISTED), strict=False)]


def _next_steps(classifier: Classifier, *, waiting: int) -> list[Todo]:
    """Return the one thing that the classifier lacks most, and unlabelled examples beside it."""
    found = []
    if classifier.labels_there < 2:
        return [Todo(f"{classifier} needs at least two labels.", "Define labels", _url(classifier, "labels"))]
    if not classifier.has_examples:
        return [Todo(f"{classifier} has no examples yet.", "Add data", _url(classifier, "data"))]
    if classifier.live_version is None and classifier.has_enough and not classifier.is_training:
        found.append(Todo(f"{classifier} can be trained.", "Train", _url(classifier, "train")))
    if classifier.live_version is not None and not classifier.is_used:
        found.append(Todo(f"{classifier} is trained, but no project runs it.", "Use it", _url(classifier, "use")))
    if waiting:
        said = f"{counted(waiting, 'text')} of {classifier} {'waits' if waiting == 1 else 'wait'} for a label."
        found.append(Todo(said, "Label", _url(classifier, "annotate")))
    elif not classifier.has_enough:
        found.append(Todo(f"{classifier} has too few examples.", "Add data", _url(classifier, "data")))
    return found


def _url(classifier: Classifier, view: str, **captured: int) -> str:
    if view == "change":
        return reverse("admin:classifiers_classifier_change", args=[classifier.pk])
    return reverse(f"admin:classifiers_classifier_{view}", kwargs={"object_id": classifier.pk, **captured})
