"""Automated annotation: plan it, start it, watch it, stop it, read what it said."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import run_fields
from annotation.models import AnnotationRun, AnnotationState
from annotation.services import annotation_lists, annotation_runs, plans
from annotation.services.annotation_runs import NotStartable
from classifiers.api import parameters
from classifiers.api.lookups import get_classifier, not_found, read_id
from classifiers.models import Classifier
from moderation import api_fields
from moderation.api_exceptions import Refused
from moderation.models import Scope


class RunsView(APIView):
    """`GET /classifiers/{key}/annotation-runs`: the runs, the newest first. `POST`: start one."""

    scope = Scope.READ
    change_scope = Scope.WRITE

    def get(self, request: Request, key: str) -> Response:
        given = parameters.read(request, known=parameters.PAGE)
        cursor, limit = parameters.read_cursor(given), parameters.read_limit(given)
        classifier = get_classifier(request.auth, key)
        found, next_cursor = annotation_lists.runs_before(classifier.pk, before_id=cursor, limit=limit)
        return Response(
            {
                "annotation_runs": [run_fields.run_described(run, request=request) for run in found],
                "next_cursor": None if next_cursor is None else str(next_cursor),
            }
        )

    def post(self, request: Request, key: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key)
        choice = run_fields.read_choice(body, classifier=classifier)
        repeats_id = None if choice.repeats is None else choice.repeats.pk
        try:
            run = annotation_runs.start(
                classifier.pk, pick=choice.pick, wanted=choice.wanted, repeats_id=repeats_id, by=None
            )
        except NotStartable as error:
            raise Refused(409, str(error)) from error
        described = run_fields.run_described(run, request=request)
        return Response(described, status=202, headers={"Location": described["url"]})


class PlanView(APIView):
    """`POST /classifiers/{key}/annotation-runs/plan`: what a run would take. Starts nothing."""

    scope = Scope.READ

    def post(self, request: Request, key: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key)
        choice = run_fields.read_choice(body, classifier=classifier)
        plan = plans.make(
            classifier, pick=choice.pick, wanted=choice.wanted, repeats=choice.repeats, now=timezone.now()
        )
        return Response(run_fields.plan_described(plan))


class RunView(APIView):
    """`GET /classifiers/{key}/annotation-runs/{id}`: how far a run is, and what it has brought."""

    scope = Scope.READ

    def get(self, request: Request, key: str, id: str) -> Response:
        parameters.read(request)
        run = _get(get_classifier(request.auth, key), id)
        return Response(run_fields.run_described(run, request=request))


class _StopView(APIView):
    """What the next three have in common: one verb, without a body."""

    scope = Scope.WRITE
    verb: Callable[[int], bool]
    refusal: str

    def post(self, request: Request, key: str, id: str) -> Response:
        parameters.read(request)
        classifier = get_classifier(request.auth, key)
        run = _get(classifier, id)
        if request.data:
            raise Refused(400, "Send no body: the address says it all.")
        try:
            is_done = type(self).verb(run.pk)
        except NotStartable as error:
            raise Refused(409, str(error)) from error
        if not is_done:
            raise Refused(409, self.refusal)
        return Response(run_fields.run_described(_get(classifier, id), request=request))


class PauseView(_StopView):
    """`POST .../pause`: stop, so that it can go on later."""

    verb = staticmethod(annotation_runs.pause)
    refusal = "This run isn't under way, so it can't be paused."


class ResumeView(_StopView):
    """`POST .../resume`: go on with what is missing."""

    verb = staticmethod(annotation_runs.resume)
    refusal = "This run isn't paused and hasn't failed, so there is nothing to resume."


class CancelView(_StopView):
    """`POST .../cancel`: stop for good. What was labelled stays."""

    verb = staticmethod(annotation_runs.cancel)
    refusal = "This run has ended, so it can't be canceled."


class AnnotationsView(APIView):
    """`GET .../annotations`: what the run said of each text, page by page; `state` narrows it."""

    scope = Scope.READ

    def get(self, request: Request, key: str, id: str) -> Response:
        given = parameters.read(request, known=("state", *parameters.PAGE))
        state = parameters.read_choice(given, "state", choices=AnnotationState.values)
        cursor, limit = parameters.read_cursor(given), parameters.read_limit(given)
        run = _get(get_classifier(request.auth, key), id)
        found, next_cursor = annotation_lists.after(
            run.pk, state=None if state is None else AnnotationState(state), after_id=cursor or 0, limit=limit
        )
        return Response(
            {
                "annotations": [run_fields.annotation_described(annotation) for annotation in found],
                "next_cursor": None if next_cursor is None else str(next_cursor),
            }
        )


def _get(classifier: Classifier, id: str) -> AnnotationRun:
    run = classifier.annotation_runs.select_related("guidelines").filter(pk=read_id(id)).first()
    if run is None:
        raise not_found()
    return run
