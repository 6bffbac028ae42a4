"""All uploads of all classifiers, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from unfold.admin import ModelAdmin
from unfold.decorators import display

from classifiers.admin import step_page
from classifiers.models import ImportRun
from moderation.runs import RunState

STATE_COLORS = {
    RunState.SUCCEEDED.label: "success",
    RunState.RUNNING.label: "info",
    RunState.QUEUED.label: "info",
    RunState.FAILED.label: "danger",
    RunState.DEAD.label: "danger",
}


@admin.register(ImportRun)
class ImportRunAdmin(ModelAdmin):
    """Uploads. Written by the upload's screens and the worker; each one's page is the classifier's."""

    list_display = ("file_name", "classifier", "status", "read", "added", "duplicates", "refused", "created_at")
    list_select_related = ("classifier",)
    list_filter = ("classifier", "state")
    search_fields = ("file_name",)
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ImportRun | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ImportRun | None = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        runs = ImportRun.objects.select_related("classifier")
        run = get_object_or_404(runs, pk=step_page.read_id(object_id))
        return step_page.go(run.classifier, "upload_run", run_id=run.pk)

    @display(description="State", ordering="state", label=STATE_COLORS)
    def status(self, run: ImportRun) -> str:
        return "Undone" if run.is_undone else RunState(run.state).label
