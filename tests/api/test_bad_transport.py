"""What the real server says to bodies of a bad length, coding or type, and to what isn't HTTP at all."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import pytest

from tests.api.caller import CANARY, GOOD, JSON, Caller

pytestmark = [pytest.mark.server, pytest.mark.slow]

LIMIT_BYTES = 1_000_000


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
