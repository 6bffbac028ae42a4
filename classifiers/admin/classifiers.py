"""The list of classifiers, and each one's home: the six steps with their state."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from classifiers.admin import (
    copies,
    data,
    golden,
    labels,
    near_duplicates,
    new,
    pastes,
    readings,
    requests,
    review,
    step_page,
    thresholds,
    train,
    trials,
    upload_checks,
    upload_runs,
    uploads,
    use,
    whys,
    wordings,
)
from classifiers.models import Classifier, Example, Label
from classifiers.services import encoder_changes

_URLS = (
    *labels.URLS,
    *wordings.URLS,
    *copies.URLS,
    *data.URLS,
    *uploads.URLS,
    *upload_checks.URLS,
    *upload_runs.URLS,
    *requests.URLS,
    *pastes.URLS,
    *readings.URLS,
    *near_duplicates.URLS,
    *train.URLS,
    *review.URLS,
    *golden.URLS,
    *trials.URLS,
    *whys.URLS,
    *thresholds.URLS,
    *use.URLS,
)


@admin.register(Classifier)
class ClassifierAdmin(ModelAdmin):
    """Classifiers. Deleting one isn't offered: integrations may ask it at any moment."""

    list_display = ("called", "key_in_api", "label_count", "example_count", "score", "live")
    list_select_related = ("live_version",)
    list_per_page = 25
    search_fields = ("name", "key")
    actions = None

    def get_urls(self) -> list[URLPattern]:
        return [url.as_pattern() for url in (*_URLS, *step_page.added_urls())] + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Classifier]:
        return super().get_queryset(request).annotate(labels_there=_counted(Label), examples_there=_counted(Example))

    def has_delete_permission(self, request: HttpRequest, obj: Classifier | None = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return new.show_new(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not step_page.may(request.user, step_page.VIEW):
            raise PermissionDenied
        classifiers = Classifier.objects.select_related("live_version")
        classifier = get_object_or_404(classifiers, pk=step_page.read_id(object_id))
        return step_page.show(
            request,
            classifier,
            code="home",
            template="home.html",
            may_copy=request.user.has_perm(copies.ADD),
            encoder_notice=encoder_changes.notice([classifier]),
        )

    @admin.display(description="Name", ordering="name")
    def called(self, classifier: Classifier) -> SafeString:
        return format_html('<bdi class="hr-clip hr-clip--wide">{}</bdi>', classifier.name)

    @admin.display(description="Key in the API", ordering="key")
    def key_in_api(self, classifier: Classifier) -> SafeString:
        return format_html('<code class="hr-code">{}</code>', classifier.key)

    @admin.display(description="Labels", ordering="labels_there")
    def label_count(self, classifier: Any) -> int:
        return int(classifier.labels_there)

    @admin.display(description="Examples", ordering="examples_there")
    def example_count(self, classifier: Any) -> str:
        return f"{classifier.examples_there:,}"

    @admin.display(description="F1", ordering="live_version__macro_f1")
    def score(self, classifier: Classifier) -> str:
        version = classifier.live_version
        return "not trained yet" if version is None else f"{version.macro_f1:.2f}"

    @admin.display(description="Live version", ordering="live_version__promoted_at")
    def live(self, classifier: Classifier) -> str:
        version = classifier.live_version
        return "-" if version is None else f"version {version.number}"


def _counted(model: Any) -> Coalesce:
    # A subquery each: two joined counts would multiply the rows of one by the other's.
    counts = model.objects.filter(classifier=OuterRef("pk")).order_by().values("classifier").annotate(n=Count("pk"))
    return Coalesce(Subquery(counts.values("n"), output_field=IntegerField()), 0)
