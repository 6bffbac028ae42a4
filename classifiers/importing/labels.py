"""Which label a cell names: by number, as the screens say, or by name."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from classifiers.importing import texts
from moderation.text import is_blank

_NUMBER = re.compile(r"\+?(\d{1,9})(?:\.0+)?", re.ASCII)
# A label's name is short; a longer cell is a text in the wrong column, and not worth a search.
_MOST_NAME_CHARS = 200
_QUOTED_CHARS = 60
_LISTED_CHARS = 250
# The search for the nearest name takes up to a millisecond: a wrong column must not make hours of it.
_MOST_SEARCHES = 500
_REMEMBERED = 5_000
# difflib's ratio: at 0.6 one letter in four may be wrong. Its own default.
_NEAR_RATIO = 0.6

# Casefolded Cyrillic and Greek letters and the Latin ones that they, or their capitals, look like.
# Source: Unicode Technical Standard 39, confusables.txt; capitals' twins are given by their small letter.
_LOOK_ALIKES = str.maketrans(
    "аӓвгԁеёзіїјкӏмнопԛрсѕтуүѵԝхһαβεζηικμνορστυχωϲ",
    "aäbrdeë3iïjklmhonqpcstyyvwxhabezhikmnopotyxwc",
)


@dataclass(frozen=True, slots=True)
class LabelName:
    """A label of the classifier, as far as an import knows it."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Matched:
    """The label's number; None for a blank cell, which means that the row has no label."""

    number: int | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """The cell names no label, or more than one. `nearest` is the label it may have meant."""

    sentence: str
    nearest: LabelName | None


class LabelBook:
    """The labels of one classifier, ready to be looked up for each of many rows."""

    def __init__(self, labels: Sequence[LabelName]) -> None:
        self._labels = tuple(labels)
        self._by_number = {label.number: label for label in labels}
        self._by_name = {_exact(label.name): label for label in labels}
        self._by_folded: defaultdict[str, list[LabelName]] = defaultdict(list)
        self._by_looks: dict[str, LabelName] = {}
        for label in labels:
            self._by_folded[_folded(label.name)].append(label)
            self._by_looks[_looks(label.name)] = label
        self._searches_left = _MOST_SEARCHES
        self._match_short = lru_cache(maxsize=_REMEMBERED)(self._find)

    def match(self, cell: str) -> Matched | Unknown:
        """Return the label that a cell names. See `match_label`."""
        if len(cell) > _MOST_NAME_CHARS:
            # Blank or far too long, and too big to remember.
            cell = cell.strip()[: _MOST_NAME_CHARS + 1]
            return self._find(cell)
        return self._match_short(cell)

    def _find(self, cell: str) -> Matched | Unknown:
        if is_blank(cell):
            return Matched(None)
        digits = _match_digits(cell)
        if digits:
            return self._find_number(int(digits.group(1)), cell=cell)
        label = self._by_name.get(_exact(cell))
        if label:
            return Matched(label.number)
        same = self._by_folded.get(_folded(cell), ())
        if len(same) == 1:
            return Matched(same[0].number)
        if same:
            names = " and ".join(_quoted(label.name) for label in same)
            return Unknown(f"{_quoted(cell)} could be {names}. Write the label's number.", same[0])
        return self._refuse(cell)

    def _find_number(self, number: int, *, cell: str) -> Matched | Unknown:
        if number in self._by_number:
            return Matched(number)
        named = self._by_name.get(_exact(cell))
        if named is None:
            return Unknown(f"There is no label {number}. {self._listing()}", None)
        return Unknown(
            f"There is no label {number}. A label is named {_quoted(named.name)}, but digits are read as a label's "
            f"number: write {named.number}.",
            named,
        )

    def _refuse(self, cell: str) -> Unknown:
        twin = self._by_looks.get(_looks(cell))
        if twin:
            strange = sorted(set(_exact(cell)) - set(_exact(twin.name)))
            codes = ", ".join(f"U+{ord(character):04X}" for character in strange[:5])
            return Unknown(
                f"{_quoted(cell)} looks like the label {_quoted(twin.name)}, but holds other or hidden characters "
                f"({codes}). Write {_quoted(twin.name)} or {twin.number}.",
                twin,
            )
        nearest = self._find_nearest(cell)
        if nearest is None:
            return Unknown(f"{_quoted(cell)} is not a label. {self._listing()}", None)
        return Unknown(
            f"{_quoted(cell)} is not a label. The nearest is {_quoted(nearest.name)}, number {nearest.number}.",
            nearest,
        )

    def _find_nearest(self, cell: str) -> LabelName | None:
        if len(cell) > _MOST_NAME_CHARS or self._searches_left <= 0:
            return None
        self._searches_left -= 1
        near = difflib.get_close_matches(_folded(cell), list(self._by_folded), n=1, cutoff=_NEAR_RATIO)
        return self._by_folded[near[0]][0] if near else None

    def _listing(self) -> str:
        listed, chars = [], 0
        for label in self._labels:
            entry = f"{label.number} {texts.excerpt(label.name, limit=_QUOTED_CHARS)}"
            chars += len(entry) + 2
            if chars > _LISTED_CHARS:
                listed.append("…")
                break
            listed.append(entry)
        return f"The labels are: {', '.join(listed)}."


def match_label(cell: str, *, labels: Sequence[LabelName]) -> Matched | Unknown:
    """Return the label that a cell names, never a guess.

    - Nothing that can be seen: no label.
    - Digits ("0", " 1 ", "2.0"): the label of that number, and of no other: where a label's *name* is made of
      digits, its number must be written.
    - A name: spaces around it and their number within it, case and Unicode form don't matter. One that matches two
      labels so far is taken only if it equals one of them exactly.

    For many cells, make a `LabelBook` once.
    """
    return LabelBook(labels).match(cell)


def is_number(cell: str) -> bool:
    """Tell whether a cell is read as a label's number, not as a name."""
    return _match_digits(cell) is not None


def _match_digits(cell: str) -> re.Match[str] | None:
    return _NUMBER.fullmatch(unicodedata.normalize("NFKC", cell).strip())


def _exact(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip())


def _folded(name: str) -> str:
    compatible = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(compatible.split())


def _looks(name: str) -> str:
    """Return what is left of a name for the eye: hidden characters gone, look-alikes as Latin letters."""
    seen = "".join(character for character in _folded(name) if character == " " or not is_blank(character))
    return seen.translate(_LOOK_ALIKES)


def _quoted(name: str) -> str:
    return f"“{texts.excerpt(name.strip(), limit=_QUOTED_CHARS)}”"
