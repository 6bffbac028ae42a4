"""JSON objects, one a line, read for real."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

from classifiers.importing import jsonl_reader
from classifiers.importing.csv_records import RowTooLong
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.headers import BadHeader, TooManyColumns
from classifiers.importing.jsonl_reader import NoObjects
from classifiers.importing.jsonl_records import NotUtf8
from classifiers.importing.rows import NoSuchColumn, Refused, Row, TooManyRows
from tests.classifiers.importing.conftest import Write


def _read(path: Path, **choices: Any) -> list[Row | Refused]:
    """Read the file, text in the first column and the label in the second."""
    return list(jsonl_reader.read_rows(path, **{"text_column": 0, "label_column": 1} | choices))


def _lines(*objects: Any) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in objects)


LINES = '{"text": "hällo", "label": 0}\n{"text": "win", "label": "Spam"}\n'
TAKEN = {
    "lines": LINES,
    "lines with a byte order mark": codecs.BOM_UTF8 + LINES.encode(),
    "lines that end as on Windows": LINES.replace("\n", "\r\n"),
    "lines that end as on old Macintoshes": LINES.replace("\n", "\r"),
    "no line end at the end": LINES.rstrip(),
    "white space around": LINES.replace("\n", " \n").replace("{", "\t{ "),
    "escapes": LINES.replace("ä", "\\u00e4"),
}


@pytest.mark.parametrize("content", TAKEN.values(), ids=TAKEN.keys())
def test_the_same_rows_come_out_however_the_lines_are_written(write_file: Write, content: str | bytes) -> None:
    assert _read(write_file(content)) == [Row(1, "hällo", "0"), Row(2, "win", "Spam")]


def test_a_preview_tells_all_that_the_screen_needs(write_file: Write) -> None:
    path = write_file(_lines(*[{"text": f"row {number}", "label": True} for number in range(1, 31)]))

    seen = jsonl_reader.look(path)

    assert (seen.kind, seen.encoding, seen.certain, seen.delimiter) == ("jsonl", "", True, "")
    assert (seen.header, seen.header_problems, seen.warnings) == (("text", "label"), (), ())
    assert (len(seen.first_rows), seen.row_count) == (20, 30)
    assert seen.first_rows[0] == ("row 1", "true")


def test_a_preview_shows_what_cannot_be_read_as_it_stands_and_counts_it(write_file: Write) -> None:
    seen = jsonl_reader.look(write_file('{"text": ["a"], "more": {"b": 1}}\n{"text": \n{"text": "ok"}\n'))

    assert seen.first_rows == (("[…]", "{…}"), ('{"text":',), ("ok", ""))
    assert seen.warnings == ("Rows that hold no object that can be read will be refused: 1, the first is row 2.",)


def test_lines_are_numbered_as_in_the_file_blank_ones_included(write_file: Write) -> None:
    path = write_file('\n{"text": "first"}\n \n\n{"text": "second"}\n')

    assert [row.number for row in _read(path, label_column=None)] == [2, 5]


VALUES = {
    "text": ('"  hello "', "hello"),
    "whole number": ("5", "5"),
    "fraction as it is written": ("1.10", "1.10"),
    "power of ten": ("1e3", "1e3"),
    "5,000 digits": ("9" * 5_000, "9" * 5_000),
    "true": ("true", "true"),
    "false": ("false", "false"),
    "pair of surrogates": (r'"\ud83d\ude00"', "😀"),
    "line end": (r'"a\r\nb"', "a\nb"),
}


@pytest.mark.parametrize(("value", "text"), VALUES.values(), ids=VALUES.keys())
def test_a_plain_value_becomes_a_text(write_file: Write, value: str, text: str) -> None:
    assert _read(write_file(f'{{"text": {value}}}\n'), label_column=None) == [Row(1, text, None)]


def test_null_and_a_missing_key_are_blank(write_file: Write) -> None:
    path = write_file(_lines({"text": "one", "label": None}, {"text": "two"}, {"label": 1}))

    one, two, three = _read(path)

    assert (one, two) == (Row(1, "one", ""), Row(2, "two", ""))
    assert isinstance(three, Refused)
    assert three.reason.startswith("The text is blank.")


LINES_REFUSED = {
    "list as a value": ('{"text": ["a"]}', "The value of “text” is a list. Write a text or a number."),
    "object as a value": ('{"text": {"a": 1}}', "The value of “text” is an object. Write a text or a number."),
    "blank text": ('{"text": " "}', "The text is blank."),
    "NUL": (r'{"text": "a\u0000b"}', "The text holds the NUL character, as its character 2."),
    "half of a surrogate pair": (r'{"text": "a\ud83d"}', "The text holds half of a surrogate pair"),
    "text too long": ('{"text": "' + "a" * 100_001 + '"}', "100,001 characters long; the limit is 100,000"),
    "cell too long": (
        '{"text": "a", "more": "' + "b" * 131_073 + '"}',
        "131,073 characters long; the limit is 131,072",
    ),
    "NaN": ('{"text": NaN}', "The object holds NaN, which isn't JSON. Write null, or a text in quotes."),
    "infinity": ('{"text": "a", "score": -Infinity}', "The object holds -Infinity, which isn't JSON."),
    "key twice": ('{"text": "a", "text": "b"}', "The key “text” stands twice in the object. Keep one."),
    "key twice, deeper": ('{"text": "a", "more": {"b": 1, "b": 2}}', "The key “b” stands twice in the object."),
    "cut off": ('{"text": "a', "This isn't JSON: unterminated string starting at (character 10). Correct it."),
    "no comma": ('{"text": "a" "label": 1}', "This isn't JSON: expecting ',' delimiter (character 14). Correct it."),
    "tab in a text": ('{"text": "a\tb"}', "This isn't JSON: invalid control character at (character 12)."),
    "two objects": ('{"text": "a"} {"text": "b"}', "Something follows the object, at character 14."),
    "a list": ('["text", "a"]', "This is a list, not an object such as"),
    "a text": ('"text"', "This is a text, not an object such as"),
    "a number": ("5", "This is a number, not an object such as"),
    "null": ("null", "This is null, not an object such as"),
    "no JSON": ("hello", "This isn't JSON: expecting value (character 1). Correct it."),
    "lists without end": ('{"text": ' + "[" * 100_000, "The object holds lists in lists without end. Correct it."),
}


@pytest.mark.parametrize(("line", "reason"), LINES_REFUSED.values(), ids=LINES_REFUSED.keys())
def test_a_bad_line_is_refused_and_the_others_are_taken(write_file: Write, line: str, reason: str) -> None:
    path = write_file(f'{{"text": "first"}}\n{line}\n{{"text": "last"}}\n')

    first, refused, last = _read(path, label_column=None)

    assert (first, last) == (Row(1, "first", None), Row(3, "last", None))
    assert isinstance(refused, Refused)
    assert refused.number == 2
    assert reason in refused.reason
    assert refused.reason.endswith(".")


def test_a_line_of_damaged_bytes_is_refused_with_the_byte_and_its_offset(write_file: Write) -> None:
    content = codecs.BOM_UTF8 + '{"text": "ü"}\n'.encode() + b'{"text": "sch\xf6n"}\n{"text": "ok"}\n'

    _, damaged, last = _read(write_file(content), label_column=None)

    reason = f"The byte 0xF6 at offset {content.index(0xF6)} of the file is not UTF-8. Correct it."
    assert damaged == Refused(2, reason, '{"text": "sch\\xf6n"}')
    assert last == Row(3, "ok", None)


FILES_REFUSED: dict[str, tuple[str | bytes, type[FileProblem], str]] = {
    "UTF-16": (LINES.encode("utf-16"), NotUtf8, "The file looks like JSON in UTF-16. Save it as UTF-8."),
    "no object at all": ('{"text": \n"a"}\n', NoObjects, "There is no object in the file that can be read."),
    "empty objects": ("{}\n{}\n", NoObjects, "There is no object in the file that can be read."),
    "an empty list": ("[]", NoObjects, "There is no object in the file that can be read."),
    "101 keys": (_lines({f"k{number}": 1 for number in range(101)}), TooManyColumns, "101 (limit 100)"),
    "a line of two million characters": ('{"text": "' + "a" * 2_000_000, RowTooLong, "Line 1 is longer than 2,000,000"),
}


@pytest.mark.parametrize(("content", "problem", "sentence"), FILES_REFUSED.values(), ids=FILES_REFUSED.keys())
def test_a_file_is_refused_as_a_whole(
    write_file: Write, content: str | bytes, problem: type[FileProblem], sentence: str
) -> None:
    with pytest.raises(problem) as caught:
        jsonl_reader.look(write_file(content))

    assert sentence in caught.value.sentence
    assert caught.value.sentence.endswith(".")


def test_the_columns_are_the_keys_of_the_first_100_objects_in_order(write_file: Write) -> None:
    objects: list[dict[str, Any]] = [{"text": "a"}, {"label": 1, "text": "b"}, *[{"text": "c"}] * 97, {"id": 7}]

    seen = jsonl_reader.look(write_file(_lines(*objects)))

    assert seen.header == ("text", "label", "id")


def test_keys_that_come_up_later_are_ignored_and_counted(write_file: Write) -> None:
    objects: list[dict[str, Any]] = [{"text": "a"}] * 100 + [{"text": "b", "note": 1}, {"other": 2, "text": "c"}]
    path = write_file(_lines(*objects))

    assert jsonl_reader.look(path).warnings == (
        "Objects with keys that none of the first 100 has: 2, the first is row 101. Those keys aren't read.",
    )
    assert _read(path, label_column=None)[100:] == [Row(101, "b", None), Row(102, "c", None)]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (["text", "Text"], "Columns 1 and 2 have names that differ in case only: “text”, “Text”."),
        (["text", "text "], "Columns 1 and 2 are both named “text”."),
        (["text", ""], "Column 2 has no name."),
    ],
    ids=["case", "white space", "blank"],
)
def test_keys_that_cannot_be_told_apart_are_shown_in_the_preview_and_cannot_be_read(
    write_file: Write, keys: list[str], problem: str
) -> None:
    path = write_file(_lines(dict.fromkeys(keys, "hello")))

    assert jsonl_reader.look(path).header_problems == (problem,)
    with pytest.raises(BadHeader, match=problem):
        _read(path)


def test_nested_values_do_no_harm_in_columns_that_are_not_chosen(write_file: Write) -> None:
    path = write_file(_lines({"text": "a", "label": 1, "spans": [[0, 1]], "meta": {"source": "web"}}))

    assert _read(path) == [Row(1, "a", "1")]


def test_as_many_objects_as_the_limit_are_read_and_one_more_is_too_many(write_file: Write) -> None:
    path = write_file(LINES)

    assert jsonl_reader.look(path, limit_rows=2).row_count == 2
    with pytest.raises(TooManyRows, match="more than 1 rows"):
        jsonl_reader.look(path, limit_rows=1)


@pytest.mark.parametrize("columns", [(2, None), (0, 2), (1, 1)], ids=["text", "label", "twice"])
def test_a_column_that_does_not_fit_is_refused(write_file: Write, columns: tuple[int, int | None]) -> None:
    with pytest.raises(NoSuchColumn):
        _read(write_file(LINES), text_column=columns[0], label_column=columns[1])
