"""JSON as the standard has it, and nothing that could hurt the server."""

from __future__ import annotations

import json

import pytest

from moderation import strict_json
from moderation.strict_json import MISSING, BadJson


@pytest.mark.parametrize(
    "value",
    [
        {"text": "Grüße 🦆", "n": [1, -2.5, 1e3, True, False, None]},
        [],
        "",
        0,
        {"a": "[[[{{{", "b": '\\"[', "c": "]"},
        {"": {"": ""}},
    ],
)
def test_good_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    assert strict_json.parse(json.dumps(value).encode()) == value
    assert strict_json.parse(json.dumps(value, ensure_ascii=False, indent=2).encode()) == value


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b" \n", "malformed_json"),
        (b"{", "malformed_json"),
        (b"{} {}", "malformed_json"),
        (b"\xef\xbb\xbf{}", "malformed_json"),
        (b'"\xff"', "malformed_json"),
        (b"[NaN]", "bad_number"),
        (b"[-Infinity]", "bad_number"),
        (b"[1e400]", "bad_number"),
        (b"[" + b"1" * 31 + b"]", "bad_number"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'[{"b": {"a": 1, "a": 2}}]', "duplicate_key"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "too_deep"),
        (b"[" * 33, "too_deep"),
    ],
)
def test_bad_json_is_refused_with_a_code_and_a_sentence(body: bytes, code: str) -> None:
    with pytest.raises(BadJson) as caught:
        strict_json.parse(body)

    assert caught.value.code == code
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 32 + b"]" * 32,
        b"[" + b"[]," * 40 + b"[]]",
        b'[{"a": [{}]}, "[", {"a": {}}]' + b" " * 40,
        b"[" + b"1" * 30 + b"]",
        b"[-" + b"1" * 30 + b"]",
        b'[{"a": 1}, {"a": 1}]',
    ],
)
def test_what_just_keeps_the_limits_is_read(body: bytes) -> None:
    assert isinstance(strict_json.parse(body), list)


def test_the_limits_are_the_caller_s_to_set() -> None:
    with pytest.raises(BadJson, match="more than 2 levels"):
        strict_json.parse(b"[[[]]]", max_depth=2)
    with pytest.raises(BadJson, match="more than 3 digits"):
        strict_json.parse(b"1234", max_int_digits=3)


def test_the_place_of_a_fault_is_named() -> None:
    with pytest.raises(BadJson, match="line 2, column 3"):
        strict_json.parse(b'{"a": 1,\n  x}')


def test_a_byte_order_mark_is_told_from_other_faults() -> None:
    with pytest.raises(BadJson, match="byte order mark"):
        strict_json.parse(b"\xef\xbb\xbf{}")


def test_a_long_or_broken_key_is_named_in_part() -> None:
    key = "k" * 100
    with pytest.raises(BadJson) as long:
        strict_json.parse(f'{{"{key}": 1, "{key}": 2}}'.encode())
    with pytest.raises(BadJson) as broken:
        strict_json.parse(b'{"\\ud800": 1, "\\ud800": 2}')

    assert "k" * 40 in long.value.message
    assert "k" * 41 not in long.value.message
    assert broken.value.message.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (MISSING, "required"),
        (None, "null"),
        (5, "not_a_string"),
        (True, "not_a_string"),
        (["text"], "not_a_string"),
        (b"text", "not_a_string"),
        ("x" * 11, "too_long"),
        ("a\0b", "nul_character"),
        ("a\ud800", "lone_surrogate"),
        ("", "blank"),
        (" \t\n\u3000", "blank"),
        ("\u200b\u2060\ufeff", "blank"),
    ],
)
def test_a_bad_text_has_a_problem(value: object, code: str) -> None:
    problem = strict_json.text_problem(value, max_chars=10)

    assert problem is not None
    assert problem.code == code
    assert problem.message.endswith(".")


@pytest.mark.parametrize("value", ["x" * 10, "🦆" * 10, ".", "\u0301", "👍", " a "])
def test_a_good_text_has_none(value: str) -> None:
    assert strict_json.text_problem(value, max_chars=10) is None
