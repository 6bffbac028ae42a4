"""The live progress of a run: a card in the page, and the same card alone for the script that keeps it fresh."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from moderation.runs import BackgroundRun
from moderation.services import workers

_TEMPLATE = "admin/_partials/progress.html"


def context(
    run: BackgroundRun, *, poll_url: str, cancel_url: str, pause_url: str = "", details: str = ""
) -> dict[str, Any]:
    """Return what the card needs. An empty `cancel_url` is for those who may not cancel, as with `pause_url`.

    `details` says in a sentence what the run has brought so far.
    """
    return {
        "run": run,
        "poll_url": poll_url,
        "cancel_url": cancel_url,
        "pause_url": pause_url,
        "details": details,
        "has_worker": workers.is_any_alive(),
    }


def fragment(request: HttpRequest, run: BackgroundRun, **card: str) -> HttpResponse:
    """Return the card alone; what it needs is given as to `context`."""
    response = render(request, _TEMPLATE, context(run, **card))
    response["Cache-Control"] = "no-store"
    return response
