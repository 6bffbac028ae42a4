"""The encoder: which one is used, what a change of it left to be done, and the two buttons that do it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods

from classifiers.admin import encoder_table, step_page
from classifiers.admin.encoder_table import UnderWay
from classifiers.ml.encoder import EncoderDamaged, EncoderManifest, EncoderMissing
from classifiers.services import encoder_changes, encoders, stored_features
from classifiers.services.steps import counted
from moderation.services import workers

_VIEW = "classifiers.view_version"
_TRAIN = "classifiers.add_version"
_DELETE = "classifiers.delete_embedding"
_FOLDER = "admin/classifiers/encoder"
# Of one request: the web server ends one that takes a minute.
_DELETING_S = 20.0
_BARS_SHOWN = 10


def show_encoder(request: HttpRequest) -> HttpResponse:
    """Show the encoder and where each classifier stands with it; on POST start what is left to do."""
    if request.method == "POST":
        return _start(request)
    encoder, problem = _find_encoder()
    stored = stored_features.counts()
    runs = encoder_table.under_way()
    rows = encoder_table.rows(encoder, runs=runs)
    return _show(
        request,
        "home.html",
        title="Encoder",
        encoder=encoder,
        problem=problem,
        stored=stored,
        other_count=sum(count for encoder_id, count in stored.items() if encoder and encoder_id != encoder.id),
        rows=rows,
        silent_count=sum(row.is_silent for row in rows),
        unread_count=sum(row.unread_count or 0 for row in rows),
        is_startable=any(row.is_startable for row in rows),
        may_start=request.user.has_perm(_TRAIN),
        may_delete=request.user.has_perm(_DELETE),
        **_card(runs, open_count=len(runs)),
    )


def show_progress(request: HttpRequest) -> HttpResponse:
    """Show only the runs under way. Once one is over that the page has shown, the page is to be loaded again."""
    open_count = step_page.read_id(request.GET.get("open"))
    response = render(request, f"{_FOLDER}/_under_way.html", _card(encoder_table.under_way(), open_count=open_count))
    response["Cache-Control"] = "no-store"
    return response


def confirm_delete(request: HttpRequest) -> HttpResponse:
    """Say what would be deleted; on POST delete it, for as long as a request may take."""
    encoder, problem = _find_encoder()
    if encoder is None:
        messages.error(request, f"Which features are of other encoders can't be said. {problem}")
        return redirect("encoder")
    if request.method == "POST":
        return _delete(request, encoder)
    others = {encoder_id: count for encoder_id, count in stored_features.counts().items() if encoder_id != encoder.id}
    context = {"encoder": encoder, "others": others, "other_count": sum(others.values())}
    return _show(request, "delete.html", title="Delete features of other encoders", **context)


def _start(request: HttpRequest) -> HttpResponse:
    try:
        started = encoder_changes.start(by=request.user)
    except (EncoderMissing, EncoderDamaged) as error:
        messages.error(request, str(error))
        return redirect("encoder")
    for version in started.trainings:
        step_page.log(request, version.classifier, f"Started the training of version {version.number}: new encoder.")
    messages.success(request, started.sentence)
    for refusal in started.refusals:
        messages.error(request, refusal)
    return redirect("encoder")


def _delete(request: HttpRequest, encoder: EncoderManifest) -> HttpResponse:
    # The server may have been set to another encoder since the page was shown.
    if request.POST.get("keep") != encoder.id:
        messages.error(request, "This server uses another encoder by now. Look again at what would be deleted.")
        return redirect("encoder_delete")
    until = time.monotonic() + _DELETING_S
    deleted = 0
    for count in stored_features.delete_others(keep=encoder.id):
        deleted += count
        if time.monotonic() > until:
            break
    said = f"Features of {counted(deleted, 'text')} deleted."
    if left := stored_features.count_others(keep=encoder.id):
        messages.info(request, f"{said} {left:,} are left: press the button again.")
        return redirect("encoder_delete")
    messages.success(request, said)
    return redirect("encoder")


def _find_encoder() -> tuple[EncoderManifest | None, str]:
    try:
        return encoders.get_manifest(), ""
    except (EncoderMissing, EncoderDamaged) as error:
        return None, str(error)


def _card(runs: list[UnderWay], *, open_count: int) -> dict[str, Any]:
    return {
        "under_way": runs[:_BARS_SHOWN],
        "more_count": max(0, len(runs) - _BARS_SHOWN),
        "is_over": len(runs) < open_count,
        "poll_url": f"{reverse('encoder_progress')}?open={open_count}",
        "has_worker": workers.is_any_alive(),
    }


def _show(request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
    return TemplateResponse(request, f"{_FOLDER}/{template}", {**admin.site.each_context(request), **context})


def _pattern(
    route: str, view: Callable[[HttpRequest], HttpResponse], name: str, *, get: str, post: str = ""
) -> URLPattern:
    permissions = {"GET": get, "HEAD": get, "POST": post}
    methods = [method for method, permission in permissions.items() if permission]

    def guarded(request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(permissions[request.method or ""]):
            raise PermissionDenied
        return view(request)

    return path(route, admin.site.admin_view(require_http_methods(methods)(guarded)), name=name)


URLS = [
    _pattern("", show_encoder, "encoder", get=_VIEW, post=_TRAIN),
    _pattern("progress/", show_progress, "encoder_progress", get=_VIEW),
    _pattern("delete/", confirm_delete, "encoder_delete", get=_DELETE, post=_DELETE),
]
