"""What a workbook says of all its sheets: their names, the texts they share, and which numbers are dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from classifiers.importing import texts
from classifiers.importing.xlsx_package import Package, Relation, open_package
from classifiers.importing.xlsx_strings import SharedStrings, read_strings
from classifiers.importing.xlsx_xml import read_tags

_NAME_CHARS = 100
# Formats that the format's own standard numbers without writing them out: dates and times, those of Chinese, Japanese
# and Korean included, and spans of time. Source: ECMA-376, part 1, 18.8.30.
_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)])
_BUILT_IN_SPANS = frozenset([46])
# What stands in quotes, after a backslash, or in brackets (a color, a currency, a condition) is no part of a date.
_LITERAL = re.compile(r'"[^"]*"|[\\_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_DATE = re.compile("[dmhys]", re.IGNORECASE)
_SPAN = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_PADDED = re.compile("0{2,}")


@dataclass(frozen=True)
class Sheet:
    """One sheet of cells. `part` is where its cells are in the package."""

    name: str
    is_hidden: bool
    part: str


@dataclass(frozen=True)
class Formats:
    """Which styles of cells make a number something else: dates, spans of time, digits with zeros in front."""

    dates: frozenset[int]
    spans: frozenset[int]
    padded: frozenset[int]


@dataclass(frozen=True)
class Workbook:
    """A workbook, but for the cells of its sheets. `is_1904`: its days count from 1904, as on old Macintoshes."""

    package: Package
    sheets: tuple[Sheet, ...]
    strings: SharedStrings
    formats: Formats
    is_1904: bool


def open_workbook(path: Path) -> Workbook:
    """Return what a workbook says of all its sheets.

    Raises TooLargeUnpacked, TooManyParts, TooManyStrings, WrongKind, BrokenWorkbook, DoctypeFound.
    """
    package, main = open_package(path)
    relations = package.find_relations(main)
    with package.open(main) as file:
        tags = list(read_tags(file, names=["workbookPr", "sheet"]))
    return Workbook(
        package=package,
        sheets=_find_sheets([tag for name, tag in tags if name == "sheet"], relations=relations),
        strings=_read_strings(package, relations=relations),
        formats=_read_formats(package, relations=relations),
        is_1904=any(tag.get("date1904") in ("1", "true") for name, tag in tags if name == "workbookPr"),
    )


def _find_sheets(tags: list[dict[str, str]], *, relations: list[Relation]) -> tuple[Sheet, ...]:
    parts = {relation.id: relation.part for relation in relations if relation.kind == "worksheet"}
    sheets = []
    for tag in tags:
        # The attribute is called `id` in one of two namespaces; `sheetId` is in none.
        id_ = next((value for name, value in tag.items() if name.endswith(" id")), "")
        part = parts.get(id_)
        # A sheet of charts or macros has no cells.
        if part is not None:
            name = texts.shown(tag.get("name", ""), limit=_NAME_CHARS)
            sheets.append(Sheet(name=name, is_hidden=tag.get("state", "visible") != "visible", part=part))
    return tuple(sheets)


def _find_part(package: Package, *, relations: list[Relation], kind: str) -> str | None:
    parts = (relation.part for relation in relations if relation.kind == kind)
    return next((part for part in parts if package.has(part)), None)


def _read_strings(package: Package, *, relations: list[Relation]) -> SharedStrings:
    part = _find_part(package, relations=relations, kind="sharedStrings")
    if part is None:
        return SharedStrings()
    with package.open(part) as file:
        return read_strings(file)


def _read_formats(package: Package, *, relations: list[Relation]) -> Formats:
    part = _find_part(package, relations=relations, kind="styles")
    if part is None:
        return Formats(frozenset(), frozenset(), frozenset())
    with package.open(part) as file:
        return read_formats(file)


def read_formats(file: IO[bytes]) -> Formats:
    """Return which styles make dates and the like, from a workbook's style sheet. Raises BrokenWorkbook."""
    codes: dict[int, str] = {}
    styles: list[int] = []
    are_cells = False
    for name, tag in read_tags(file, names=["numFmt", "cellStyleXfs", "cellXfs", "xf"]):
        if name == "numFmt":
            codes[_number(tag, "numFmtId")] = tag.get("formatCode", "")
        elif name == "xf":
            if are_cells:
                styles.append(_number(tag, "numFmtId"))
        else:
            are_cells = name == "cellXfs"
    return _sort_styles(styles, codes=codes)


def _number(tag: Mapping[str, str], name: str) -> int:
    value = tag.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def _sort_styles(styles: list[int], *, codes: Mapping[int, str]) -> Formats:
    dates, spans, padded = set(), set(), set()
    for style, format_id in enumerate(styles):
        # Of up to four formats, for positive and negative numbers and so on, the first.
        code = _LITERAL.sub("", codes.get(format_id, "")).partition(";")[0]
        if format_id in _BUILT_IN_SPANS or _SPAN.search(code):
            spans.add(style)
        elif format_id in _BUILT_IN_DATES or _DATE.search(code):
            dates.add(style)
        elif _PADDED.match(code):
            padded.add(style)
    return Formats(frozenset(dates), frozenset(spans), frozenset(padded))
