"""Examples: the long list, and one example with everything that was decided about it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from classifiers.admin import example_actions
from classifiers.admin.example_filters import (
    GoldenFilter,
    ImportFilter,
    LabelFilter,
    PredictedFilter,
    WrongFilter,
    chosen_classifier,
)
from classifiers.admin.example_forms import ExampleForm
from classifiers.admin.step_page import read_id
from classifiers.importing.fingerprint import text_key
from classifiers.models import Decision, DecisionSource, Example, ExampleOrigin, ExampleState
from classifiers.services import decisions, examples, undoing
from classifiers.services.examples import BadExample
from classifiers.services.undoing import NothingToUndo

_EXCERPT = 140
# Up to here a search inside the texts of all classifiers takes well under a second.
_FEW = 50_000


class DecisionInline(TabularInline):
    """Who said what, oldest first. Only ever added, so nothing can be changed here."""

    model = Decision
    fields = ("created_at", "given", "source", "user", "sure", "reason")
    readonly_fields = fields
    extra = 0
    can_delete = False
    hide_title = True
    verbose_name_plural = "Decisions"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        return super().get_queryset(request).select_related("label", "user").order_by("pk")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Whoever may see the example may see how it got its label.
        return True

    @admin.display(description="Label")
    def given(self, decision: Decision) -> str:
        return "no label" if decision.label is None else str(decision.label)

    @admin.display(description="Sure", empty_value="")
    def sure(self, decision: Decision) -> str | None:
        return _in_percent(decision.confidence)


@admin.register(Example)
class ExampleAdmin(ModelAdmin):
    """Texts to learn from. They are added on the classifier's Data page."""

    form = ExampleForm
    list_display = ("excerpt", "label_given", "status", "sure", "origin", "classifier")
    list_select_related = ("classifier", "label")
    list_filter = (
        "classifier",
        "state",
        ("label", LabelFilter),
        "origin",
        GoldenFilter,
        ImportFilter,
        WrongFilter,
        PredictedFilter,
    )
    search_fields = ("text_key__exact",)
    search_help_text = "The whole text, or a part of it once a classifier is chosen in the filters."
    # A classifier may have 200,000 examples: no page counts or sorts them.
    sortable_by = ()
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    ordering = ("-pk",)
    list_disable_select_all = True
    actions = (
        example_actions.relabel,
        example_actions.set_aside_as_golden,
        example_actions.give_back_to_training,
        example_actions.remove,
    )
    fields = ("text", "label", "status", "suggestion", "golden", "classifier", "source", "created_at")
    readonly_fields = ("status", "suggestion", "golden", "classifier", "source", "created_at")
    inlines = (DecisionInline,)
    change_form_outer_after_template = "admin/classifiers/example/_undo.html"

    def get_urls(self) -> list[URLPattern]:
        undo = self.admin_site.admin_view(require_POST(self.undo_view))
        return [path("<int:example_id>/undo/", undo, name="classifiers_example_undo"), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        # Django's own deletion names every row on its page.
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Example], search_term: str
    ) -> tuple[QuerySet[Example], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q(text_key=text_key(term))
        if chosen_classifier(request) or Example.objects.order_by()[: _FEW + 1].count() <= _FEW:
            wanted |= Q(text__icontains=term)
        return queryset.filter(wanted), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        pk = read_id(object_id)
        undo = {
            "last_decision": undoing.find_last(pk) if self.has_change_permission(request) else None,
            "undo_url": reverse("admin:classifiers_example_undo", args=[pk]),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **undo})

    def undo_view(self, request: HttpRequest, example_id: int) -> HttpResponse:
        """Undo the last decision about an example."""
        example = get_object_or_404(Example, pk=example_id)
        if not self.has_change_permission(request, example):
            raise PermissionDenied
        try:
            undone = undoing.undo_last(example_id, now=timezone.now(), by=request.user)
        except NothingToUndo as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, example, "Undid the last decision.")
            messages.success(request, f"Undone. It has {'no label' if undone.label is None else f'“{undone.label}”'}.")
        return redirect("admin:classifiers_example_change", example_id)

    def save_model(self, request: HttpRequest, obj: Example, form: Any, change: bool) -> None:
        if "text" in form.changed_data:
            try:
                examples.change_text(obj.pk, text=obj.text)
            except BadExample as error:
                # Somebody typed the same text since the form was checked.
                messages.error(request, f"The text stays as it was. {error}")
        if "label" in form.changed_data:
            decisions.decide(obj.pk, label_id=obj.label_id, source=DecisionSource.PERSON, by=request.user)

    @admin.display(description="Text")
    def excerpt(self, example: Example) -> SafeString:
        text = example.text if len(example.text) <= _EXCERPT else f"{example.text[:_EXCERPT]}…"
        chip = format_html(' <span class="hr-chip">{}</span>', "golden") if example.is_golden else ""
        return format_html('<bdi class="hr-clip">{}</bdi>{}', text, chip)

    @admin.display(description="Label")
    def label_given(self, example: Example) -> str:
        return "-" if example.label is None else str(example.label)

    @display(
        description="State",
        label={ExampleState.CONFIRMED.label: "success", ExampleState.SUGGESTED.label: "info"},
    )
    def status(self, example: Example) -> str:
        return ExampleState(example.state).label

    @admin.display(description="Sure", empty_value="")
    def sure(self, example: Example) -> str | None:
        return _in_percent(example.confidence)

    @admin.display(description="Suggested by")
    def suggestion(self, example: Example) -> str:
        if example.state != ExampleState.SUGGESTED:
            return "Not a suggestion: a person or an import has confirmed it." if example.label else "-"
        standing = decisions.find_standing(example.decisions.order_by("pk"))
        if standing is None:
            return "-"
        sure = _in_percent(standing.confidence)
        said = "doesn't say how sure" if sure is None else f"{sure} sure"
        return f"{standing.get_source_display()}, {said}{f': {standing.reason}' if standing.reason else ''}"

    @admin.display(description="Golden set")
    def golden(self, example: Example) -> str:
        if not example.is_golden:
            return "Not set aside"
        if example.state == ExampleState.CONFIRMED:
            return "Set aside: versions are measured on it and never learn from it."
        return "Set aside, but without a confirmed label nothing can be measured on it. It isn't learnt from either."

    @admin.display(description="Came from")
    def source(self, example: Example) -> str:
        said = [ExampleOrigin(example.origin).label]
        if example.import_run is not None:
            said.append(example.import_run.file_name)
        if example.source_request_id is not None:
            said.append(f"request {example.source_request_id} of project {example.source_project_id}")
        return ", ".join(said)


def _in_percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.0f} %"
