"""The server's addresses, and some whose views fail in ways that no view should."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import urls
from moderation.models import Scope


class Exploding(APIView):
    """Raises what its address says."""

    scope = Scope.READ
    ERRORS = {
        "missing": Http404("secret words"),
        "forbidden": PermissionDenied("secret words"),
        "broken": ValueError("secret words"),
    }

    def get(self, request: Request, error: str) -> Response:
        raise self.ERRORS[error]


def suspicious(request: HttpRequest) -> HttpResponse:
    """Raise what Django answers with 400."""
    raise SuspiciousOperation("secret words")


def broken(request: HttpRequest) -> HttpResponse:
    """Raise what Django answers with 500."""
    raise ValueError("secret words")


urlpatterns = [
    path("api/v1/explode/<str:error>", Exploding.as_view()),
    path("api/v1/suspicious", suspicious),
    path("api/v1/broken", broken),
    path("page/suspicious", suspicious),
    path("page/broken", broken),
    *urls.urlpatterns,
]
handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500
