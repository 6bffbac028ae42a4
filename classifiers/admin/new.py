"""The start of a new classifier: its type, name and key."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class TypeChoice:
    """A type as the form offers it. `icon` is the name of a symbol of the admin's own font."""

    code: ClassifierType
    title: str
    icon: str
    help: str


# Each of the model's types; only such as work are there.
TYPES = (
    TypeChoice(
        code=ClassifierType.CLASSIFIER,
        title="Classifier",
        icon="category",
        help="Gives each text one of your labels: moderation by your own rules, spam, sentiment, intent.",
    ),
    TypeChoice(
        code=ClassifierType.RANKING,
        title="Ranking",
        icon="signal_cellular_alt",
        help="Your labels are steps from worst to best, and each text also gets its place among them, from 0 to 1: the "
        "quality of posts and reviews, for example, so that the best can be shown first.",
    ),
)


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
        "types": TYPES,
    }
    return TemplateResponse(request, f"{step_page.FOLDER}/new.html", context)
