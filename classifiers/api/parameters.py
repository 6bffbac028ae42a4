"""Reads a query string as strictly as a body: what isn't known is refused by name, and nothing is coerced."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rest_framework.request import Request

from classifiers.importing.texts import shown
from moderation import api_fields
from moderation.api_errors import Issue
from moderation.api_exceptions import Refused

DEFAULT_LIMIT = 50
MOST_AT_ONCE = 100
PAGE = ("cursor", "limit")
# More than any number that makes sense here, and little enough for every database.
_MOST_DIGITS = 18
_MOST_ISSUES = 20


def read(request: Request, *, known: Collection[str] = ()) -> Mapping[str, str]:
    """Return the query string's parameters. Raises Refused (400) for one that isn't known or stands twice."""
    given = request.query_params
    unknown = sorted(set(given) - set(known))
    if unknown:
        sentence = f"There is no such parameter; {_listed(known)}."
        issues = [Issue(field=shown(name, limit=60), message=sentence, code="unknown_parameter") for name in unknown]
        raise Refused(400, api_fields.INVALID, issues=tuple(issues[:_MOST_ISSUES]))
    for name, values in given.lists():
        if len(values) > 1:
            raise bad(name, "This parameter stands twice. Send it once.", code="ambiguous")
    return given.dict()


def read_limit(parameters: Mapping[str, str]) -> int:
    """Return how many a page shall have: 50 unless `limit` says otherwise, never more than 100."""
    if "limit" not in parameters:
        return DEFAULT_LIMIT
    limit = read_number(parameters, "limit")
    if limit == 0:
        raise bad("limit", f"A page has at least 1; the most is {MOST_AT_ONCE}.", code="not_a_number")
    return min(limit, MOST_AT_ONCE)


def read_cursor(parameters: Mapping[str, str]) -> int | None:
    """Return where the page starts, None for the first one."""
    if "cursor" not in parameters:
        return None
    cursor = parameters["cursor"]
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MOST_DIGITS):
        raise bad("cursor", "Send the next_cursor of the page before, as it is.", code="bad_cursor")
    return int(cursor)


def read_number(parameters: Mapping[str, str], name: str) -> int:
    """Return the whole number, 0 or more, in a parameter. Raises Refused (400)."""
    value = parameters[name]
    if not (value.isascii() and value.isdigit()):
        raise bad(name, "This parameter is a whole number, 0 or more.", code="not_a_number")
    # One of a thousand digits is as large as need be when it's cut.
    return int(value[:_MOST_DIGITS])


def read_choice(parameters: Mapping[str, str], name: str, *, choices: Collection[str]) -> str | None:
    """Return which of the choices, which are in capitals, a parameter names in small letters; None without it."""
    if name not in parameters:
        return None
    value = parameters[name]
    if value not in {choice.lower() for choice in choices}:
        raise bad(name, f"Choose one of {', '.join(choice.lower() for choice in choices)}.", code="not_a_choice")
    return value.upper()


def bad(name: str, sentence: str, *, code: str) -> Refused:
    """Return the refusal (400) of one parameter or field."""
    return Refused(400, api_fields.INVALID, issues=(Issue(field=name, message=sentence, code=code),))


def _listed(known: Collection[str]) -> str:
    return f"there are {', '.join(sorted(known))}" if known else "this address has none"
