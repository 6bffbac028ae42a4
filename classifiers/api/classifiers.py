"""The classifiers themselves: which there are, and what each is."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifiers.api.lookups import get_classifier
from classifiers.models import Classifier
from moderation.models import Scope
from moderation.services import moderate


class ClassifiersView(APIView):
    """`GET /classifiers`: the classifiers that the key's project runs."""

    scope = Scope.READ

    def get(self, request: Request) -> Response:
        keys = moderate.enabled_analyzers(request.auth.project_id)
        classifiers = _with_details().filter(key__in=keys)
        return Response({"classifiers": [_described(classifier) for classifier in classifiers]})


class ClassifierView(APIView):
    """`GET /classifiers/{key}`: one classifier with its labels and its live version's scores."""

    scope = Scope.READ

    def get(self, request: Request, key: str) -> Response:
        return Response(_described(get_classifier(request.auth, key, among=_with_details())))


def _with_details() -> QuerySet[Classifier]:
    return Classifier.objects.select_related("live_version").prefetch_related("labels")


def _described(classifier: Classifier) -> dict[str, Any]:
    version = classifier.live_version
    return {
        "key": classifier.key,
        "name": classifier.name,
        "type": classifier.type.lower(),
        "description": classifier.description,
        "labels": [
            {"number": label.number, "name": label.name, "description": label.description}
            for label in classifier.labels.all()
        ],
        "live_version": None
        if version is None
        else {
            "number": version.number,
            "trained_at": version.finished_at,
            "examples": version.example_count,
            "suggested_examples": version.suggested_count,
            "scores": version.scores,
        },
    }
