"""All examples of a classifier as a file."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from classifiers.api import example_lists, parameters
from classifiers.api.lookups import get_classifier
from classifiers.exporting.xlsx_writer import DoesNotFit
from classifiers.services import exports
from classifiers.services.example_lists import NoSuchLabel
from classifiers.services.exports import UnknownFormat
from moderation.api_exceptions import Refused
from moderation.models import Scope


class AsAsked(BaseContentNegotiation):
    """Let the query string say what the answer is, and not the header Accept."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        return JSONRenderer(), JSONRenderer.media_type


class ExportView(APIView):
    """`GET /classifiers/{key}/export?format=csv`, xlsx or jsonl; chosen by label, state and origin as in the list.

    To read is enough: page by page, the list gives the same.
    """

    scope = Scope.READ
    content_negotiation_class = AsAsked

    def get(self, request: Request, key: str) -> StreamingHttpResponse:
        given = parameters.read(request, known=("format", *example_lists.CHOICE))
        choice = example_lists.read_choice(given)
        classifier = get_classifier(request.auth, key)
        try:
            export = exports.export(classifier, format=given.get("format", ""), choice=choice)
        except UnknownFormat as error:
            raise parameters.bad("format", str(error), code="not_a_choice") from error
        except NoSuchLabel as error:
            raise parameters.bad("label", str(error), code="unknown_label") from error
        except DoesNotFit as error:
            raise Refused(409, str(error)) from error
        headers = {
            "Content-Disposition": f'attachment; filename="{export.file_name}"',
            "Cache-Control": "no-store",
        }
        return StreamingHttpResponse(export.pieces, content_type=export.content_type, headers=headers)
