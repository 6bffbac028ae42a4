"""Workbooks for the tests of reading: written by openpyxl, or part by part where no honest program would write so."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"

Content = str | bytes | Iterable[bytes]


def save(path: Path, *rows: Sequence[Any], title: str = "Messages") -> Path:
    """Write rows with openpyxl, which stores texts inside their cells."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def build(
    path: Path,
    rows: str = "",
    *,
    strings: Sequence[str] = (),
    formats: Sequence[str] = (),
    namespace: str = MAIN,
    properties: str = "",
    after: str = "",
    content_type: str = _SHEET_TYPE,
    parts: Mapping[str, Content] | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """Write a workbook of one sheet as Excel would, from the XML of its rows.

    `strings` are the contents of shared strings, `formats` codes of number formats for styles 1, 2 ..., `after` stands
    behind the rows; `parts` are added, or replace others.
    """
    content: dict[str, Content] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{content_type}"/></Types>',
        "_rels/.rels": _relations(officeDocument="xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{namespace}" xmlns:r="{_OFFICE}"><workbookPr {properties}/>'
        '<sheets><sheet name="Messages" sheetId="1" r:id="worksheet"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(
            worksheet="worksheets/sheet1.xml", sharedStrings="sharedStrings.xml", styles="styles.xml"
        ),
        "xl/sharedStrings.xml": f'<sst xmlns="{namespace}">{"".join(f"<si>{string}</si>" for string in strings)}</sst>',
        "xl/styles.xml": _styles(formats, namespace=namespace),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{namespace}"><dimension ref="A1:B2"/>'
        f"<sheetData>{rows}</sheetData>{after}</worksheet>",
    }
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, part in (content | dict(parts or {})).items():
            _write(archive, name, part)
    return path


def table(*cells: str) -> str:
    """Return the XML of a header, text and label, and of one row for each of `cells`, the XML of its first cell."""
    body = "".join(f'<row r="{number}">{cell}</row>' for number, cell in enumerate(cells, 2))
    return f'<row r="1">{text("A1", "text")}{text("B1", "label")}</row>{body}'


def text(reference: str, content: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{content}</t></is></c>'


def repeated(piece: str, *, times: int, before: str = "", after: str = "") -> Iterable[bytes]:
    """Yield one piece of XML again and again."""
    yield before.encode()
    block = piece.encode() * 1_000
    for _ in range(times // 1_000):
        yield block
    yield after.encode()


def _relations(**parts: str) -> str:
    tags = (f'<Relationship Id="{kind}" Type="{_OFFICE}/{kind}" Target="{part}"/>' for kind, part in parts.items())
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(tags)}</Relationships>'


def _styles(formats: Sequence[str], *, namespace: str) -> str:
    codes = "".join(f'<numFmt numFmtId="{200 + at}" formatCode="{code}"/>' for at, code in enumerate(formats))
    styles = "".join(f'<xf numFmtId="{200 + at}"/>' for at in range(len(formats)))
    return (
        f'<styleSheet xmlns="{namespace}"><numFmts>{codes}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        f'<cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>'
    )


def _write(archive: zipfile.ZipFile, name: str, content: Content) -> None:
    if isinstance(content, str | bytes):
        archive.writestr(name, content)
        return
    with archive.open(name, "w") as file:
        for piece in content:
            file.write(piece)
