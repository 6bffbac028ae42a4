"""What machines have suggested and nobody has confirmed yet: read it, least sure first, and confirm it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.people import read_annotator
from annotation.services import suggestion_lists, suggestions
from annotation.services.suggestion_lists import Place
from classifiers.api import example_fields, parameters
from classifiers.api.lookups import get_classifier
from classifiers.models import Example
from moderation import api_fields
from moderation.models import Scope

_FIELDS = ("annotator", "floor", "ids")
_MOST_IDS = 1_000
_ID_DIGITS = 18
_CURSOR = re.compile(r"(-|0(?:\.[0-9]{1,25})?|1(?:\.0)?|[0-9](?:\.[0-9]{1,25})?e-[0-9]{1,3}):([0-9]{1,18})")


class SuggestionsView(APIView):
    """`GET /classifiers/{key}/suggestions`: examples whose label only a machine has given, least sure first."""

    scope = Scope.READ

    def get(self, request: Request, key: str) -> Response:
        given = parameters.read(request, known=parameters.PAGE)
        place, limit = _read_place(given), parameters.read_limit(given)
        classifier = get_classifier(request.auth, key)
        found, after = suggestion_lists.page(classifier.pk, place=place, limit=limit)
        return Response(
            {
                "suggestions": [_described(example) for example in found],
                "next_cursor": None if after is None else _cursor(after),
            }
        )


class ConfirmView(APIView):
    """`POST /classifiers/{key}/suggestions/confirm`: make suggestions the word of the person named `annotator`.

    Which ones: those of the examples in `ids`, up to 1,000; or all that are at least as sure as `floor`, up to 5,000 a
    call. `is_more` tells that the floor has more to confirm.
    """

    scope = Scope.WRITE

    def post(self, request: Request, key: str) -> Response:
        body = api_fields.read_object(request)
        classifier = get_classifier(request.auth, key)
        api_fields.refuse_unknown(body, known=_FIELDS)
        annotator = read_annotator(body)
        if ("ids" in body) == ("floor" in body):
            raise parameters.bad("ids", "Send either ids or floor.", code="ambiguous")
        if "ids" in body:
            done = suggestions.confirm(classifier.pk, _read_ids(body), annotator)
            return Response({"confirmed": done, "is_more": False})
        done = suggestions.confirm_surest(classifier.pk, _read_floor(body), annotator)
        return Response({"confirmed": done, "is_more": done == suggestions.MOST_AT_ONCE})


def _described(example: Example) -> dict[str, Any]:
    return example_fields.described(example) | {"confidence": example.confidence}


def _read_place(given: Mapping[str, str]) -> Place | None:
    if "cursor" not in given:
        return None
    found = _CURSOR.fullmatch(given["cursor"])
    if found is None:
        raise parameters.bad("cursor", "Send the next_cursor of the page before, as it is.", code="bad_cursor")
    confidence, example_id = found.groups()
    return Place(confidence=None if confidence == "-" else float(confidence), example_id=int(example_id))


def _cursor(place: Place) -> str:
    # The shortest digits that give the same number again.
    return f"{'-' if place.confidence is None else repr(place.confidence)}:{place.example_id}"


def _read_ids(body: Mapping[str, Any]) -> list[int]:
    ids = body["ids"]
    message = f'Send a list of 1 to {_MOST_IDS:,} ids of examples as they were given, such as ["12"].'
    if not isinstance(ids, list) or not 1 <= len(ids) <= _MOST_IDS:
        raise parameters.bad("ids", message, code="not_a_list_of_ids")
    for value in ids:
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _ID_DIGITS):
            raise parameters.bad("ids", message, code="not_a_list_of_ids")
    return [int(value) for value in ids]


def _read_floor(body: Mapping[str, Any]) -> float:
    floor = body["floor"]
    if not isinstance(floor, int | float) or isinstance(floor, bool) or not 0 <= floor <= 1:
        raise parameters.bad("floor", "Send a number from 0 to 1, such as 0.9.", code="not_a_share")
    return float(floor)
