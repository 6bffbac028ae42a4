"""Projects and the analyzers they run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminExpandableTextareaWidget, UnfoldAdminSelectWidget

from moderation.analyzers.registry import registry
from moderation.models import AnalyzerSetting, Project


class AnalyzerSettingForm(forms.ModelForm):
    """Choose the analyzer from all that there are: built in and trained."""

    class Meta:
        model = AnalyzerSetting
        fields = ("analyzer", "is_enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(info.key, f"{info.name} ({info.key})") for info in registry.available()]
        known = {key for key, _ in choices}
        if self.instance.analyzer and self.instance.analyzer not in known:
            choices.append((self.instance.analyzer, f"{self.instance.analyzer} (no longer there)"))
        self.fields["analyzer"] = forms.ChoiceField(
            choices=[("", "Choose …"), *choices], widget=UnfoldAdminSelectWidget(choices=choices)
        )


class ProjectForm(forms.ModelForm):
    """What a project is."""

    class Meta:
        model = Project
        fields = ("name", "description", "is_logging", "is_active")
        labels = {"is_active": "Active"}
        widgets = {"description": UnfoldAdminExpandableTextareaWidget}


class AnalyzerSettingInline(TabularInline):
    """The project's analyzers."""

    model = AnalyzerSetting
    form = AnalyzerSettingForm
    extra = 0
    verbose_name = "analyzer"
    verbose_name_plural = "Analyzers: what runs on each text"


@admin.register(Project)
class ProjectAdmin(ModelAdmin):
    """What one site sends its texts to. Deleting isn't offered: its log, maybe millions of rows, would go with it."""

    form = ProjectForm
    list_display = ("name", "analyzer_count", "key_count", "logging", "active")
    search_fields = ("name",)
    fields = ("name", "description", "is_logging", "is_active")
    inlines = (AnalyzerSettingInline,)
    actions = None
    warn_unsaved_form = True

    def has_delete_permission(self, request: HttpRequest, obj: Project | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                analyzers_on=Count("analyzers", filter=Q(analyzers__is_enabled=True), distinct=True),
                keys_open=Count("keys", filter=Q(keys__revoked_at__isnull=True), distinct=True),
            )
        )

    @admin.display(description="Analyzers on", ordering="analyzers_on")
    def analyzer_count(self, project: Any) -> int:
        return int(project.analyzers_on)

    @admin.display(description="Open keys", ordering="keys_open")
    def key_count(self, project: Any) -> int:
        return int(project.keys_open)

    @display(description="Stores requests", boolean=True)
    def logging(self, project: Project) -> bool:
        return project.is_logging

    @display(description="Active", boolean=True)
    def active(self, project: Project) -> bool:
        return project.is_active
