"""Labels as a table, for those who keep them in a spreadsheet: import, export, and the list of all of them.

Reached from a classifier's Labels page, and not in the sidebar.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from import_export.admin import ImportExportModelAdmin
from import_export.forms import ConfirmImportForm
from unfold.admin import ModelAdmin
from unfold.contrib.import_export.forms import ExportForm, ImportForm
from unfold.widgets import UnfoldAdminSelectWidget

from classifiers.admin import label_formats, step_page
from classifiers.admin.step_page import read_id
from classifiers.models import Classifier, Label
from classifiers.services.label_table import LabelResource

_FORMAT_CHOICES = [(str(index), "") for index in range(len(label_formats.FORMATS))]


class LabelImportForm(ImportForm):  # type: ignore[misc]
    """Whose labels, and the file with them."""

    classifier = forms.ModelChoiceField(queryset=Classifier.objects.all(), widget=UnfoldAdminSelectWidget)
    field_order = ("resource", "classifier", "import_file", "format")

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > label_formats.MOST_BYTES:
            limit_kb = label_formats.MOST_BYTES // 1_000
            raise forms.ValidationError(f"A table of labels has at most {limit_kb} kB. Is it the right file?")
        return file


class LabelConfirmForm(ConfirmImportForm):  # type: ignore[misc]
    """What the preview sends back. Only what was offered passes."""

    classifier = forms.ModelChoiceField(queryset=Classifier.objects.all(), widget=forms.HiddenInput)
    format = forms.ChoiceField(choices=_FORMAT_CHOICES, widget=forms.HiddenInput)
    resource = forms.ChoiceField(choices=[("0", "")], required=False, widget=forms.HiddenInput)


@admin.register(Label)
class LabelAdmin(ModelAdmin, ImportExportModelAdmin):  # type: ignore[misc]
    """Labels as a table. One by one they are changed on their classifier's Labels page."""

    resource_classes = (LabelResource,)
    formats = label_formats.FORMATS
    import_form_class = LabelImportForm
    confirm_form_class = LabelConfirmForm
    export_form_class = ExportForm
    tmp_storage_class = label_formats.SignedStorage
    # The classifier's own history says it, and a label that was only previewed has no id.
    skip_admin_log = True
    list_display = ("number", "called", "rule", "color", "classifier")
    list_display_links = ("called",)
    list_select_related = ("classifier",)
    list_filter = ("classifier",)
    search_fields = ("name",)
    ordering = ("classifier", "number")
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Label | None = None) -> bool:
        return step_page.may(request.user, step_page.VIEW)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Label | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Label | None = None) -> bool:
        return False

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(step_page.CHANGE))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return step_page.may(request.user, step_page.VIEW)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        label = get_object_or_404(Label.objects.select_related("classifier"), pk=read_id(object_id))
        return step_page.go(label.classifier, "labels")

    def init_request_context_data(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        return super().init_request_context_data(request, form) | _place(request)

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response = super().import_action(request, **kwargs)
        if isinstance(response, TemplateResponse):
            response.context_data = (response.context_data or {}) | _place(request)
        return response

    def get_import_form_initial(self, request: HttpRequest) -> dict[str, Any]:
        return {"classifier": read_id(request.GET.get("classifier__id__exact")) or None}

    def get_confirm_form_initial(self, request: HttpRequest, import_form: Any) -> dict[str, Any]:
        initial = super().get_confirm_form_initial(request, import_form)
        return initial if import_form is None else {**initial, "classifier": import_form.cleaned_data["classifier"].pk}

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        classifier = getattr(kwargs.get("form"), "cleaned_data", {}).get("classifier")
        return {"classifier_id": None if classifier is None else classifier.pk, "by": request.user}

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        name = label_formats.FORMATS[int(form.cleaned_data["format"])]().get_title()
        form.add_error("import_file", label_formats.sentence_for(e, name=name))

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            return super().process_import(request, **kwargs)
        except signing.BadSignature:
            messages.error(request, "This preview is more than an hour old. Choose the file again.")
            return redirect("admin:classifiers_label_import")

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        classifier = get_object_or_404(Classifier, pk=read_id(request.POST.get("classifier")))
        if result.has_errors() or result.has_validation_errors():
            # The labels have changed since the preview.
            said = [str(error.error) for error in result.base_errors]
            messages.error(request, " ".join([*said, "Nothing was imported. Look at the file once more."]))
            return redirect(f"{reverse('admin:classifiers_label_import')}?classifier__id__exact={classifier.pk}")
        totals = result.totals
        said = f"Labels imported: {totals['new']} new, {totals['update']} changed, {totals['skip']} as they were."
        step_page.log(request, classifier, said)
        messages.success(request, said)
        return step_page.go(classifier, "labels")

    def export_action(self, request: HttpRequest) -> HttpResponse:
        if not read_id(request.GET.get("classifier__id__exact")):
            messages.error(request, "Choose a classifier in the filters first; its labels are exported then.")
            return redirect("admin:classifiers_label_changelist")
        return super().export_action(request)

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Label]:
        chosen = read_id(request.GET.get("classifier__id__exact"))
        return Label.objects.filter(classifier_id=chosen).order_by("number")

    @admin.display(description="Name", ordering="name")
    def called(self, label: Label) -> SafeString:
        return format_html('<bdi class="hr-clip">{}</bdi>', label.name)

    @admin.display(description="Description")
    def rule(self, label: Label) -> SafeString:
        return format_html('<bdi class="hr-clip hr-clip--wide">{}</bdi>', label.description or "-")


def _place(request: HttpRequest) -> dict[str, Any]:
    """Return the classifier whose labels they are, for the heads of the pages; None where none is chosen."""
    chosen = request.POST.get("classifier") or request.GET.get("classifier__id__exact")
    return {"classifier": Classifier.objects.filter(pk=read_id(chosen)).first()}
