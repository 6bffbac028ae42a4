"""All trainings of all classifiers, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from classifiers.admin import step_page
from classifiers.admin.import_runs import STATE_COLORS
from classifiers.models import Version
from moderation.runs import RunState


@admin.register(Version)
class VersionAdmin(ModelAdmin):
    """Trainings. Written by the training's service and the worker; each one's page is the classifier's."""

    list_display = ("name", "classifier", "status", "score", "examples", "created_at")
    list_select_related = ("classifier",)
    list_filter = ("classifier", "state")
    ordering = ("-pk",)
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Version | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Version | None = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        versions = Version.objects.select_related("classifier")
        version = get_object_or_404(versions, pk=step_page.read_id(object_id))
        if version.state != RunState.SUCCEEDED:
            return step_page.go(version.classifier, "train")
        query = urlencode({"version": version.number})
        return HttpResponseRedirect(f"{step_page.url(version.classifier, 'review')}?{query}")

    @admin.display(description="Version", ordering="number")
    def name(self, version: Version) -> SafeString:
        return format_html('<span class="hr-nowrap">Version {}</span>', version.number)

    @display(description="State", ordering="state", label={"Live": "success"} | STATE_COLORS)
    def status(self, version: Version) -> str:
        is_live = version.classifier.live_version_id == version.pk
        return "Live" if is_live else RunState(version.state).label

    @admin.display(description="F1", ordering="macro_f1")
    def score(self, version: Version) -> str:
        return "-" if version.macro_f1 is None else f"{version.macro_f1:.2f}"

    @admin.display(description="Examples", ordering="example_count")
    def examples(self, version: Version) -> str:
        return f"{version.example_count:,}" if version.example_count else "-"
