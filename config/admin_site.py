"""The admin's name, sidebar and dashboard."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse


def stylesheet(request: HttpRequest) -> str:
    """Return the address of our own styles, which fill the gaps of the theme's precompiled ones."""
    return static("config/houserules.css")


def script(request: HttpRequest) -> str:
    """Return the address of our own script."""
    return static("config/houserules.js")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar, in the order of the work."""
    return [
        {
            "title": "Work",
            "items": [
                _item("Overview", "dashboard", "admin:index"),
                _item("Classifiers", "gavel", "admin:classifiers_classifier_changelist"),
                _item("Examples", "chat", "admin:classifiers_example_changelist"),
            ],
        },
        {
            "title": "Serving",
            "items": [
                _item("Projects", "deployed_code", "admin:moderation_project_changelist"),
                _item("API keys", "key", "admin:moderation_apikey_changelist"),
                _item("Request log", "list_alt", "admin:moderation_requestlog_changelist"),
            ],
        },
        {
            "title": "House",
            "items": [
                _item("Uploads", "upload_file", "admin:classifiers_importrun_changelist"),
                _item("Trainings", "model_training", "admin:classifiers_version_changelist"),
                _item("People", "group", "admin:auth_user_changelist"),
            ],
        },
    ]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the context of the first page."""
    return context


def _item(title: str, icon: str, view: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(view)}
