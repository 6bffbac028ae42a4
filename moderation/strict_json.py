"""JSON as the standard has it: no NaN, no doubled keys, no depth or number that could hurt the server."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, NoReturn

from moderation.text import is_blank

# Deeper than any request of ours by far, and shallow enough for every recursive reader and writer.
MAX_DEPTH = 32
# More than any id or timestamp needs. Python's own limit (4,300) is a ValueError without a position.
MAX_INT_DIGITS = 30
MAX_TEXT_CHARS = 100_000
_SHOWN_KEY_CHARS = 40

# Strings are matched whole, so that a bracket inside one is not counted. Possessive, and able to match an
# unclosed string, so that no input makes it try a position twice.
_STRUCTURE = re.compile(r'"[^"\\]*+(?:\\.?+[^"\\]*+)*+"?|[\[{]++|[\]}]++', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")

Code = Literal["malformed_json", "too_deep", "bad_number", "duplicate_key"]


class BadJson(Exception):
    """The body is not JSON that we take. `code` is for programs, `message` for people."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse(body: bytes, *, max_depth: int = MAX_DEPTH, max_int_digits: int = MAX_INT_DIGITS) -> Any:
    """Return the value that `body` holds.

    A lone surrogate (`"\\ud800"`) passes, as the standard has it; `text_problem` finds it in a field.
    Raises BadJson with code `malformed_json`, `too_deep`, `bad_number` or `duplicate_key`.
    """
    text = _decode(body)
    if not text.strip(" \t\r\n"):
        raise BadJson("malformed_json", "The body is empty. Send a JSON object.")
    _check_depth(text, max_depth=max_depth)
    try:
        return json.loads(
            text,
            parse_int=_int_reader(max_int_digits),
            parse_float=_read_float,
            parse_constant=_refuse_constant,
            object_pairs_hook=_read_object,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadJson("malformed_json", f"The body is not valid JSON at {where}: {error.msg}.") from error


def _decode(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: the byte at offset {error.start} cannot be read. Send UTF-8."
        raise BadJson("malformed_json", message) from error
    if text.startswith("\ufeff"):
        raise BadJson("malformed_json", "The body starts with a byte order mark. Send UTF-8 without one.")
    return text


def _check_depth(text: str, *, max_depth: int) -> None:
    """Refuse deep nesting before the decoder, which recurses, sees it."""
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for match in _STRUCTURE.finditer(text):
        token = match.group()
        if token[0] in "[{":
            depth += len(token)
        elif token[0] in "]}":
            depth -= len(token)
        if depth > max_depth:
            message = f"The body is nested more than {max_depth} levels deep. Send a flatter object."
            raise BadJson("too_deep", message)


def _int_reader(max_digits: int) -> Callable[[str], int]:
    def read_int(digits: str) -> int:
        if len(digits.lstrip("-")) > max_digits:
            message = f"A number has more than {max_digits} digits. Send a long id as a string."
            raise BadJson("bad_number", message)
        return int(digits)

    return read_int


def _read_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise BadJson("bad_number", "A number is too large. Send numbers between -1e308 and 1e308.")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise BadJson("bad_number", f"{name} is not a JSON number. Send a finite number or null.")


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        double = next(key for key, count in counts.items() if count > 1)
        # A key may hold a lone surrogate, which no answer could carry.
        shown = double[:_SHOWN_KEY_CHARS].encode("utf-8", "replace").decode("utf-8")
        raise BadJson("duplicate_key", f"The key “{shown}” stands twice in one object. Send each key once.")
    return result


class _Missing(Enum):
    MISSING = "missing"


# Stands for a field that was not sent: `body.get("text", MISSING)`. Null is another thing.
MISSING: Final = _Missing.MISSING


class TextProblem(NamedTuple):
    """Why a text is refused: a code for programs, a sentence for people."""

    code: str
    message: str


def text_problem(value: object, *, max_chars: int = MAX_TEXT_CHARS) -> TextProblem | None:
    """Return what is wrong with the text that a field holds, or None. Never coerces.

    Units: `max_chars` counts code points.
    Codes: required, null, not_a_string, too_long, nul_character, lone_surrogate, blank.
    """
    if value is MISSING:
        return TextProblem("required", "This field is missing. Send the text as a string.")
    if value is None:
        return TextProblem("null", "This field is null. Send the text as a string.")
    if not isinstance(value, str):
        return TextProblem("not_a_string", "This field is not a string. Put the text between double quotes.")
    if len(value) > max_chars:
        message = f"The text has {len(value):,} characters; the limit is {max_chars:,}. Send it in parts."
        return TextProblem("too_long", message)
    if "\0" in value:
        return TextProblem("nul_character", "The text has a NUL character (U+0000). Send it without.")
    if _SURROGATE.search(value):
        message = "The text has half a surrogate pair, which is no character. Send well-formed Unicode."
        return TextProblem("lone_surrogate", message)
    if is_blank(value):
        return TextProblem("blank", "The text is blank. Send at least one visible character.")
    return None
