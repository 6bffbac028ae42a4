"""The admin's name, sidebar and dashboard."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone

from config.dashboard import overview
from moderation.services import notices


def stylesheet(request: HttpRequest) -> str:
    """Return the address of our own styles, which fill the gaps of the theme's precompiled ones."""
    return static("config/houserules.css")


def script(request: HttpRequest) -> str:
    """Return the address of our own script."""
    return static("config/houserules.js")


def favicon(request: HttpRequest) -> str:
    """Return the address of the small picture in the browser's tab."""
    return static("config/favicon.svg")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar, in the order of the work."""
    return [
        {
            "title": "Work",
            "items": [
                _item("Overview", "dashboard", "admin:index"),
                _item(
                    "Classifiers",
                    "gavel",
                    "admin:classifiers_classifier_changelist",
                    permission="classifiers.view_classifier",
                ),
                _item(
                    "Examples", "chat", "admin:classifiers_example_changelist", permission="classifiers.view_example"
                ),
            ],
        },
        {
            "title": "Serving",
            "items": [
                _item(
                    "Projects",
                    "deployed_code",
                    "admin:moderation_project_changelist",
                    permission="moderation.view_project",
                ),
                _item("API keys", "key", "admin:moderation_apikey_changelist", permission="moderation.view_apikey"),
                _item(
                    "Request log",
                    "list_alt",
                    "admin:moderation_requestlog_changelist",
                    permission="moderation.view_requestlog",
                ),
            ],
        },
        {
            "title": "House",
            "items": [
                _item(
                    "Uploads",
                    "upload_file",
                    "admin:classifiers_importrun_changelist",
                    permission="classifiers.view_importrun",
                ),
                _item(
                    "Versions",
                    "model_training",
                    "admin:classifiers_version_changelist",
                    permission="classifiers.view_version",
                ),
                _item("Encoder", "memory", "encoder", permission="classifiers.view_version"),
                _item("People", "group", "admin:auth_user_changelist", permission="auth.view_user"),
            ],
        },
    ]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the numbers of the first page, and the person's news, to its context."""
    return {
        **context,
        "title": "Overview",
        "overview": overview(now=timezone.now()),
        "notices": notices.unseen(request.user.pk or 0),
    }


def _item(title: str, icon: str, view: str, *, permission: str = "") -> dict[str, Any]:
    # What a person may not open isn't offered.
    return {
        "title": title,
        "icon": icon,
        "link": reverse(view),
        "permission": lambda request: not permission or request.user.has_perm(permission),
    }
