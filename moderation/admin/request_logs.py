"""The request log, read-only."""

from __future__ import annotations

import json

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from moderation.models import RequestLog

_EXCERPT = 90


@admin.register(RequestLog)
class RequestLogAdmin(ModelAdmin):
    """What projects sent and what was answered. Written by the API only."""

    list_display = ("excerpt", "answers", "flagged", "project", "created_at")
    list_select_related = ("project",)
    list_filter = ("project", "is_flagged")
    search_fields = ("content_id__exact",)
    search_help_text = "Find a request by its content id."
    # The log grows to millions of rows: no page may count them.
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    actions = None
    ordering = ("-pk",)
    fields = (
        "shown_text", "shown_findings", "is_flagged", "project", "api_key", "endpoint", "content_id", "author_id",
        "context_id", "channel", "metadata", "duration_ms", "created_at",
    )  # fmt: skip
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: RequestLog | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[RequestLog]:
        return super().get_queryset(request).select_related("project")

    @admin.display(description="Text")
    def excerpt(self, entry: RequestLog) -> SafeString:
        text = entry.text if len(entry.text) <= _EXCERPT else f"{entry.text[:_EXCERPT]}…"
        return format_html("<bdi>{}</bdi>", text)

    @admin.display(description="Answers")
    def answers(self, entry: RequestLog) -> str:
        said = (f"{key}: {found['label']}" for key, found in entry.findings.items() if found.get("label"))
        return ", ".join(said) or "-"

    @display(description="Flagged", label={"flagged": "danger"})
    def flagged(self, entry: RequestLog) -> str | None:
        return "flagged" if entry.is_flagged else None

    @admin.display(description="Text")
    def shown_text(self, entry: RequestLog) -> SafeString:
        return format_html('<bdi class="hr-text">{}</bdi>', entry.text)

    @admin.display(description="Answers")
    def shown_findings(self, entry: RequestLog) -> SafeString:
        return format_html('<pre class="hr-text">{}</pre>', json.dumps(entry.findings, indent=2, ensure_ascii=False))
