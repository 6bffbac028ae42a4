"""Fields are read as they are, never coerced, and every problem names its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from moderation import api_fields
from moderation.api_exceptions import Refused
from moderation.parsers import StrictJsonParser


def _request(body: bytes) -> Request:
    plain = APIRequestFactory().generic("POST", "/", body, content_type="application/json")
    return Request(plain, parsers=[StrictJsonParser()])


def _issue(call: Callable[[], Any]) -> tuple[str | None, str | None]:
    with pytest.raises(Refused) as caught:
        call()
    [issue] = caught.value.issues
    assert caught.value.status == 400
    return issue.field, issue.code


def test_an_object_is_read() -> None:
    assert api_fields.read_object(_request(b'{"a": 1}')) == {"a": 1}


def test_an_empty_object_is_an_object() -> None:
    assert api_fields.read_object(_request(b"{}")) == {}


def test_no_body_is_no_object() -> None:
    assert _issue(lambda: api_fields.read_object(_request(b""))) == (None, "malformed_json")


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"1", b"null"])
def test_another_value_is_no_object(body: bytes) -> None:
    assert _issue(lambda: api_fields.read_object(_request(body))) == (None, "not_an_object")


def test_what_is_no_json_is_a_parse_error() -> None:
    with pytest.raises(ParseError):
        api_fields.read_object(_request(b"{"))


def test_unknown_fields_are_named_with_the_known_ones() -> None:
    with pytest.raises(Refused) as caught:
        api_fields.refuse_unknown({"b": 1, "text": 1, "a": 1}, known=("text", "texts"))

    assert [issue.field for issue in caught.value.issues] == ["a", "b"]
    assert caught.value.issues[0].message == "There is no such field; there are text, texts."


def test_known_fields_pass() -> None:
    api_fields.refuse_unknown({"text": 1}, known=("text", "texts"))


def test_not_every_one_of_many_unknown_fields_is_named() -> None:
    with pytest.raises(Refused) as caught:
        api_fields.refuse_unknown({f"field {number}": 1 for number in range(1_000)}, known=())

    assert len(caught.value.issues) == 20


def test_a_text_is_returned_as_it_came() -> None:
    assert api_fields.read_text({"text": " e\u0301 "}, "text") == " e\u0301 "


@pytest.mark.parametrize(
    ("data", "code"),
    [({}, "required"), ({"text": None}, "null"), ({"text": 5}, "not_a_string"), ({"text": ""}, "blank")],
)
def test_a_bad_text_is_named(data: dict[str, object], code: str) -> None:
    assert _issue(lambda: api_fields.read_text(data, "text")) == ("text", code)


@pytest.mark.parametrize("data", [{}, {"name": None}, {"name": ""}])
def test_an_optional_text_may_be_missing(data: dict[str, object]) -> None:
    assert api_fields.read_optional_text(data, "name", max_chars=3) == ""


def test_an_optional_text_that_is_there_is_checked() -> None:
    assert api_fields.read_optional_text({"name": "abc"}, "name", max_chars=3) == "abc"
    assert _issue(lambda: api_fields.read_optional_text({"name": "abcd"}, "name", max_chars=3)) == ("name", "too_long")
    assert _issue(lambda: api_fields.read_optional_text({"name": 0}, "name", max_chars=3)) == ("name", "not_a_string")


@pytest.mark.parametrize(("data", "expected"), [({}, False), ({"flag": None}, False), ({"flag": True}, True)])
def test_a_flag_is_read(data: dict[str, object], expected: bool) -> None:
    assert api_fields.read_flag(data, "flag") is expected


@pytest.mark.parametrize("value", [0, 1, "true", "", []])
def test_what_only_resembles_a_flag_is_refused(value: object) -> None:
    assert _issue(lambda: api_fields.read_flag({"flag": value}, "flag")) == ("flag", "not_a_boolean")


@pytest.mark.parametrize("value", [{}, {"a": [1, {"b": "c"}]}])
def test_a_mapping_is_read(value: dict[str, object]) -> None:
    assert api_fields.read_mapping({"metadata": value}, "metadata") == value


@pytest.mark.parametrize("value", [[], "a", 0, False])
def test_another_value_is_no_mapping(value: object) -> None:
    assert _issue(lambda: api_fields.read_mapping({"m": value}, "m")) == ("m", "not_an_object")


@pytest.mark.parametrize("value", [{"a": "b\0"}, {"a\0": 1}, {"a": [{"b": ["\ud800"]}]}, {"\udc00": 1}])
def test_characters_that_postgresql_cannot_store_are_refused_at_any_depth(value: dict[str, object]) -> None:
    assert _issue(lambda: api_fields.read_mapping({"m": value}, "m")) == ("m", "bad_character")
