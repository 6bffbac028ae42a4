"""Step 3, Annotate, by hand: one text after the other, labelled by a key press."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from annotation.admin import cards, counts, places, text_answers
from annotation.admin.places import Place
from annotation.admin.text_answers import Done, NotDone
from annotation.models import QueueCode
from annotation.services import leases, queues, turns
from annotation.services.turns import Turn
from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl, read_id
from classifiers.models import Classifier, Example

_CHANGE = "classifiers.change_example"
_FOLDER = "admin/annotation"
# What the page shows and has fetched ahead; more ids than it can hold are somebody's mischief.
_MOST_HELD = 10


def show_texts(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show a text to label. On POST do what the pressed button says, and go on: the way without JavaScript."""
    place, now = places.read(classifier, request.GET), timezone.now()
    if request.method != "POST":
        shown = _find(classifier, request.GET.get("example"))
        return _page(request, classifier, place=place, now=now, done=Done(shows=shown, why="You asked for this one."))
    try:
        done = text_answers.carry_out(classifier, fields=request.POST, place=place, by=request.user, now=now)
    except NotDone as error:
        shown = _find(classifier, request.POST.get("example"))
        done = Done(shows=shown, why="This one isn't saved yet.")
        return _page(request, classifier, place=place, now=now, done=done, problem=str(error))
    if done.said:
        messages.success(request, done.said)
    asked_for = {} if done.shows is None else {"example": done.shows.pk}
    return HttpResponseRedirect(places.url(classifier, place, **asked_for))


def take_turn(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Do what the pressed button says, and answer with the next text alone: the way of the page's script.

    Where it couldn't be done, nothing was, and the answer is a sentence that says why.
    """
    place, now = places.read(classifier, request.GET), timezone.now()
    try:
        done = text_answers.carry_out(classifier, fields=request.POST, place=place, by=request.user, now=now)
    except NotDone as error:
        return TemplateResponse(request, f"{_FOLDER}/_refused.html", {"problem": str(error)})
    held = {read_id(value) for value in request.POST.getlist("holding")[:_MOST_HELD]} - {0}
    context = counts.context(classifier, user_id=request.user.pk, now=now)
    if "enough" in request.POST and done.shows is None:
        leases.renew(held, user_id=request.user.pk, now=now)
    else:
        context |= _next(request, classifier, place=place, now=now, done=done, held=held)
    # Counting them takes longer than all the rest, and they change little from one text to the next.
    if "tabs" in request.POST or "end" in context:
        context["tabs"] = _tabs(request, classifier, place=place, now=now)
    return TemplateResponse(request, f"{_FOLDER}/_answer.html", {"classifier": classifier, "done": done, **context})


def _page(
    request: HttpRequest, classifier: Classifier, *, place: Place, now: dt.datetime, done: Done, problem: str = ""
) -> HttpResponse:
    may_label = request.user.has_perm(_CHANGE)
    # Who may only look takes no text away from those who label.
    card = _next(request, classifier, place=place, now=now, done=done, problem=problem) if may_label else {}
    return step_page.show(
        request,
        classifier,
        code="annotate",
        template=f"{_FOLDER}/texts.html",
        tabs=_tabs(request, classifier, place=place, now=now),
        turn_url=places.url(classifier, place, name="annotate_turn"),
        may_label=may_label,
        problem=problem,
        **counts.context(classifier, user_id=request.user.pk, now=now),
        **card,
    )


def _next(
    request: HttpRequest,
    classifier: Classifier,
    *,
    place: Place,
    now: dt.datetime,
    done: Done,
    held: Collection[int] = (),
    problem: str = "",
) -> dict[str, Any]:
    """Return what the templates need to show a text, or why there is none. The text is the person's from now on."""
    asking = {"user_id": request.user.pk, "queue": place.queue, "now": now}
    asking |= {"near_id": place.near_id, "label_number": place.label_number}
    asked_for = _again(request, done, place=place, now=now)
    turn = asked_for or turns.take(classifier.pk, holding=held, **asking)
    context = {"place_url": places.url(classifier, place), "goes": done.goes if asked_for else "behind"}
    if turn is None:
        agreement_url = step_page.url(classifier, "disagreements") if place.queue == QueueCode.OVERLAP else ""
        return {**context, "end": turns.end_of(classifier.pk, **asking), "agreement_url": agreement_url}
    # After a refusal the form stands as the person had filled it.
    typed = request.POST if problem and asked_for else None
    card = cards.make(classifier, turn, now=now, typed=typed, problem=problem if asked_for else "")
    near_url = places.url(classifier, Place(QueueCode.NEAR, near_id=turn.example.pk))
    # A second opinion stays one when a person comes back to it.
    is_blind = turn.is_blind or place.queue == QueueCode.OVERLAP
    return {**context, "card": card, "near_url": near_url, "is_blind": is_blind}


def _again(request: HttpRequest, done: Done, *, place: Place, now: dt.datetime) -> Turn | None:
    """Return the turn of the text that was asked for, None where none was or another person has it before them."""
    if done.shows is None:
        return None
    return turns.again(done.shows.pk, user_id=request.user.pk, queue=place.queue, now=now, why=done.why)


def _tabs(request: HttpRequest, classifier: Classifier, *, place: Place, now: dt.datetime) -> list[places.Tab]:
    return places.tabs(classifier, place, sizes=queues.sizes(classifier.pk, user_id=request.user.pk, now=now))


def _find(classifier: Classifier, value: str | None) -> Example | None:
    return Example.objects.filter(pk=read_id(value), classifier=classifier).select_related("label").first()


URLS = (
    StepUrl("annotate/texts/", show_texts, "annotate_texts", post=_CHANGE),
    StepUrl("annotate/texts/turn/", take_turn, "annotate_turn", get=None, post=_CHANGE),
)
