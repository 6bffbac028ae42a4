"""API keys: made here, shown once, revoked here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from moderation.models import ApiKey, Scope
from moderation.models.api_key import default_scopes
from moderation.services import keys


class ApiKeyForm(forms.ModelForm):
    """What a new key is for and what it may do."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=default_scopes,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Give a key no more than it needs.",
    )

    class Meta:
        model = ApiKey
        fields = ("project", "name", "scopes", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Keys can be made and revoked, never changed or read again."""

    form = ApiKeyForm
    list_display = ("name", "project", "ending", "may", "status", "last_used_at")
    list_select_related = ("project",)
    list_filter = ("project",)
    search_fields = ("name",)
    autocomplete_fields = ("project",)
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        # The list is needed for revoking; a single key is shown read-only.
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        # A revoked key stays: the request log says which key was used.
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        # The answer is the page that shows the secret once: there's nothing to go on to.
        only_save = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **only_save})

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        issued = keys.issue(obj.project, name=obj.name, scopes=obj.scopes, by=request.user, expires_at=obj.expires_at)
        obj.pk = issued.key.pk
        request.issued_secret = issued.secret  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Your new API key",
            "key": obj,
            "secret": request.issued_secret,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/moderation/apikey/issued.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.display(description="Ends in")
    def ending(self, key: ApiKey) -> str:
        return f"…{key.last_four}"

    @admin.display(description="May")
    def may(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @display(description="Status", label={"open": "success", "revoked": "danger", "expired": "warning"})
    def status(self, key: ApiKey) -> str:
        if key.revoked_at is not None:
            return "revoked"
        return "open" if key.is_valid(at=timezone.now()) else "expired"

    @admin.action(description="Revoke: refuse these keys from now on, for good", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = keys.revoke(list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"Keys revoked: {revoked}.", messages.SUCCESS)
