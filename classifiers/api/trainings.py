"""Start a training, and follow it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifiers.api import parameters
from classifiers.api.lookups import get_classifier, not_found, read_id
from classifiers.models import Classifier, Version
from classifiers.services import training
from classifiers.services.training import NotTrainable, TrainingUnderWay
from moderation.api_exceptions import Refused
from moderation.models import Scope


class TrainingsView(APIView):
    """`GET /classifiers/{key}/trainings`: the trainings, the newest first. `POST`: start one."""

    scope = Scope.READ
    change_scope = Scope.WRITE

    def get(self, request: Request, key: str) -> Response:
        given = parameters.read(request, known=parameters.PAGE)
        cursor, limit = parameters.read_cursor(given), parameters.read_limit(given)
        versions = get_classifier(request.auth, key).versions.order_by("-number")
        found = list((versions if cursor is None else versions.filter(number__lt=cursor))[: limit + 1])
        shown = found[:limit]
        return Response(
            {
                "trainings": [_described(version, request=request) for version in shown],
                "next_cursor": str(shown[-1].number) if len(found) > limit else None,
            }
        )

    def post(self, request: Request, key: str) -> Response:
        parameters.read(request)
        classifier = get_classifier(request.auth, key)
        if request.data:
            raise Refused(400, "Send no body: the address says it all.")
        version = _start(classifier)
        described = _described(version, request=request)
        return Response(described, status=202, headers={"Location": described["url"]})


class TrainingView(APIView):
    """`GET /classifiers/{key}/trainings/{number}`: how far a training is, and the scores that came of it."""

    scope = Scope.READ

    def get(self, request: Request, key: str, number: str) -> Response:
        parameters.read(request)
        version = get_classifier(request.auth, key).versions.filter(number=read_id(number)).first()
        if version is None:
            raise not_found()
        return Response(_described(version, request=request))


def _start(classifier: Classifier) -> Version:
    try:
        return training.start(classifier.pk)
    except TrainingUnderWay as error:
        raise Refused(409, str(error)) from error
    except NotTrainable as error:
        raise Refused(422, str(error)) from error


def _described(version: Version, *, request: Request) -> dict[str, Any]:
    key = request.parser_context["kwargs"]["key"]
    arguments = {"key": key, "number": version.number}
    return {
        "number": version.number,
        "url": reverse(f"{request.resolver_match.namespace}:training", kwargs=arguments),
        "state": version.state.lower(),
        "progress": round(version.progress, 3),
        "step": version.step,
        "error": version.error,
        "examples": version.example_count,
        "suggested_examples": version.suggested_count,
        "scores": version.scores or None,
        "created_at": version.created_at,
        "finished_at": version.finished_at,
    }
