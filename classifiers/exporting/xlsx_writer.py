"""Examples as an Excel workbook of one sheet.

Written here and not by openpyxl, which puts the time into every workbook, so that the same rows give other bytes;
which takes a text that starts with "=" for a formula, cuts long ones without a word, and leaves a file behind in the
temporary folder where writing breaks off.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from typing import IO, Final

from classifiers.exporting.columns import LABEL, TEXT, ExportRow
from classifiers.importing.xlsx_package import MAX_UNPACKED_BYTES

# What Excel can hold. Source: Excel specifications and limits, support.microsoft.com; characters are UTF-16 units.
_MAX_CELL_CHARS: Final = 32_767
_MAX_ROWS: Final = 1_048_576

_ELSEWHERE = "Export as CSV or JSONL instead."
_SHEET_PART = "xl/worksheets/sheet1.xml"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Characters that XML can't hold or doesn't keep are written like _x000D_, and so is the underscore of a text that only
# looks like that. Source: ECMA-376, part 1, 22.9.2.19 (ST_Xstring).
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/{_SHEET_PART}" ContentType="{_TYPES}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook {_MAIN} xmlns:r="{_DOCUMENT}">'
        '<sheets><sheet name="Examples" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_DOCUMENT}/styles" Target="styles.xml"/></Relationships>'
    ),
    # Format 49 is "text", and the quote prefix is Excel's own form of the leading apostrophe: a cell stays text even
    # where somebody edits it.
    "xl/styles.xml": (
        f'<styleSheet {_MAIN}><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>'
        '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    ),
}
_SHEET_BEGIN = (
    f'{_DECLARATION}<worksheet {_MAIN}><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    '<cols><col min="1" max="1" width="100" customWidth="1"/><col min="2" max="2" width="24" customWidth="1"/></cols>'
    "<sheetData>"
)
_SHEET_END = "</sheetData></worksheet>"


class DoesNotFit(Exception):
    """A workbook can't hold these examples; the message says why and what to do."""


def write_xlsx(
    rows: Iterable[ExportRow], *, file: IO[bytes], max_rows: int = _MAX_ROWS, max_bytes: int = MAX_UNPACKED_BYTES
) -> None:
    """Write the workbook to an open file. Raises DoesNotFit, after which the file is of no use.

    Units: `max_rows` counts the header, `max_bytes` is the size of the sheet before it's packed.
    """
    with zipfile.ZipFile(file, "w") as package:
        for name, content in _PARTS.items():
            package.writestr(_member(name), f"{_DECLARATION}{content}")
        with package.open(_member(_SHEET_PART), "w") as sheet:
            _write_sheet(rows, sheet=sheet, max_rows=max_rows, max_bytes=max_bytes)


def _member(name: str) -> zipfile.ZipInfo:
    # Its date is 1 January 1980 unless it's told another one.
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    # Otherwise it says on which system it was packed.
    member.create_system = 0
    return member


def _write_sheet(rows: Iterable[ExportRow], *, sheet: IO[bytes], max_rows: int, max_bytes: int) -> None:
    size_bytes = sheet.write(f"{_SHEET_BEGIN}{_row(1, ExportRow(TEXT, LABEL))}".encode())
    too_long = 0
    for number, row in enumerate(rows, 2):
        if number > max_rows:
            raise DoesNotFit(f"A sheet of Excel has no more than {max_rows:,} rows. {_ELSEWHERE}")
        if _is_too_long(row.text):
            too_long += 1
        # Once one doesn't fit, the others are only counted.
        if not too_long:
            size_bytes += sheet.write(_row(number, row).encode())
        if size_bytes > max_bytes:
            raise DoesNotFit(
                f"Unpacked, the workbook would be larger than {max_bytes:,} bytes, which no upload takes. {_ELSEWHERE}"
            )
    if too_long:
        texts = "1 text is" if too_long == 1 else f"{too_long:,} texts are"
        raise DoesNotFit(f"{texts} longer than the {_MAX_CELL_CHARS:,} characters of an Excel cell. {_ELSEWHERE}")
    sheet.write(_SHEET_END.encode())


def _is_too_long(text: str) -> bool:
    # Most texts are short, and no character takes more than the seven of an escape.
    return len(text) * 7 > _MAX_CELL_CHARS and len(_written(text).encode("utf-16-le")) > 2 * _MAX_CELL_CHARS


def _row(number: int, row: ExportRow) -> str:
    cells = "".join(_cell(f"{column}{number}", text) for column, text in zip("AB", row, strict=True) if text)
    return f'<row r="{number}">{cells}</row>'


def _cell(reference: str, text: str) -> str:
    written = _written(text).translate(_ENTITIES)
    return f'<c r="{reference}" s="1" t="inlineStr"><is><t xml:space="preserve">{written}</t></is></c>'


def _written(text: str) -> str:
    return _UNSAFE.sub(lambda match: f"_x{ord(match.group()):04X}_", text)
