"""Upload a file of examples, follow its import, read the report."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifiers.api import parameters, upload_forms
from classifiers.api.lookups import get_classifier, not_found, read_id
from classifiers.api.upload_forms import UploadForm, UploadParser
from classifiers.models import Classifier, ImportRefusal, ImportRun
from classifiers.services import direct_imports, refusals
from classifiers.services.direct_imports import AlreadyImported, BadReading
from classifiers.services.imports import FileRefused, NotConfirmable
from moderation.api_errors import Issue
from moderation.api_exceptions import Refused
from moderation.models import Scope
from moderation.runs import RunState

# The other codes of a refused file are the fault of what is in it: 400.
_STATUSES = {
    "busy": 503,
    "out_of_memory": 413,
    "too_large": 413,
    "too_large_unpacked": 413,
    "too_many_parts": 413,
    "too_many_rows": 413,
    "wrong_kind": 415,
}
_RETRY_AFTER = {503: {"Retry-After": "60"}}
_REFUSALS_SHOWN = 20


class ImportsView(APIView):
    """`POST /classifiers/{key}/imports`: upload a file of examples; a worker imports it."""

    scope = Scope.WRITE
    parser_classes = (UploadParser,)
    # Read by the guard of bodies: here, and nowhere else, a form of the size of a file is let in.
    takes_files = True

    def post(self, request: Request, key: str) -> Response:
        parameters.read(request)
        # Before the form is parsed: who may not upload here isn't read to the end.
        classifier = get_classifier(request.auth, key)
        run = _start(classifier, form=upload_forms.read(request))
        body = _described(run, request=request)
        return Response(body, status=202, headers={"Location": body["url"]})


class ImportView(APIView):
    """`GET /classifiers/{key}/imports/{id}`: how far an import is, its sums, and the first rows that it refused."""

    scope = Scope.READ

    def get(self, request: Request, key: str, id: str) -> Response:
        parameters.read(request)
        run = _get(get_classifier(request.auth, key), id)
        first, _ = refusals.page(run, after_row=0, limit=_REFUSALS_SHOWN)
        return Response(
            _described(run, request=request) | {"refusals": [_refusal_described(refusal) for refusal in first]}
        )


class RefusalsView(APIView):
    """`GET /classifiers/{key}/imports/{id}/refusals`: all rows that an import refused, page by page."""

    scope = Scope.READ

    def get(self, request: Request, key: str, id: str) -> Response:
        given = parameters.read(request, known=parameters.PAGE)
        cursor, limit = parameters.read_cursor(given), parameters.read_limit(given)
        run = _get(get_classifier(request.auth, key), id)
        found, next_cursor = refusals.page(run, after_row=cursor or 0, limit=limit)
        return Response(
            {
                "refusals": [_refusal_described(refusal) for refusal in found],
                "next_cursor": None if next_cursor is None else str(next_cursor),
            }
        )


def _start(classifier: Classifier, *, form: UploadForm) -> ImportRun:
    try:
        return direct_imports.start(classifier.pk, file=form.file, reading=form.reading, is_again=form.is_again)
    except FileRefused as error:
        status = _STATUSES.get(error.code, 400)
        issue = Issue(field="file", message=str(error), code=error.code)
        raise Refused(status, str(error), issues=(issue,), headers=_RETRY_AFTER.get(status)) from error
    except BadReading as error:
        raise Refused(400, str(error), issues=(Issue(field=error.field, message=str(error)),)) from error
    except AlreadyImported as error:
        raise Refused(409, str(error), issues=(Issue(field="again", message=str(error)),)) from error
    except NotConfirmable as error:
        raise Refused(400, str(error)) from error


def _get(classifier: Classifier, id: str) -> ImportRun:
    # A draft is somebody's on a screen, who has yet to decide about it.
    run = classifier.imports.exclude(state=RunState.DRAFT).filter(pk=read_id(id)).first()
    if run is None:
        raise not_found()
    return run


def _described(run: ImportRun, *, request: Request) -> dict[str, Any]:
    key = request.parser_context["kwargs"]["key"]
    return {
        "id": str(run.pk),
        "url": reverse(f"{request.resolver_match.namespace}:import", kwargs={"key": key, "id": run.pk}),
        "file_name": run.file_name,
        "state": run.state.lower(),
        "progress": round(run.progress, 3),
        "step": run.step,
        "error": run.error,
        "read": run.read,
        "added": run.added,
        "labelled": run.labelled,
        "relabelled": run.relabelled,
        "duplicates": run.duplicates,
        "refused": run.refused,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
    }


def _refusal_described(refusal: ImportRefusal) -> dict[str, Any]:
    return {"row": refusal.row_number, "reason": refusal.reason, "excerpt": refusal.excerpt}
