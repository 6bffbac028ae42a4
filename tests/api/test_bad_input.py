"""What the real server says to bad keys, bad JSON and bad texts."""

from __future__ import annotations

import json

import pytest

from tests.api.caller import CANARY, GOOD, JSON, Caller
from tests.api.shop import FOREIGN, TRAINED

pytestmark = [pytest.mark.server, pytest.mark.slow]

MEGABYTE = 1_000_000


def test_a_good_request_is_answered(caller: Caller) -> None:
    answer = caller.post(GOOD)

    assert (answer.status, answer.body["original"]) == (200, f"Hello {CANARY}")
    assert set(answer.body[TRAINED]["label_scores"]) == {"Payment", "Greeting"}


# --- A1: no key, or one that opens nothing -------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/moderate/text", f"/v1/classifiers/{TRAINED}/predict"])
@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer hr_",
        "Bearer hr_" + "A" * 43,
        "Bearer hr_" + "A" * 5_000,
        "Basic {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer x{key}",
        "Bearer {key} {key}",
        "Bearer {revoked}",
        "Bearer {expired}",
        "Bearer {switched_off}",
        "Bearer hr_\xfc\xe9",
    ],
    ids=lambda value: value[:20] or "empty",
)
def test_every_bad_key_gets_the_same_answer(caller: Caller, path: str, authorization: str) -> None:
    without = caller.post(GOOD, path=path, key="")
    header = authorization.format(**vars(caller.shop)).encode("latin-1").decode("latin-1")

    answer = caller.post(GOOD, path=path, key="", headers=JSON | {"Authorization": header})

    assert (answer.status, answer.body["code"]) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="houserules"'
    assert answer.body == without.body


# --- A2 and A3: a key that may not ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", [FOREIGN, "no-such-classifier", "email", "%00", "%FF", "..", "%F0%9F%A6%86", "a" * 900])
def test_what_the_project_does_not_run_is_not_found(caller: Caller, key: str) -> None:
    predicted = caller.post(b'{"text": "Hello"}', path=f"/api/v1/classifiers/{key}/predict")
    described = caller.post(method="GET", path=f"/api/v1/classifiers/{key}", headers={})

    for answer in (predicted, described):
        assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/api/v1/moderate/text", f"/api/v1/classifiers/{TRAINED}/predict"])
def test_a_key_without_the_scope_is_told_so(caller: Caller, path: str) -> None:
    answer = caller.post(GOOD, path=path, key=caller.shop.read_only)

    assert (answer.status, answer.body["code"], answer.codes) == (403, "FORBIDDEN", ["scope"])


# --- A4: no JSON -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \r\n\t ", id="white space"),
        pytest.param(b"hello", id="no JSON"),
        pytest.param(b"value=hello", id="a form"),
        pytest.param(b"{'value': 'hello'}", id="single quotes"),
        pytest.param(b'{value: "hello"}', id="key without quotes"),
        pytest.param(b'{"value": "hello"', id="cut off"),
        pytest.param(b'{"value": "hello",}', id="trailing comma"),
        pytest.param(b'{"value": "hello"} x', id="trailing bytes"),
        pytest.param(b'{"value": "hello"}{"value": "hello"}', id="two objects"),
        pytest.param(b'{"value": "hello"}\0', id="trailing NUL"),
        pytest.param(b'{"value": "hel\nlo"}', id="line break in a text"),
        pytest.param(b'{"value": "\\x41"}', id="unknown escape"),
        pytest.param(b'{"value": "caf\xe9"}', id="Latin-1"),
        pytest.param(b'{"value": "\xed\xa0\x80"}', id="surrogate in UTF-8"),
        pytest.param(b'{"value": "\xc0\x80"}', id="overlong NUL"),
        pytest.param(b'\xef\xbb\xbf{"value": "hello"}', id="byte order mark"),
        pytest.param('{"value": "hello"}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"value": "hello"}'.encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param('{"value": "hello"}'.encode("utf-32"), id="UTF-32"),
        pytest.param(b'{"value": 0x10}', id="hexadecimal number"),
        pytest.param(b'{"value": 01}', id="leading zero"),
    ],
)
def test_what_is_not_json_is_refused(caller: Caller, body: bytes) -> None:
    answer = caller.post(body)

    assert (answer.status, answer.codes) == (400, ["malformed_json"])


@pytest.mark.parametrize("body", [b"[]", b'"hello"', b"5", b"null", b"true", b'[{"value": "hello"}]'])
def test_json_that_is_no_object_is_refused(caller: Caller, body: bytes) -> None:
    answer = caller.post(body)

    assert (answer.status, answer.codes) == (400, ["not_an_object"])


