"""Filters of the list of examples: what they say of one chosen classifier, so they wait until one is chosen."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import RelatedFieldListFilter, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from classifiers.models import Classifier, Example, ImportRun, RequestImport
from classifiers.services import mistakes

CLASSIFIER = "classifier__id__exact"
_IMPORTS_OFFERED = 20


def chosen_classifier(request: HttpRequest) -> int | None:
    """Return the id of the classifier that the list is filtered by."""
    chosen = request.GET.get(CLASSIFIER, "")
    return int(chosen) if chosen.isascii() and chosen.isdecimal() and len(chosen) <= 18 else None


class LabelFilter(RelatedFieldListFilter):
    """Only the labels of the chosen classifier: those of all would be hundreds."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        classifier_id = chosen_classifier(request)
        if classifier_id is None:
            return []
        return field.get_choices(include_blank=False, limit_choices_to={"classifier_id": classifier_id})

    def has_output(self) -> bool:
        return bool(self.lookup_choices)


class ImportFilter(SimpleListFilter):
    """The upload, or the search of the request log, that an example came with."""

    title = "import"
    parameter_name = "import"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        classifier_id = chosen_classifier(request)
        if classifier_id is None:
            return []
        files = ImportRun.objects.filter(classifier_id=classifier_id, added__gt=0).order_by("-pk")
        searches = RequestImport.objects.filter(classifier_id=classifier_id, added__gt=0).order_by("-pk")
        return [
            *((f"file-{run.pk}", run.file_name[:40]) for run in files[:_IMPORTS_OFFERED]),
            *((f"log-{run.pk}", f"Requests of {run.until_at:%d %b %Y}") for run in searches[:_IMPORTS_OFFERED]),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Example]) -> QuerySet[Example]:
        kind, _, number = (self.value() or "").partition("-")
        if not number.isdecimal() or len(number) > 18:
            return queryset
        field = "request_import_id" if kind == "log" else "import_run_id"
        return queryset.filter(**{field: int(number)})


class GoldenFilter(SimpleListFilter):
    """The examples that are set aside to be measured on."""

    title = "golden set"
    parameter_name = "golden"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [] if chosen_classifier(request) is None else [("1", "Set aside as golden")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Example]) -> QuerySet[Example]:
        # Of one classifier an index gives them; of all, every row would be looked at.
        if chosen_classifier(request) is None or self.value() != "1":
            return queryset
        return queryset.filter(is_golden=True)


class _LiveVersionFilter(SimpleListFilter):
    """A filter that asks what the live version, without having seen it, took each example for."""

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        classifiers = Classifier.objects.select_related("live_version")
        self.classifier = classifiers.filter(pk=chosen_classifier(request), live_version__isnull=False).first()
        super().__init__(request, params, model, model_admin)


class WrongFilter(_LiveVersionFilter):
    """Examples that the live version takes for something else than their label."""

    title = "live version"
    parameter_name = "wrong"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [] if self.classifier is None else [("1", "Says another label")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Example]) -> QuerySet[Example]:
        if self.classifier is None or self.value() != "1":
            return queryset
        return queryset.filter(pk__in=mistakes.few(mistakes.contradicted(self.classifier.live_version)))


class PredictedFilter(_LiveVersionFilter):
    """What the live version takes an example for."""

    title = "predicted label"
    parameter_name = "predicted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        if self.classifier is None:
            return []
        return [(str(label.number), label.name) for label in self.classifier.labels.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Example]) -> QuerySet[Example]:
        number = self.value() or ""
        if self.classifier is None or not number.isdecimal() or len(number) > 4:
            return queryset
        predicted = mistakes.predicted(self.classifier.live_version, number=int(number))
        return queryset.filter(pk__in=mistakes.few(predicted))
