"""The child process, started for real."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.classifiers.importing import workbooks
from tests.classifiers.importing.conftest import Write

ROOT = Path(__file__).resolve().parents[3]
SETTLED = ("--encoding", "utf-8", "--delimiter", ",", "--text-column", "0")

pytestmark = pytest.mark.slow


def _run(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    command = [sys.executable, "-m", "classifiers.importing.job", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.stdout.isascii()
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def _labels(folder: Path) -> str:
    path = folder / "labels.json"
    path.write_text(json.dumps([{"number": 0, "name": "Fine"}, {"number": 1, "name": "Spám"}]), encoding="utf-8")
    return str(path)


def test_look_prints_one_object(write_file: Write) -> None:
    expected = {
        "encoding": "utf-8",
        "certain": True,
        "encoding_note": "UTF-8.",
        "delimiter": ";",
        "header": ["text", "label"],
        "header_problems": [],
        "warnings": [],
        "first_rows": [["hällo", "0"]],
        "row_count": 1,
    }

    code, (message,) = _run("look", "--file", str(write_file("text;label\nhällo;0\n")))

    assert code == 0
    assert message | expected == message


def test_look_reads_with_the_encoding_and_delimiter_it_is_given(write_file: Write) -> None:
    path = write_file("text\tПривет\nhello\t0\n".encode("cp1251"))

    code, (message,) = _run("look", "--file", str(path), "--encoding", "cp1251", "--delimiter", "\t")

    assert (code, message["header"]) == (0, ["text", "Привет"])


def test_rows_prints_how_many_and_then_each_in_order(write_file: Write, tmp_path: Path) -> None:
    path = write_file("text,label\nhello 😀,0\nbuy, now,1\nwin,spám\nwhen?,\nwhy?,Spam\n ,1\n")

    code, messages = _run("rows", "--file", str(path), *SETTLED, "--label-column", "1", "--labels", _labels(tmp_path))

    assert code == 0
    assert messages == [
        {"total": 6},
        {"row": 2, "text": "hello 😀", "label": 0},
        {
            "row": 3,
            "refused": "The row has 3 cells, but the header has 2. Write a text that holds the delimiter or a line end "
            "between double quotes.",
            "excerpt": "buy | now | 1",
        },
        {"row": 4, "text": "win", "label": 1},
        {"row": 5, "text": "when?", "label": None},
        {
            "row": 6,
            "refused": "“Spam” is not a label. The nearest is “Spám”, number 1.",
            "excerpt": "why?",
        },
        {"row": 7, "refused": "The text is blank. It needs at least one character that can be seen.", "excerpt": "| 1"},
    ]


@pytest.mark.parametrize("kind", ["xlsx", "jsonl"])
def test_rows_need_no_encoding_where_the_kind_of_file_settles_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.upload"
    if kind == "xlsx":
        workbooks.save(path, ["text", "label"], ["hello", "Fine"])
    else:
        path.write_text('\n{"text": "hello", "label": "Fine"}\n', encoding="utf-8")

    code, messages = _run(
        "rows", "--file", str(path), "--text-column", "0", "--label-column", "1", "--labels", _labels(tmp_path)
    )

    assert (code, messages) == (0, [{"total": 1}, {"row": 2, "text": "hello", "label": 0}])


def test_rows_of_a_csv_file_need_an_encoding(write_file: Write) -> None:
    code, (message,) = _run("rows", "--file", str(write_file("text\nhello\n")), "--text-column", "0")

    assert (code, message["code"]) == (2, "not_settled")


def test_rows_follow_the_mapping(write_file: Write, tmp_path: Path) -> None:
    path = write_file("text,label\na,junk\nb,Fine\nc,?\nd,Fine \n")
    mapping = tmp_path / "mapping.json"
    entries = [{"cell": "junk", "label": 1}, {"cell": "?", "label": None}, {"cell": "Fine", "label": "refuse"}]
    mapping.write_text(json.dumps(entries), encoding="utf-8")

    labels = ("--label-column", "1", "--labels", _labels(tmp_path), "--mapping", str(mapping))
    code, messages = _run("rows", "--file", str(path), *SETTLED, *labels)

    reason = "Rows with “Fine” as their label are left out, as was chosen for this file."
    assert code == 0
    assert messages == [
        {"total": 4},
        {"row": 2, "text": "a", "label": 1},
        {"row": 3, "refused": reason, "excerpt": "b"},
        {"row": 4, "text": "c", "label": None},
        {"row": 5, "refused": reason, "excerpt": "d"},
    ]


def test_survey_prints_each_label_cell_once(write_file: Write, tmp_path: Path) -> None:
    path = write_file("text,label\na,0\nb,junk\nc,0\nd,\n ,spám\n")

    code, messages = _run("survey", "--file", str(path), *SETTLED, "--label-column", "1", "--labels", _labels(tmp_path))

    refused = "“junk” is not a label. The labels are: 0 Fine, 1 Spám."
    assert code == 0
    assert messages == [
        {
            "total": 5,
            "refused": 1,
            "cells": [
                {"cell": "0", "count": 2, "by": "number", "label": 0, "sentence": "", "nearest": None},
                {"cell": "junk", "count": 1, "by": "refused", "label": None, "sentence": refused, "nearest": None},
                {"cell": "", "count": 1, "by": "unlabelled", "label": None, "sentence": "", "nearest": None},
            ],
            "more": 0,
        }
    ]


def test_rows_without_a_label_column_have_no_label(write_file: Write) -> None:
    code, messages = _run("rows", "--file", str(write_file("text,label\nhello,0\n")), *SETTLED)

    assert (code, messages) == (0, [{"total": 1}, {"row": 2, "text": "hello", "label": None}])


@pytest.mark.parametrize("command", [("look",), ("rows", *SETTLED)], ids=["look", "rows"])
def test_a_file_that_is_refused_ends_in_its_sentence_and_code_2(write_file: Write, command: tuple[str, ...]) -> None:
    path = write_file('text,label\nok,0\n"never,0\n')

    code, (message,) = _run(*command, "--file", str(path))

    assert (code, message["code"]) == (2, "broken_quotes")
    assert message["error"].startswith("A quote opened in row 3 never closes.")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    code, (message,) = _run("look", "--file", str(tmp_path / "none"))

    assert (code, message["code"]) == (2, "unreadable")


def test_too_many_rows_are_refused(write_file: Write) -> None:
    code, (message,) = _run("look", "--file", str(write_file("text\na\nb\n")), "--limit-rows", "1")

    assert (code, message["code"]) == (2, "too_many_rows")


def test_the_memory_limit_ends_in_a_sentence(write_file: Write) -> None:
    path = write_file("text\n" + "".join('"' + "😀" * 1_900_000 + '"\n' for _ in range(3)))

    code, (message,) = _run("look", "--file", str(path), "--memory-limit-mb", "16")

    assert (code, message["code"]) == (2, "out_of_memory")
    assert "Split it and upload the parts." in message["error"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("look",),
        ("guess", "--file", "x"),
        ("look", "--file", "x", "--encoding", "bz2_codec"),
        ("rows", "--file", "x", "--encoding", "utf-8", "--delimiter", ","),
        ("rows", "--file", "x", *SETTLED, "--label-column", "1"),
        ("rows", "--file", "x", *SETTLED, "--labels", "x"),
        ("rows", "--file", "x", *SETTLED, "--mapping", "x"),
        ("survey", "--file", "x", *SETTLED),
        ("survey", "--file", "x", *SETTLED, "--label-column", "1"),
        ("look", "--file", "x", "--name", "x"),
    ],
    ids=[
        "no file",
        "no such command",
        "encoding",
        "no text column",
        "no labels",
        "no label column",
        "mapping without labels",
        "survey of no column",
        "survey without labels",
        "no such option",
    ],
)
def test_wrong_arguments_end_in_code_64(arguments: tuple[str, ...]) -> None:
    assert _run(*arguments) == (64, [])


def test_the_child_never_loads_django() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "classifiers.importing.job", "--help"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)

    assert "classifiers.importing.csv_reader" in done.stderr
    assert "django" not in done.stderr
