"""Which headers can't be used."""

from __future__ import annotations

import pytest

from classifiers.importing.headers import (
    MAX_COLUMNS,
    BadHeader,
    TooManyColumns,
    find_problems,
    find_values,
    read_header,
)

PROBLEMS = {
    "none": (["text", "label"], ()),
    "blank": (["text", "", "\u200b"], ("Column 2 has no name.", "Column 3 has no name.")),
    "twice": (["a", "b", "a"], ("Columns 1 and 3 are both named “a”.",)),
    "three times": (["a", "a", "a"], ("Columns 1, 2 and 3 are all named “a”.",)),
    "case": (["Text", "text"], ("Columns 1 and 2 have names that differ in case only: “Text”, “text”.",)),
}


@pytest.mark.parametrize(("header", "problems"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_header_has_these_problems(header: list[str], problems: tuple[str, ...]) -> None:
    assert find_problems(header) == problems


def test_names_are_trimmed_composed_and_made_fit_for_a_screen() -> None:
    assert read_header([" te\u0301xt ", "a\0b", "x" * 200]) == ("téxt", "a\\x00b", "x" * 99 + "…")


def test_a_hundred_columns_are_read_and_one_more_is_too_many() -> None:
    assert len(read_header(["x"] * MAX_COLUMNS)) == MAX_COLUMNS

    with pytest.raises(TooManyColumns, match=r"too many columns: 101 \(limit 100\)"):
        read_header(["x"] * (MAX_COLUMNS + 1))


@pytest.mark.parametrize("name", ["5", "-1.5", "3,14", "x" * 100], ids=["number", "negative", "comma", "long text"])
def test_a_name_that_looks_like_a_value_is_warned_of(name: str) -> None:
    (warning,) = find_values(["text", name])

    assert "looks like a value" in warning


def test_names_are_not_warned_of() -> None:
    assert find_values(["text", "label 2", "2nd"]) == ()


def test_the_error_names_the_columns() -> None:
    error = BadHeader(["Column 2 has no name."])

    assert error.sentence == "The header can't be used. Column 2 has no name."
