"""What one cell of a workbook says, as text."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import NamedTuple

from classifiers.importing import texts
from classifiers.importing.rows import MAX_CELL_CHARS
from classifiers.importing.xlsx_sheet import RawCell
from classifiers.importing.xlsx_workbook import Workbook
from classifiers.importing.xlsx_xml import BrokenWorkbook

# Characters that XML can't hold or doesn't keep, such as the carriage return. Source: ECMA-376, part 1, 22.4.2.4.
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_WHOLE = re.compile(r"(-?\d{1,15})(?:\.0+)?", re.ASCII)
_LONG_WHOLE = re.compile(r"-?\d{16,40}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# A double holds 15 digits for sure, and a spreadsheet keeps no more.
_EXACT_BELOW = 10**15
# From 12 digits on, a spreadsheet shows a number as 1.2E+11 unless it's told otherwise.
_LONG_FROM = 10**11
_NUMBER_CHARS = 60
_MS_PER_DAY = 86_400_000
_EPOCH = dt.datetime(1899, 12, 30)
_EPOCH_1904 = dt.datetime(1904, 1, 1)
# Excel's calendar has a 29 February 1900: the days before it have numbers that are one too small for the epoch.
_PHANTOM_DAY = 60
_BOOLEANS = {"0": "FALSE", "1": "TRUE", "false": "FALSE", "true": "TRUE"}


class Value(NamedTuple):
    """What a cell says. `fault`, if it can't be taken, is the end of a sentence that starts with the cell's name.

    `is_fragile`: a number that was perhaps meant as a row of digits, and may have lost some.
    """

    text: str
    fault: str = ""
    is_number: bool = False
    is_fragile: bool = False


class CellReader:
    """Turn the cells of one workbook into values."""

    def __init__(self, workbook: Workbook) -> None:
        self._strings = workbook.strings
        self._formats = workbook.formats
        self._epoch = _EPOCH_1904 if workbook.is_1904 else _EPOCH

    def read(self, cell: RawCell) -> Value:
        """Return what a cell says; a formula's value as it was last stored. Raises BrokenWorkbook."""
        if cell.formula is not None and not cell.chars and cell.kind != "str":
            fault = "holds a formula without value. Open the workbook in Excel, save it, and upload it again."
            return Value(f"={cell.formula}", fault)
        try:
            return self._read(cell)
        except (ValueError, LookupError) as error:
            raise BrokenWorkbook from error

    def _read(self, cell: RawCell) -> Value:
        kind, raw = cell.kind, cell.raw
        if kind == "n":
            return self._read_number(raw, style=int(cell.style))
        if kind == "s":
            return _string(*self._strings.get(int(raw)))
        if kind in ("inlineStr", "str"):
            return _string(raw, cell.chars)
        if kind == "b":
            return Value(_BOOLEANS[raw])
        if kind == "d":
            return Value(raw.removesuffix("T00:00:00"))
        if kind == "e":
            error = texts.shown(raw, limit=_NUMBER_CHARS)
            return Value(error, f"holds the error {error}. Correct it, or write the value itself.")
        raise ValueError(kind)

    def _read_number(self, raw: str, *, style: int) -> Value:
        number = float(raw) if _NUMBER.fullmatch(raw) else math.inf
        if math.isinf(number):
            shown = texts.shown(raw, limit=_NUMBER_CHARS)
            return Value(shown, f"holds “{shown}”, which is no number. Enter it again.", is_number=True)
        if style in self._formats.spans:
            return Value(_span_text(number))
        if style in self._formats.dates:
            return self._read_date(number)
        is_fragile = abs(number) >= _LONG_FROM or style in self._formats.padded
        return Value(_number_text(raw, number=number), is_number=True, is_fragile=is_fragile)

    def _read_date(self, days: float) -> Value:
        ms = round(days * _MS_PER_DAY)
        if 0 <= ms < _MS_PER_DAY:
            return Value(_time_text((_EPOCH + dt.timedelta(milliseconds=ms)).time()))
        if self._epoch is _EPOCH and 0 < days < _PHANTOM_DAY:
            ms += _MS_PER_DAY
        try:
            # Spreadsheets show no date before their epoch.
            moment = self._epoch + dt.timedelta(milliseconds=ms) if ms >= 0 else None
        except OverflowError:
            moment = None
        if moment is None:
            return Value(f"{days:g}", "holds a date that no calendar has. Enter it again.")
        date = moment.date().isoformat()
        return Value(date if moment.time() == dt.time() else f"{date}T{_time_text(moment.time())}")


def _string(text: str, chars: int) -> Value:
    if "_x" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)
    if chars > MAX_CELL_CHARS:
        return Value(text, f"is {chars:,} characters long; the limit is {MAX_CELL_CHARS:,}. Shorten it.")
    return Value(text)


def _number_text(raw: str, *, number: float) -> str:
    whole = _WHOLE.fullmatch(raw)
    if whole:
        return str(int(whole.group(1)))
    if number.is_integer() and abs(number) < _EXACT_BELOW:
        return str(int(number))
    return raw if _LONG_WHOLE.fullmatch(raw) else repr(number)


def _time_text(time: dt.time) -> str:
    return time.isoformat("milliseconds" if time.microsecond else "seconds")


def _span_text(days: float) -> str:
    seconds = round(abs(days) * 86_400)
    return f"{'-' if days < 0 else ''}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
