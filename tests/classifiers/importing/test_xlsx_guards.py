"""Workbooks that no honest program writes: each is refused with a sentence, in little time and memory."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers.importing import xlsx_reader
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.headers import TooManyColumns
from classifiers.importing.kinds import WrongKind
from classifiers.importing.xlsx_package import TooLargeUnpacked, TooManyParts
from classifiers.importing.xlsx_xml import BrokenWorkbook, DoctypeFound
from tests.classifiers.importing import workbooks

SHEET = "xl/worksheets/sheet1.xml"
HELLO = workbooks.table(workbooks.text("A2", "hello"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.upload"


def _refuse(path: Path, problem: type[FileProblem]) -> str:
    with pytest.raises(problem) as caught:
        xlsx_reader.look(path)
    assert caught.value.sentence.endswith(".")
    return caught.value.sentence


def test_the_workbooks_of_these_tests_are_read_when_nothing_is_wrong(path: Path) -> None:
    assert xlsx_reader.look(workbooks.build(path, HELLO)).first_rows == (("hello", ""),)


@pytest.mark.slow
def test_more_than_200_mb_unpacked_are_refused_before_unpacking(path: Path) -> None:
    filling = workbooks.repeated(" " * 10_000, times=20_000)
    workbooks.build(path, HELLO, parts={"xl/media/image1.png": filling})

    assert "unpacks to 200 MB (limit 200 MB)" in _refuse(path, TooLargeUnpacked)


def test_more_than_1000_parts_are_refused(path: Path) -> None:
    workbooks.build(path, HELLO, parts={f"xl/media/image{number}.png": b"" for number in range(994)})

    assert "more than 1,000 parts" in _refuse(path, TooManyParts)


@pytest.mark.slow
def test_1000_parts_are_read(path: Path) -> None:
    workbooks.build(path, HELLO, parts={f"xl/media/image{number}.png": b"" for number in range(993)})

    assert xlsx_reader.look(path).row_count == 1


def test_a_part_that_says_it_is_smaller_than_it_is_is_not_unpacked(path: Path) -> None:
    workbooks.build(path, HELLO)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size_bytes = archive.getinfo(SHEET).file_size
    directory = content.rindex(b"PK\x01\x02", 0, content.rindex(SHEET.encode()))
    assert struct.unpack_from("<I", content, directory + 24) == (size_bytes,)

    path.write_bytes(content[: directory + 24] + struct.pack("<I", 60) + content[directory + 28 :])

    _refuse(path, BrokenWorkbook)


def test_encrypted_members_are_refused_with_what_to_do(path: Path) -> None:
    workbooks.build(path, HELLO)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)

    assert "save it as .xlsx or as CSV in UTF-8" in _refuse(path, WrongKind)


@pytest.mark.parametrize("flag", [0x20, 0x40], ids=["patches", "strong encryption"])
def test_features_of_zips_that_no_workbook_has_are_refused(path: Path, flag: int) -> None:
    content = bytearray(workbooks.build(path, HELLO).read_bytes())
    directory = content.rindex(b"PK\x01\x02", 0, content.rindex(SHEET.encode()))
    content[directory + 8] |= flag
    path.write_bytes(content)

    _refuse(path, BrokenWorkbook)


def test_a_compression_that_the_format_does_not_know_is_refused(path: Path) -> None:
    _refuse(workbooks.build(path, HELLO, compression=zipfile.ZIP_LZMA), BrokenWorkbook)


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("application/vnd.ms-excel.sheet.macroEnabled.main+xml", "an Excel workbook with macros"),
        ("application/vnd.ms-excel.sheet.binary.macroEnabled.main", "an Excel workbook in binary form"),
    ],
    ids=["macros", "binary"],
)
def test_a_workbook_of_another_kind_is_refused_with_what_to_do(path: Path, content_type: str, name: str) -> None:
    workbooks.build(path, HELLO, content_type=content_type)

    sentence = _refuse(path, WrongKind)

    assert name in sentence
    assert "save it as .xlsx or as CSV in UTF-8" in sentence


DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "part",
    [
        "[Content_Types].xml",
        "_rels/.rels",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/sharedStrings.xml",
        "xl/styles.xml",
        SHEET,
    ],
)
def test_a_doctype_is_refused_in_each_part_and_encoding(path: Path, part: str, encoding: str) -> None:
    with zipfile.ZipFile(workbooks.build(path, HELLO)) as archive:
        honest = archive.read(part).decode()

    # Behind a comment longer than any look at the part's start.
    content = f'<?xml version="1.0" encoding="{encoding}"?><!--{"x" * 100_000}-->{DOCTYPE}{honest}'
    workbooks.build(path, HELLO, parts={part: content.encode(encoding)})

    assert "DOCTYPE" in _refuse(path, DoctypeFound)


def test_parts_in_utf_16_are_read(path: Path) -> None:
    with zipfile.ZipFile(workbooks.build(path, HELLO)) as archive:
        honest = archive.read(SHEET).decode()
    workbooks.build(path, parts={SHEET: f'<?xml version="1.0" encoding="utf-16"?>{honest}'.encode("utf-16")})

    assert xlsx_reader.look(path).first_rows == (("hello", ""),)


TOO_WIDE = {
    "far cell": HELLO + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    "101 columns in the header": "<row>" + "<c><v>1</v></c>" * 101 + "</row>",
    "16,384 columns": "<row>" + "<c><v>1</v></c>" * 16_384 + "</row>",
    "101 columns in a row": HELLO + '<row r="3"><c r="CW3"><v>1</v></c></row>',
}


@pytest.mark.parametrize("rows", TOO_WIDE.values(), ids=TOO_WIDE.keys())
def test_a_value_beyond_column_100_is_refused(path: Path, rows: str) -> None:
    sentence = _refuse(workbooks.build(path, rows), TooManyColumns)

    assert "too many columns" in sentence
    assert "(limit 100 columns)" in sentence


def test_a_hundred_columns_and_a_blank_far_cell_are_read(path: Path) -> None:
    header = "".join(workbooks.text(f"{name}1", name) for name in _column_names(100))
    rows = f'<row r="1">{header}<c r="XFD1" s="1"/></row><row r="2"><c r="CV2"><v>5</v></c></row>'

    seen = xlsx_reader.look(workbooks.build(path, rows))

    assert (len(seen.header), seen.first_rows[0][99]) == (100, "5")


def _column_names(count: int) -> list[str]:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [*letters, *(first + second for first in letters for second in letters)][:count]


BROKEN = {
    "no XML": "<row",
    "an unknown kind of cell": workbooks.table('<c t="x"><v>1</v></c>'),
    "a shared text that is not there": workbooks.table('<c t="s"><v>5</v></c>'),
    "a shared text below none": workbooks.table('<c t="s"><v>-1</v></c>'),
    "a boolean that is none": workbooks.table('<c t="b"><v>2</v></c>'),
    "a style that is no number": workbooks.table('<c s="x"><v>2</v></c>'),
    "a row that is no number": '<row r="x"/>',
    "the same row twice": '<row r="2"/><row r="2"/>',
    "rows in disorder": '<row r="3"/><row r="2"/>',
    "a row below the last": '<row r="1048577"/>',
    "the same cell twice": '<row><c r="A1"/><c r="A1"/></row>',
    "a column behind the last": '<row><c r="XFE1"/></row>',
    "a column in small letters": '<row><c r="a1"/></row>',
    "a cell without a column": '<row><c r="1"/></row>',
    "elements in elements": "<a>" * 70 + "</a>" * 70,
    "a tag without end": f'<row x="{"x" * 2_000_000}"/>',
    "another encoding inside": '<?xml version="1.0" encoding="utf-7"?>',
}


@pytest.mark.parametrize("rows", BROKEN.values(), ids=BROKEN.keys())
def test_a_sheet_that_is_not_as_the_format_demands_is_refused(path: Path, rows: str) -> None:
    workbooks.build(path, rows)

    assert "The workbook is damaged or was cut off." in _refuse(path, BrokenWorkbook)


@pytest.mark.parametrize(
    "cut",
    [lambda content: content[:-400], lambda content: content[: len(content) // 2], lambda content: content[:50]],
    ids=["in the directory", "in the middle", "in the first part"],
)
def test_a_workbook_that_was_cut_off_is_refused(path: Path, cut: Callable[[bytes], bytes]) -> None:
    content = workbooks.build(path, HELLO).read_bytes()
    path.write_bytes(cut(content))

    _refuse(path, BrokenWorkbook)


def test_a_part_that_says_it_reaches_beyond_the_file_is_refused(path: Path) -> None:
    content = bytearray(workbooks.build(path, HELLO, compression=zipfile.ZIP_STORED).read_bytes())
    directory = content.rindex(b"PK\x01\x02", 0, content.rindex(SHEET.encode()))
    struct.pack_into("<II", content, directory + 20, 1_000_000, 1_000_000)
    path.write_bytes(content)

    _refuse(path, BrokenWorkbook)


def test_damage_that_only_the_checksum_shows_is_refused(path: Path) -> None:
    content = workbooks.build(path, HELLO, compression=zipfile.ZIP_STORED).read_bytes()
    path.write_bytes(content.replace(b"hello", b"hallo"))

    _refuse(path, BrokenWorkbook)


def test_damage_of_packed_bytes_is_refused(path: Path) -> None:
    content = bytearray(workbooks.build(path, HELLO * 50).read_bytes())
    start = content.index(SHEET.encode()) + len(SHEET)
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)

    _refuse(path, BrokenWorkbook)


@pytest.mark.parametrize("area", ["", 'ref=""', 'ref="1:2"'], ids=["none", "blank", "rows"])
def test_a_merged_area_that_is_none_is_refused(path: Path, area: str) -> None:
    _refuse(workbooks.build(path, HELLO, after=f"<mergeCells><mergeCell {area}/></mergeCells>"), BrokenWorkbook)


@pytest.mark.parametrize("part", ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", SHEET])
def test_a_zip_that_lacks_a_part_is_refused(path: Path, part: str) -> None:
    packed = path.with_suffix(".packed")
    with zipfile.ZipFile(workbooks.build(packed, HELLO)) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.infolist():
            if member.filename != part:
                new.writestr(member.filename, old.read(member))

    _refuse(path, BrokenWorkbook)
