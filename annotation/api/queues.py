"""Which queues a classifier has: `GET /classifiers/{key}/queues`."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.people import read_annotator
from annotation.models import QueueCode
from annotation.services import queues
from classifiers.api import parameters
from classifiers.api.lookups import get_classifier
from moderation.models import Scope


class QueuesView(APIView):
    """The orders in which a person can be given texts, and how many wait in each: 1,000 where more do."""

    scope = Scope.READ

    def get(self, request: Request, key: str) -> Response:
        classifier = get_classifier(request.auth, key)
        annotator = read_annotator(parameters.read(request, known=("annotator",)))
        sizes = queues.sizes(classifier.pk, user_id=annotator.pk, now=timezone.now())
        return Response(
            {"queues": [{"code": code.lower(), "name": code.label, "size": sizes.get(code, 0)} for code in QueueCode]}
        )
