"""Uploads to the real server: a file on its whole way, and ones that are too large or break off (U16, U32)."""

from __future__ import annotations

import http.client
import json
import socket
import time
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from tests.api.shop import TRAINED, Shop
from tests.factories import AdminFactory, ClassifierFactory
from tests.server import Server


@dataclass(frozen=True)
class Browser:
    """The cookie of somebody who is logged in, and the address of a classifier's form for files."""

    session: str
    path: str


pytestmark = [pytest.mark.server, pytest.mark.slow]

PATH = f"/api/v1/classifiers/{TRAINED}/imports"
TYPE = "multipart/form-data; boundary=x"
_DONE_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def secret(house: Server, house_shop: Shop) -> str:
    """Return a key of the shop's that may read and write."""
    return house.shell(
        "from moderation.models import Project; from moderation.services import keys; "
        "print(keys.issue(Project.objects.get(name='Shop'), name='writer', scopes=['read', 'write']).secret)"
    )


def _form(content: bytes, *, text_column: str = "text") -> bytes:
    fields = (
        f'--x\r\nContent-Disposition: form-data; name="text_column"\r\n\r\n{text_column}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="messages.csv"\r\n\r\n'
    )
    return fields.encode() + content + b"\r\n--x--\r\n"


def _ask(server: Server, method: str, path: str, *, secret: str, body: bytes | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        headers = {"Authorization": f"Bearer {secret}"} | ({"Content-Type": TYPE} if body else {})
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def _send_part(server: Server, *, secret: str, part: bytes, announced: int) -> tuple[int, Any]:
    """Announce a body, send a part of it and no more; return the answer."""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\nContent-Type: {TYPE}\r\n"
        f"Content-Length: {announced}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.encode() + part)
        connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, json.loads(response.read())


def test_a_file_is_imported_by_the_worker_and_reported(house: Server, secret: str) -> None:
    text = f"Is the lamp {uuid.uuid4().hex} still there?"
    # More than the body of any other request may have.
    rows = "".join(f"{text} {number} {'x' * 100}\n" for number in range(10_000))

    status, run = _ask(house, "POST", PATH, secret=secret, body=_form(f"text\n{rows}\u200b\n".encode()))
    assert status == 202, run
    deadline = time.monotonic() + _DONE_WITHIN_S
    while run["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, run
        time.sleep(0.2)
        _, run = _ask(house, "GET", run["url"], secret=secret)

    assert (run["state"], run["read"], run["added"], run["refused"]) == ("succeeded", 10_001, 10_000, 1)
    assert run["refusals"][0]["row"] == 10_002


def test_u16_a_file_that_is_too_large_is_refused_by_its_header(house: Server, secret: str) -> None:
    status, body = _send_part(house, secret=secret, part=b"", announced=60_000_000)

    assert (status, body["issues"][0]["code"]) == (413, "too_large")


def test_u32_an_upload_that_breaks_off_is_refused(house: Server, secret: str) -> None:
    form = _form(b"text\nhello\nand a second line\n")

    status, body = _send_part(house, secret=secret, part=form[:-20], announced=len(form))

    assert (status, body["issues"][0]["code"]) == (400, "broken_body")


def test_whoever_may_not_upload_is_refused_unread(house: Server, house_shop: Shop) -> None:
    status, body = _send_part(house, secret=house_shop.read_only, part=b"", announced=40_000_000)

    assert (status, body["issues"][0]["code"]) == (403, "scope")


@pytest.fixture(scope="module")
def logged_in(house: Server) -> Browser:
    """Return what a browser sends along that is logged in, and a classifier's form for files."""
    here = "from tests.api import test_uploads_over_http as here"
    code = f"{here}; import json; print(json.dumps(vars(here.open_browser())))"
    return Browser(**json.loads(house.shell(code)))


def open_browser() -> Browser:
    """Log somebody in and make a classifier. Runs on the server's data."""
    session = SessionStore()
    person = AdminFactory(username=f"uploader-{uuid.uuid4().hex}")
    session.update({SESSION_KEY: person.pk, BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0]})
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    classifier = ClassifierFactory(name=f"Form {uuid.uuid4().hex}", key=f"form-{uuid.uuid4().hex}")
    return Browser(session=session.session_key, path=f"/admin/classifiers/classifier/{classifier.pk}/data/upload/")


def _send_from_browser(server: Server, browser: Browser, *, part: bytes, announced: int) -> tuple[int, str]:
    token = "t" * 32
    head = (
        f"POST {browser.path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nOrigin: {server.base_url}\r\n"
        f"Cookie: sessionid={browser.session}; csrftoken={token}\r\nX-CSRFToken: {token}\r\n"
        f"Content-Type: {TYPE}\r\nContent-Length: {announced}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.encode() + part)
        connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, response.read().decode()


def test_the_form_takes_a_file_that_comes_whole(house: Server, logged_in: Browser) -> None:
    form = _form(b"text\nhello\n")

    status, _ = _send_from_browser(house, logged_in, part=form, announced=len(form))

    assert status == 302


def test_u16_a_file_that_is_too_large_for_the_form_is_refused_by_its_header(house: Server, logged_in: Browser) -> None:
    status, page = _send_from_browser(house, logged_in, part=b"", announced=60_000_000)

    assert (status, "The file is larger than 50 MB. Split it" in page) == (413, True)


def test_u32_a_file_that_breaks_off_on_its_way_from_the_form_is_refused(house: Server, logged_in: Browser) -> None:
    form = _form(b"text\nhello\nand a second line\n")
    count = "from classifiers.models import ImportRun; print(ImportRun.objects.count())"
    before = house.shell(count)

    status, page = _send_from_browser(house, logged_in, part=form[:-20], announced=len(form))

    assert (status, "broke off" in page) == (400, True)
    assert house.shell(count) == before
