"""The start of a new classifier: its type, name and key."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from classifiers.admin import step_page
from classifiers.models import Classifier, ClassifierType
from classifiers.services import definitions
from classifiers.services.definitions import BadDefinition

_ADD = "classifiers.add_classifier"


class NewForm(forms.Form):
    """What a new classifier is. Rules about name and key stand in the service."""

    type = forms.ChoiceField(choices=ClassifierType.choices, initial=ClassifierType.CLASSIFIER)
    name = forms.CharField(
        max_length=100,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autofocus": True, "placeholder": "Message check", "data-hr-key-source": "id_key"}
        ),
        error_messages={"required": "Give the classifier a name."},
    )
    key = forms.CharField(
        required=False,
        max_length=63,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "message-check", "spellcheck": "false"}),
    )
    description = forms.CharField(
        required=False,
        max_length=4_000,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 2, "placeholder": "May this message between buyer and seller stay as it is?"}
        ),
    )


def show_new(request: HttpRequest) -> HttpResponse:
    """Show the form for a new classifier; on POST make it and go on to its labels."""
    if not request.user.has_perm(_ADD):
        raise PermissionDenied
    form = NewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            classifier = definitions.create(**form.cleaned_data, by=request.user)
        except BadDefinition as error:
            form.add_error(error.field, str(error))
        else:
            admin.site.get_model_admin(Classifier).log_addition(request, classifier, "Created.")
            messages.success(request, f"“{classifier}” is there. Now say what it can answer.")
            return step_page.go(classifier, "labels")
    context = {
        **admin.site.each_context(request),
        "opts": Classifier._meta,
        "title": "New classifier",
        "form": form,
    }
    return TemplateResponse(request, f"{step_page.FOLDER}/new.html", context)
