"""Small workbooks that unpack to a lot: each ends in little time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers.importing import xlsx_reader
from classifiers.importing.csv_records import RowTooLong
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.xlsx_merges import TooManyMerges
from classifiers.importing.xlsx_package import TooLargeUnpacked
from classifiers.importing.xlsx_strings import TooManyStrings
from classifiers.importing.xlsx_xml import BrokenWorkbook
from tests.classifiers.importing import workbooks

ROOT = Path(__file__).resolve().parents[3]
SHEET = "xl/worksheets/sheet1.xml"
HELLO = workbooks.table(workbooks.text("A2", "hello"))
OPEN_SHEET = f'<worksheet xmlns="{workbooks.MAIN}"><sheetData>'
OPEN_STRINGS = f'<sst xmlns="{workbooks.MAIN}">'
CLOSE_SHEET = "</sheetData></worksheet>"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.upload"


def test_a_row_that_says_more_than_it_takes_is_refused(path: Path) -> None:
    row = "<row>" + '<c t="s"><v>0</v></c>' * 20 + "</row>"
    workbooks.build(path, HELLO + row, strings=[f"<t>{'a' * 131_000}</t>"])

    with pytest.raises(RowTooLong, match="Row 3 is longer than 2,000,000 characters"):
        xlsx_reader.look(path)


@pytest.mark.slow
def test_rows_that_share_a_long_text_are_refused_when_they_say_too_much(path: Path) -> None:
    rows = '<row><c t="s"><v>0</v></c></row>' * 2_000
    workbooks.build(path, HELLO + rows, strings=[f"<t>{'a' * 131_000}</t>"])

    with pytest.raises(TooLargeUnpacked, match="hold more than 200,000,000 characters"):
        xlsx_reader.look(path)


BOMBS: dict[str, tuple[str, Callable[[], object], type[FileProblem] | None]] = {
    "one text of 190 million letters": (
        "xl/sharedStrings.xml",
        lambda: workbooks.repeated("a", times=190_000_000, before=f"{OPEN_STRINGS}<si><t>", after="</t></si></sst>"),
        None,
    ),
    "38 million texts": (
        "xl/sharedStrings.xml",
        lambda: workbooks.repeated("<si/>", times=38_000_000, before=OPEN_STRINGS, after="</sst>"),
        TooManyStrings,
    ),
    "a comment of 190 million letters": (
        SHEET,
        lambda: workbooks.repeated("a", times=190_000_000, before=f"{OPEN_SHEET}<!--", after=f"-->{CLOSE_SHEET}"),
        BrokenWorkbook,
    ),
    "38 million cells in a row": (
        SHEET,
        lambda: workbooks.repeated("<c/>", times=38_000_000, before=f"{OPEN_SHEET}<row>", after=f"</row>{CLOSE_SHEET}"),
        BrokenWorkbook,
    ),
    "27 million rows": (
        SHEET,
        lambda: workbooks.repeated("<row/>", times=27_000_000, before=OPEN_SHEET, after=CLOSE_SHEET),
        BrokenWorkbook,
    ),
    "60 million levels": (
        SHEET,
        lambda: workbooks.repeated("<a>", times=60_000_000, before=OPEN_SHEET),
        BrokenWorkbook,
    ),
    "6 million merged areas": (
        SHEET,
        lambda: workbooks.repeated(
            '<mergeCell ref="A1:B2"/>', times=6_000_000, before=f"{OPEN_SHEET}{HELLO}</sheetData>", after="</worksheet>"
        ),
        TooManyMerges,
    ),
    "9 million sheets": (
        "xl/workbook.xml",
        lambda: workbooks.repeated("<sheet name='x'/>", times=9_000_000, before=f"<x xmlns='{workbooks.MAIN}'>"),
        BrokenWorkbook,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("part", "filling", "problem"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_ends_in_a_sentence_within_50_mb(
    path: Path, part: str, filling: Callable[[], workbooks.Content], problem: type[FileProblem] | None
) -> None:
    workbooks.build(path, HELLO, parts={part: filling()})
    assert path.stat().st_size < 2_000_000

    # A child that reads nothing takes ten of them.
    command = [
        sys.executable,
        "-m",
        "classifiers.importing.job",
        "look",
        "--memory-limit-mb",
        "60",
        "--file",
        str(path),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)

    assert json.loads(done.stdout).get("code") == (problem and problem.code)
