"""JSON objects that all stand in one list."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from classifiers.importing import jsonl_reader
from classifiers.importing.csv_records import RowTooLong
from classifiers.importing.jsonl_records import BrokenList
from classifiers.importing.rows import Refused, Row
from tests.classifiers.importing.conftest import Write


def _read(path: Path, *, label_column: int | None = None) -> list[Row | Refused]:
    return list(jsonl_reader.read_rows(path, text_column=0, label_column=label_column))


LIST = '[{"text": "hällo", "label": 0}, {"text": "win", "label": "Spam"}]'
LISTS = {
    "compact": LIST,
    "byte order mark": codecs.BOM_UTF8 + LIST.encode(),
    "pretty": json.dumps(json.loads(LIST), indent=4),
    "white space around": f"\n {LIST} \n\n",
    "an object a line": LIST.replace(", {", ",\n{"),
}


@pytest.mark.parametrize("content", LISTS.values(), ids=LISTS.keys())
def test_the_objects_of_a_list_are_rows_numbered_by_their_place(write_file: Write, content: str | bytes) -> None:
    assert _read(write_file(content), label_column=1) == [Row(1, "hällo", "0"), Row(2, "win", "Spam")]


def test_an_object_of_damaged_bytes_in_a_list_is_refused_with_the_byte_and_its_offset(write_file: Write) -> None:
    objects = ",".join(f'{{"text": "ü {number}"}}' for number in range(5_000))
    content = f"[{objects},".encode() + b'{"text": "sch\xf6n"}, {"text": "ok"}]'

    *_, damaged, last = _read(write_file(content))

    reason = f"The byte 0xF6 at offset {content.index(0xF6):,} of the file is not UTF-8. Correct it."
    assert damaged == Refused(5_001, reason, '{"text": "sch\\xf6n"}')
    assert last == Row(5_002, "ok", None)


def test_what_is_no_object_in_a_list_is_refused_and_the_others_are_taken(write_file: Write) -> None:
    path = write_file('[{"text": "first"}, 5, {"text": NaN}, {"text": "a", "text": "b"}, {"text": "last"}]')

    rows = _read(path)

    assert [row.number for row in rows if isinstance(row, Refused)] == [2, 3, 4]
    assert [row.text for row in rows if isinstance(row, Row)] == ["first", "last"]


@pytest.mark.parametrize("chars", [65_530, 65_536, 200_000])
def test_an_object_is_found_wherever_a_piece_of_the_file_ends(write_file: Write, chars: int) -> None:
    content = json.dumps([{"text": "first", "more": ["x" * chars]}, {"text": 12}, {"text": "last"}])

    assert [row.text for row in _read(write_file(content)) if isinstance(row, Row)] == [
        "first",
        "12",
        "last",
    ]


def test_a_number_is_whole_wherever_a_piece_of_the_file_ends(write_file: Write) -> None:
    path = write_file('[{"text": "first"}' + ", 1234567" * 10_000 + "]")

    assert jsonl_reader.look(path).row_count == 10_001


LISTS_REFUSED = {
    "cut off between objects": ('[{"text": "a"}', "at object 1: there the file ends"),
    "cut off in an object": ('[{"text": "a"}, {"text": "b', "at object 2: This isn't JSON: unterminated string"),
    "cut off behind a comma": ('[{"text": "a"},', "at object 2: This isn't JSON: expecting value"),
    "no comma": ('[{"text": "a"} {"text": "b"}]', "at object 1: there is no “,” behind it"),
    "a comma too many": ('[{"text": "a"},]', "at object 2: This isn't JSON: expecting value"),
    "something behind it": ('[{"text": "a"}] {}', "at object 1: something follows the list's end"),
    "lists without end": ('[{"text": "a"}, ' + "[" * 100_000, "at object 2: The object holds lists in lists"),
}


@pytest.mark.parametrize(("content", "sentence"), LISTS_REFUSED.values(), ids=LISTS_REFUSED.keys())
def test_a_broken_list_is_refused_before_its_first_row_is_given(write_file: Write, content: str, sentence: str) -> None:
    with pytest.raises(BrokenList) as caught:
        jsonl_reader.read_rows(write_file(content), text_column=0, label_column=None)

    assert f"The list of objects can't be read on {sentence}" in caught.value.sentence
    assert caught.value.sentence.endswith(".")


def test_an_object_that_is_too_long_is_refused(write_file: Write) -> None:
    path = write_file('[{"text": "a"}, {"text": "' + "a" * 2_000_000 + '"}]')

    with pytest.raises(RowTooLong, match="Object 2 is longer than 2,000,000 characters"):
        jsonl_reader.look(path)


def test_an_object_that_is_far_longer_is_not_read_to_its_end(write_file: Write) -> None:
    path = write_file('[{"text": "a"}, {"text": "' + "a" * 5_000_000 + '"}]')

    with pytest.raises(BrokenList, match=r"at object 2: .*, or it's longer than 2,000,000 characters"):
        jsonl_reader.look(path)
