"""Examples: the long list, and one example with everything that was decided about it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import RelatedFieldListFilter, ShowFacets
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminSelectWidget

from classifiers.importing.fingerprint import text_key
from classifiers.models import Decision, DecisionSource, Example, ExampleState
from classifiers.services import decisions

_EXCERPT = 140
# Up to here a search inside the texts of all classifiers takes well under a second.
_FEW = 50_000
_CLASSIFIER_FILTER = "classifier__id__exact"


class LabelFilter(RelatedFieldListFilter):
    """Only the labels of the chosen classifier: those of all would be hundreds."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        chosen = request.GET.get(_CLASSIFIER_FILTER, "")
        if not chosen.isdecimal():
            return []
        return field.get_choices(include_blank=False, limit_choices_to={"classifier_id": int(chosen)})

    def has_output(self) -> bool:
        return bool(self.lookup_choices)


class ExampleForm(forms.ModelForm):
    """The one thing that can change: the label."""

    class Meta:
        model = Example
        fields = ("label",)
        widgets = {"label": UnfoldAdminSelectWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "label" in self.fields:
            self.fields["label"].queryset = self.instance.classifier.labels.all()
            self.fields["label"].empty_label = "No label"


class DecisionInline(TabularInline):
    """Who said what, oldest first. Only ever added, so nothing can be changed here."""

    model = Decision
    fields = ("created_at", "given", "source", "user", "confidence", "reason")
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


@admin.register(Example)
class ExampleAdmin(ModelAdmin):
    """Texts to learn from. They are added on the classifier's Data page."""

    form = ExampleForm
    list_display = ("excerpt", "label_given", "status", "origin", "classifier")
    list_select_related = ("classifier", "label")
    list_filter = ("classifier", "state", ("label", LabelFilter), "origin")
    search_fields = ("text_key__exact",)
    search_help_text = "The whole text, or a part of it once a classifier is chosen in the filters."
    # A classifier may have 200,000 examples: no page counts them.
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    ordering = ("-pk",)
    actions = None
    fields = ("shown_text", "label", "status", "classifier", "origin", "import_run", "created_at")
    readonly_fields = ("shown_text", "status", "classifier", "origin", "import_run", "created_at")
    inlines = (DecisionInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Example], search_term: str
    ) -> tuple[QuerySet[Example], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q(text_key=text_key(term))
        if request.GET.get(_CLASSIFIER_FILTER) or Example.objects.order_by()[: _FEW + 1].count() <= _FEW:
            wanted |= Q(text__icontains=term)
        return queryset.filter(wanted), False

    def save_model(self, request: HttpRequest, obj: Example, form: Any, change: bool) -> None:
        if "label" in form.changed_data:
            decisions.decide(obj.pk, label_id=obj.label_id, source=DecisionSource.PERSON, by=request.user)

    @admin.display(description="Text")
    def excerpt(self, example: Example) -> SafeString:
        text = example.text if len(example.text) <= _EXCERPT else f"{example.text[:_EXCERPT]}…"
        return format_html('<bdi class="hr-clip">{}</bdi>', text)

    @admin.display(description="Label", ordering="label")
    def label_given(self, example: Example) -> str:
        return "-" if example.label is None else str(example.label)

    @display(
        description="State",
        ordering="state",
        label={ExampleState.CONFIRMED.label: "success", ExampleState.SUGGESTED.label: "info"},
    )
    def status(self, example: Example) -> str:
        return ExampleState(example.state).label

    @admin.display(description="Text")
    def shown_text(self, example: Example) -> SafeString:
        return format_html('<bdi class="hr-text">{}</bdi>', example.text)
