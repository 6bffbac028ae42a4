"""Fixtures of the tests that call the real server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.api.caller import CANARY, Caller
from tests.api.shop import Shop, open_in
from tests.server import Server


@pytest.fixture(scope="session")
def house_shop(house: Server) -> Shop:
    """Return the shop on the real server, opened once."""
    return open_in(house)


@pytest.fixture(scope="module")
def caller(house: Server, house_shop: Shop) -> Iterator[Caller]:
    """Give the tests a caller, and after all of them see what their input has done to the server."""
    calling = Caller(house, house_shop)
    earlier = len(house.log())
    yield calling
    assert calling.post(b'{"value": "Are you still there?"}').status == 200
    assert max(calling.statuses) < 500
    # So that there is a line to find, whichever of the tests have run.
    calling.send_raw(b"This is no HTTP\r\n\r\n")
    log = house.log()[earlier:]
    assert "malformed request" in log
    assert CANARY not in log
    assert all(secret[3:-4] not in log for secret in vars(calling.shop).values())
    assert _loggers_of_errors(log) <= {"django.security.DisallowedHost"}
    assert "Traceback" not in log


def _loggers_of_errors(log: str) -> set[str]:
    entries = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return {entry["logger"] for entry in entries if entry["level"] == "ERROR"}
