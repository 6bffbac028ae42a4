"""Reads the fields of a request's JSON object. Nothing is coerced; every problem is named with its field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework.request import Request

from moderation.api_errors import Issue
from moderation.api_exceptions import Refused
from moderation.strict_json import MISSING, text_problem

INVALID = "Invalid input data"


def read_object(request: Request) -> Mapping[str, Any]:
    """Return the body if it is a JSON object. Raises Refused (400), and ParseError where it is no JSON."""
    data = request.data
    if request.stream is None:
        # The framework takes no body at all for an empty object.
        issue = Issue(field=None, message="The body is empty. Send a JSON object.", code="malformed_json")
        raise Refused(400, INVALID, issues=(issue,))
    if not isinstance(data, Mapping):
        issue = Issue(field=None, message="The body is not an object. Send a JSON object.", code="not_an_object")
        raise Refused(400, INVALID, issues=(issue,))
    return data


def refuse_unknown(data: Mapping[str, Any], *, known: Iterable[str]) -> None:
    """Raise Refused (400) naming every field that isn't known."""
    unknown = sorted(set(data) - set(known))
    if unknown:
        names = ", ".join(sorted(known))
        issues = [
            Issue(
                field=_shown(name),
                message=f"There is no such field; there are {names}.",
                code="unknown_field",
            )
            for name in unknown[:20]
        ]
        raise Refused(400, INVALID, issues=tuple(issues))


def read_text(data: Mapping[str, Any], name: str, *, max_chars: int = 100_000) -> str:
    """Return the text in field `name`. Raises Refused (400) with the field and what is wrong."""
    value = data.get(name, MISSING)
    if problem := text_problem(value, max_chars=max_chars):
        raise Refused(400, INVALID, issues=(Issue(field=name, message=problem.message, code=problem.code),))
    return str(value)


def read_optional_text(data: Mapping[str, Any], name: str, *, max_chars: int) -> str:
    """Return the text in field `name`, or "" where it's missing, null or empty. Raises Refused (400)."""
    return "" if data.get(name) in (None, "") else read_text(data, name, max_chars=max_chars)


def read_flag(data: Mapping[str, Any], name: str) -> bool:
    """Return the yes or no in field `name`; missing or null is no. Raises Refused (400)."""
    value = data.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        issue = Issue(field=name, message="This field is true or false.", code="not_a_boolean")
        raise Refused(400, INVALID, issues=(issue,))
    return value


def read_mapping(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object in field `name`, {} where missing or null. Raises Refused (400)."""
    value = data.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Refused(400, INVALID, issues=(Issue(field=name, message="Send an object.", code="not_an_object"),))
    # PostgreSQL can store neither in JSON; SQLite must not take what PostgreSQL refuses.
    if any("\0" in text or not _is_encodable(text) for text in _strings(value)):
        message = "A text in it has a NUL character or half a surrogate pair. Send well-formed Unicode."
        raise Refused(400, INVALID, issues=(Issue(field=name, message=message, code="bad_character"),))
    return value


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: str) -> str:
    return name[:60].encode("utf-8", "replace").decode("utf-8")
