"""Notices: opened or put away from the first page, by the person to whom they were told and by nobody else."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from moderation.services import notices


def open_notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Mark a notice as seen and show what it's about."""
    notice = notices.see(notice_id, user_id=request.user.pk or 0, now=timezone.now())
    if notice is None:
        messages.error(request, "That notice isn't there any more.")
        return redirect("admin:index")
    return HttpResponseRedirect(notice.url) if notice.url else redirect("admin:index")


def see_all(request: HttpRequest) -> HttpResponse:
    """Mark all of the person's notices as seen."""
    notices.see_all(user_id=request.user.pk or 0, now=timezone.now())
    return redirect("admin:index")


URLS = [
    path("seen/", admin.site.admin_view(require_POST(see_all)), name="notices_seen"),
    path("<int:notice_id>/open/", admin.site.admin_view(require_POST(open_notice)), name="notice_open"),
]