# --- A5: deep nesting --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 33 + b"]" * 33, id="33 levels"),
        pytest.param(b'{"value": ' + b"[" * 32 + b"]" * 32 + b"}", id="32 levels within an object"),
        pytest.param(b'{"metadata": ' + b'{"a":' * 32 + b"1" + b"}" * 33, id="32 levels in metadata"),
        pytest.param(b"[" * 100_000, id="100,000 open brackets"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="100,000 brackets"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="100,000 objects"),
        pytest.param(b'[{"a":' * 50_000, id="both in turn"),
        pytest.param(b"[" * MEGABYTE, id="a whole body of brackets"),
    ],
)
def test_deep_nesting_is_refused(caller: Caller, body: bytes) -> None:
    answer = caller.post(body)

    assert (answer.status, answer.codes) == (400, ["too_deep"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"value": "x", "metadata": ' + b'{"a":' * 31 + b"1" + b"}" * 32, id="32 levels"),
        pytest.param(json.dumps({"value": "[" * 5_000 + '\\"{{'}).encode(), id="brackets in a text"),
        pytest.param(json.dumps({"value": "x", "metadata": {"a": [[]] * 500}}).encode(), id="many, but flat"),
    ],
)
def test_what_only_looks_deep_is_taken(caller: Caller, body: bytes) -> None:
    assert caller.post(body).status == 200


# --- A8: JSON beyond the standard ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 31, "9" * 5_000, "-" + "9" * 5_000]
)
def test_a_number_that_is_none_is_refused(caller: Caller, number: str) -> None:
    answer = caller.post(b'{"value": "hello", "metadata": {"n": ' + number.encode() + b"}}")

    assert (answer.status, answer.codes) == (400, ["bad_number"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"value": "a", "value": "b"}', id="the text"),
        pytest.param(b'{"value": "a", "value": "a"}', id="with one value"),
        pytest.param(b'{"value": "a", "v\\u0061lue": "b"}', id="in disguise"),
        pytest.param(b'{"value": "a", "metadata": {"a": 1, "a": 2}}', id="within"),
        pytest.param(b'{"value": "a", "\\ud800": 1, "\\ud800": 2}', id="half a surrogate pair"),
    ],
)
def test_a_key_that_stands_twice_is_refused(caller: Caller, body: bytes) -> None:
    answer = caller.post(body)

    assert (answer.status, answer.codes) == (400, ["duplicate_key"])


# --- A9: the text itself ----------------------------------------------------------------------------------------------

BAD_TEXTS = {
    "null": ("null", "null"),
    "a number": ("5", "not_a_string"),
    "a fraction": ("1.5", "not_a_string"),
    "a truth": ("true", "not_a_string"),
    "a list": ('["hello"]', "not_a_string"),
    "an object": ('{"text": "hello"}', "not_a_string"),
    "empty": ('""', "blank"),
    "blanks": ('"  \\t\\r\\n\\u00a0\\u3000 "', "blank"),
    "zero-width only": ('"\\u200b\\ufeff\\u2060"', "blank"),
    "100,001 characters": (json.dumps("x" * 100_001), "too_long"),
    "100,001 emoji": (json.dumps("🦆" * 100_001, ensure_ascii=False), "too_long"),
    "NUL": ('"a\\u0000b"', "nul_character"),
    "half a surrogate pair": ('"a\\ud800b"', "lone_surrogate"),
    "the other half": ('"a\\udc00b"', "lone_surrogate"),
    "a pair the wrong way round": ('"\\ude00\\ud83d"', "lone_surrogate"),
}


@pytest.mark.parametrize(
    ("path", "name"), [("/v1/moderate/text", "value"), (f"/v1/classifiers/{TRAINED}/predict", "text")]
)
@pytest.mark.parametrize(("literal", "code"), BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_a_bad_text_is_refused_by_field_and_code(caller: Caller, path: str, name: str, literal: str, code: str) -> None:
    answer = caller.post(f'{{"{name}": {literal}}}'.encode(), path=path)

    [issue] = answer.body["issues"]
    assert (answer.status, issue["field"], issue["code"]) == (400, name, code)
    assert issue["message"].endswith(".")


@pytest.mark.parametrize("body", [b"{}", b'{"Value": "hello"}', b'{"doNotStore": true}'])
def test_a_missing_text_is_named(caller: Caller, body: bytes) -> None:
    answer = caller.post(body)

    [issue] = answer.body["issues"]
    assert (answer.status, issue["field"], issue["code"]) == (400, "value", "required")


def test_a_text_of_just_the_limit_is_taken(caller: Caller) -> None:
    assert caller.post(json.dumps({"value": "🦆" * 100_000}, ensure_ascii=False).encode()).status == 200
