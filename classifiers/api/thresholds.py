"""How sure a classifier must be of a label to give it: `GET`, `PUT /classifiers/{key}/thresholds`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifiers.api import parameters
from classifiers.api.lookups import get_classifier
from classifiers.models import Classifier, Version
from classifiers.services import thresholds
from classifiers.services.thresholds import BadThresholds
from moderation import api_fields
from moderation.api_exceptions import Refused
from moderation.models import Scope

_MOST_DIGITS = 6


class ThresholdsView(APIView):
    """The live version's thresholds by label number. `PUT` sets all of them: a label that isn't sent has none then."""

    scope = Scope.READ
    change_scope = Scope.WRITE

    def get(self, request: Request, key: str) -> Response:
        parameters.read(request)
        return Response(_described(_live(get_classifier(request.auth, key))))

    def put(self, request: Request, key: str) -> Response:
        body = api_fields.read_object(request)
        version = _live(get_classifier(request.auth, key))
        api_fields.refuse_unknown(body, known=("thresholds",))
        if body.get("thresholds") is None:
            raise parameters.bad("thresholds", 'Send an object such as {"0": 0.7}; {} for none.', code="required")
        shares = _read_shares(api_fields.read_mapping(body, "thresholds"))
        try:
            thresholds.set_thresholds(version.pk, shares)
        except BadThresholds as error:
            raise parameters.bad("thresholds", str(error), code="bad_threshold") from error
        version.refresh_from_db()
        return Response(_described(version))


def _live(classifier: Classifier) -> Version:
    if classifier.live_version is None:
        raise Refused(409, "This classifier has no live version yet. Train it first.")
    return classifier.live_version


def _read_shares(given: Mapping[str, Any]) -> dict[int, float]:
    shares = {}
    for number, share in given.items():
        if not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS):
            raise parameters.bad("thresholds", "Name a label by its number, such as “0”.", code="unknown_label")
        # A number too large for a float is none from 0 to 1 either.
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise parameters.bad("thresholds", "A threshold is a number from 0 to 1.", code="bad_threshold")
        shares[int(number)] = float(share)
    return shares


def _described(version: Version) -> dict[str, Any]:
    return {"version": version.number, "thresholds": version.thresholds}
