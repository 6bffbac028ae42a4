"""What the real server says to bad input: keys, bodies and texts that no client should send."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.api.shop import FOREIGN, TRAINED, Shop, open_in
from tests.server import Server

pytestmark = [pytest.mark.server, pytest.mark.slow]

# Stands in every text that is sent, so that it can be looked for in the log.
CANARY = "canary-in-a-coal-mine"
JSON = {"Content-Type": "application/json"}
LIMIT_BYTES = 1_000_000


@dataclass(frozen=True)
class Answer:
    """What came back. `body` is the parsed JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def codes(self) -> list[str]:
        return [issue["code"] for issue in self.body["issues"]]


@dataclass
class Caller:
    """Sends requests to the server and keeps the statuses of the answers."""

    server: Server
    shop: Shop
    statuses: set[int] = field(default_factory=set)

    def post(
        self,
        body: Any = b"",
        *,
        path: str = "/api/v1/moderate/text",
        key: str | None = None,
        headers: Mapping[str, str] = JSON,
        method: str = "POST",
    ) -> Answer:
        """Send `body` with the shop's own key unless another one, or "" for none, is given."""
        sent = dict(headers)
        if key != "":
            sent["Authorization"] = f"Bearer {key or self.shop.key}"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            # An iterator is sent in chunks, without a length.
            connection.request(method, path, body=body, headers=sent)
            return self._read(connection.getresponse())
        finally:
            connection.close()

    def send_raw(self, request: bytes) -> Answer:
        """Send bytes as they are."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return self._read(response)

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        content = response.read()
        self.statuses.add(response.status)
        assert response.headers["Content-Type"] == "application/json"
        body = json.loads(content)
        if response.status >= 400:
            assert body.keys() == {"code", "message", "issues"}
            assert body["code"].isupper()
        return Answer(status=response.status, headers=response.headers, body=body)


@pytest.fixture(scope="module")
def caller(house: Server) -> Iterator[Caller]:
    """Give the tests a caller, and after all of them see what their input has done to the server."""
    calling = Caller(house, open_in(house))
    yield calling
    assert calling.post(b'{"value": "Are you still there?"}').status == 200
    assert max(calling.statuses) < 500
    log = house.log()
    assert "Houserules listens" in log
    assert CANARY not in log
    assert all(secret[3:-4] not in log for secret in vars(calling.shop).values())
    assert _loggers_of_errors(log) <= {"django.security.DisallowedHost"}
    assert "Traceback" not in log


def _loggers_of_errors(log: str) -> set[str]:
    entries = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return {entry["logger"] for entry in entries if entry["level"] == "ERROR"}


def _body(value: Any, *, field: str = "value") -> bytes:
    return json.dumps({field: value}).encode()


GOOD = _body(f"Hello {CANARY}")


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
    predicted = caller.post(_body("Hello", field="text"), path=f"/api/v1/classifiers/{key}/predict")
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
        pytest.param(b"[" * LIMIT_BYTES, id="a whole body of brackets"),
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


# --- A6: length and codings ----------------------------------------------------------------------------------------


def _padded(length: int) -> bytes:
    return GOOD + b" " * (length - len(GOOD))


def test_a_body_over_the_limit_is_refused(caller: Caller) -> None:
    answer = caller.post(_padded(LIMIT_BYTES + 1))

    assert (answer.status, answer.body["code"], answer.codes) == (413, "PAYLOAD_TOO_LARGE", ["too_large"])


def test_a_body_of_just_the_limit_is_taken(caller: Caller) -> None:
    assert caller.post(_padded(LIMIT_BYTES)).status == 200


@pytest.mark.parametrize("length", ["1000001", "60000000", "9" * 18, "9" * 400])
def test_a_body_that_says_it_is_too_long_is_refused_before_it_is_read(caller: Caller, length: str) -> None:
    # Nothing follows the headers: a server that waited for the body would time out.
    answer = caller.send_raw(_head({"Content-Length": length}, key=caller.shop.key))

    assert (answer.status, answer.codes) == (413, ["too_large"])


def test_an_endless_body_in_chunks_is_refused_while_it_is_counted(caller: Caller) -> None:
    # More than the limit and without an end: a server that waited for the last chunk would time out.
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"

    answer = caller.send_raw(_head({"Transfer-Encoding": "chunked"}, key=caller.shop.key) + chunk * 16)

    assert (answer.status, answer.codes) == (413, ["too_large"])


def test_a_body_in_chunks_is_taken(caller: Caller) -> None:
    answer = caller.post(iter([GOOD[:10], GOOD[10:]]))

    assert (answer.status, answer.body["original"]) == (200, f"Hello {CANARY}")


def test_an_empty_body_in_chunks_is_empty(caller: Caller) -> None:
    answer = caller.post(iter([]))

    assert (answer.status, answer.codes) == (400, ["malformed_json"])


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param(b"zz\r\n{}\r\n0\r\n\r\n", id="no size"),
        pytest.param(b"-2\r\n{}\r\n0\r\n\r\n", id="negative size"),
        pytest.param(b"2\r\n{}xx0\r\n\r\n", id="no line end"),
    ],
)
def test_chunks_that_are_none_are_refused(caller: Caller, chunks: bytes) -> None:
    answer = caller.send_raw(_head({"Transfer-Encoding": "chunked"}, key=caller.shop.key) + chunks)

    assert (answer.status, answer.codes) == (400, ["broken_body"])


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Transfer-Encoding": "chunked", "Content-Length": "5"}, id="two lengths"),
        pytest.param({"Content-Length": "-5"}, id="negative length"),
        pytest.param({"Content-Length": "five"}, id="length in words"),
        pytest.param({"Content-Length": "5, 5"}, id="length twice"),
        pytest.param({"Transfer-Encoding": "identity, chunked, chunked"}, id="chunked twice"),
    ],
)
def test_a_body_of_unclear_length_is_refused(caller: Caller, headers: dict[str, str]) -> None:
    answer = caller.send_raw(_head(headers, key=caller.shop.key) + b"0\r\n\r\n")

    assert (answer.status, answer.body["code"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-unknown"])
def test_a_compressed_body_is_refused(caller: Caller, coding: str) -> None:
    answer = caller.post(GOOD, headers=JSON | {"Content-Encoding": coding})

    assert (answer.status, answer.codes) == (415, ["unsupported_encoding"])


def test_the_coding_that_changes_nothing_is_taken(caller: Caller) -> None:
    assert caller.post(GOOD, headers=JSON | {"Content-Encoding": "identity"}).status == 200


def test_a_client_that_leaves_in_the_middle_of_its_body_harms_nobody(caller: Caller) -> None:
    head = _head({"Content-Length": "500"}, key=caller.shop.key)
    with socket.create_connection(("127.0.0.1", caller.server.port), timeout=30) as connection:
        connection.sendall(head + GOOD[:10])
        # Closing with unread data or this option sends a reset instead of an end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    assert caller.post(GOOD).status == 200


# --- A7: another type or charset -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/vnd.api+json",
        "application/*",
        "*/*",
        "json",
        "application/json; charset=bz2_codec",
        "application/json; charset=zlib_codec",
        "application/json; charset=utf-7",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8-sig",
        "application/json; charset=latin-1",
        "application/json; charset=idna",
        "application/json; charset=punycode",
        "application/json; charset=no-such-charset",
        "application/json; charset=\xff",
        "application/json; charset=" + "x" * 5_000,
        'application/json; charset="',
        "application/json; charset*=bz2_codec'en'%41",
        "application/json; charset*=idna'en'%41",
        "application/json; charset*=no-such-charset'en'%41",
        "application/json; charset=undefined",
    ],
    ids=lambda value: value[:45] or "none",
)
def test_another_type_than_json_in_utf_8_is_refused(caller: Caller, content_type: str) -> None:
    # With a query, which the framework decodes with the charset of the body.
    path = "/api/v1/moderate/text?a=%C3%A9"

    answer = caller.post(GOOD, path=path, headers={"Content-Type": content_type} if content_type else {})

    assert (answer.status, answer.codes) == (415, ["unsupported_media_type"])


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json; charset=utf8",
        "application/json; odata=verbose",
    ],
)
def test_json_in_utf_8_is_taken(caller: Caller, content_type: str) -> None:
    assert caller.post(GOOD, headers={"Content-Type": content_type}).status == 200


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
    assert caller.post(_body("🦆" * 100_000).replace(b"\\ud83e\\udd86", "🦆".encode())).status == 200


# --- What is not even HTTP --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_line",
    [
        pytest.param(b"GET /api/v1/auth HTTP/9.9", id="unknown version"),
        pytest.param(b"GET /api/v1/auth and more HTTP/1.1", id="blanks in the address"),
        pytest.param(b"\x16\x03\x01\x02\x00", id="TLS"),
    ],
)
def test_a_malformed_request_is_refused_in_the_same_shape(caller: Caller, request_line: bytes) -> None:
    answer = caller.send_raw(request_line + b"\r\nHost: 127.0.0.1\r\n\r\n")

    assert (answer.status, answer.body["code"]) == (400, "BAD_REQUEST")


def test_a_malformed_header_is_not_logged_for_a_key_may_stand_in_it(caller: Caller) -> None:
    request = f"GET /api/v1/auth HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization Bearer {caller.shop.key}\r\n\r\n"

    answer = caller.send_raw(request.encode())

    assert answer.status == 400
    assert caller.shop.key not in caller.server.log()
    assert "malformed request" in caller.server.log()


def test_a_strange_host_name_is_refused_in_the_same_shape(caller: Caller) -> None:
    answer = caller.send_raw(b"GET /api/v1/auth HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")

    assert (answer.status, answer.body["code"]) == (400, "BAD_REQUEST")
    assert "ALLOWED_HOSTS" in answer.body["message"]


def _head(headers: Mapping[str, str], *, key: str) -> bytes:
    lines = {"Host": "127.0.0.1", "Authorization": f"Bearer {key}", **JSON, **headers}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /api/v1/moderate/text HTTP/1.1\r\n{text}\r\n".encode("latin-1")
