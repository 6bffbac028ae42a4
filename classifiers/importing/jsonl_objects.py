"""One JSON object, parsed strictly, and its values as the cells of a row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from classifiers.importing import texts

_KEY_CHARS = 60
_NAMES = {list: "a list", dict: "an object", str: "a text", bool: "true or false", type(None): "null"}


class NoJson(Exception):
    """What stands here isn't JSON, or not yet all of it; `sentence` says where it breaks."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Parsed(NamedTuple):
    """A value and where it ends. `fault` is a sentence if it can't be taken, though it can be read."""

    value: Any
    end: int
    fault: str


class _Digits(str):
    """A number as it is written: none is rounded, and none is too long to be read."""

    __slots__ = ()


_NAMES[_Digits] = "a number"


class ObjectReader:
    """Parse objects: a key that stands twice, NaN and Infinity are faults, which `json` would let pass."""

    def __init__(self) -> None:
        self._fault = ""
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._read_pairs,
            parse_constant=self._read_constant,
            parse_float=_Digits,
            parse_int=_Digits,
        )

    def read(self, source: str, *, start: int) -> Parsed:
        """Return the value that starts at `start`, with a fault unless it's an object. Raises NoJson."""
        self._fault = ""
        try:
            value, end = self._decoder.raw_decode(source, start)
        except json.JSONDecodeError as error:
            what = f"{error.msg[:1].lower()}{error.msg[1:]} (character {error.pos - start + 1:,})"
            raise NoJson(f"This isn't JSON: {what}.") from error
        except RecursionError as error:
            raise NoJson("The object holds lists in lists without end.") from error
        if not isinstance(value, dict):
            return Parsed(value, end, f'This is {_NAMES[type(value)]}, not an object such as {{"text": "…"}}.')
        return Parsed(value, end, self._fault)

    def _read_pairs(self, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) < len(pairs) and not self._fault:
            keys = [key for key, _ in pairs]
            double = next(key for key in keys if keys.count(key) > 1)
            self._fault = f"The key “{texts.shown(double, limit=_KEY_CHARS)}” stands twice in the object. Keep one."
        return values

    def _read_constant(self, name: str) -> None:
        self._fault = self._fault or f"The object holds {name}, which isn't JSON. Write null, or a text in quotes."


def cell_text(value: Any) -> str:
    """Return a value as a cell: a text as it is, null as nothing, a list or an object as a sign that it's one."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "[…]" if isinstance(value, list) else "{…}"


def find_fault(value: Any, *, column: str) -> str:
    """Return a sentence if a value can't be a cell, "" if it can."""
    if isinstance(value, list | dict):
        name = texts.shown(column, limit=_KEY_CHARS)
        return f"The value of “{name}” is {_NAMES[type(value)]}. Write a text or a number."
    return ""
