"""Which character parts the cells."""

from __future__ import annotations

import pytest

from classifiers.importing.delimiters import UnknownDelimiter, detect_delimiter, require_known
from tests.classifiers.importing.conftest import Write

DETECTED = {
    "comma": ("text,label\nhello; you,0\n", ","),
    "semicolon": ("text;label\nhello, you, there;0\nfine, then;1\n", ";"),
    "tab": ("text\tlabel\nhello, you\t0\n", "\t"),
    "vertical bar": ("text|label\nhello, you|0\n", "|"),
    "quoted delimiters": ('text;label\n"a;b;c";0\n"a;b";1\n', ";"),
    "quoted line ends": ('text\tlabel\n"one\ntwo, three"\t0\n', "\t"),
    "decimal commas": ("text;price\nlamp;1,50\nchair;2,50\n", ";"),
    "more columns win": ("a,b;c,d\n1,2;3,4\n", ","),
    "empty": ("", ","),
}


@pytest.mark.parametrize(("content", "delimiter"), DETECTED.values(), ids=DETECTED.keys())
def test_the_delimiter_is_detected(write_file: Write, content: str, delimiter: str) -> None:
    assert detect_delimiter(write_file(content), encoding="utf-8") == delimiter


def test_a_column_of_texts_with_commas_is_not_torn_apart(write_file: Write) -> None:
    path = write_file("text\nhello, you\nfine, then, today\n")

    assert detect_delimiter(path, encoding="utf-8") != ","


@pytest.mark.parametrize("end", ['"\n', ""], ids=["closed", "never closed"])
def test_a_cell_longer_than_csv_takes_by_default_does_no_harm(write_file: Write, end: str) -> None:
    path = write_file('text;label\n"' + ("x" * 60_000 + "\n") * 3 + end)

    assert detect_delimiter(path, encoding="utf-8") == ";"


@pytest.mark.parametrize("delimiter", [":", "", ",,", "\n"], ids=["colon", "none", "two", "line end"])
def test_other_delimiters_are_refused(delimiter: str) -> None:
    with pytest.raises(UnknownDelimiter, match="a comma, a semicolon, a tab or a vertical bar"):
        require_known(delimiter)
