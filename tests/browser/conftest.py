"""Debian's Chromium, and a person who is logged in with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.server import Server
from tests.walks import NAME, PASSWORD, log_in

_CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the browser of this machine, without the services that it would look for on the internet."""
    if not _CHROMIUM:
        reason = "There is no Chromium. Install Debian's package `chromium`, or set CHROMIUM to its path."
        # In CI a missing browser is a failure.
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") else pytest.skip)(reason)
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync"]
    # Root has no sandbox.
    return {"executable_path": _CHROMIUM, "args": [*quiet, *(["--no-sandbox"] if os.geteuid() == 0 else [])]}


@pytest.fixture
def person(house: Server, page: Page) -> Iterator[Page]:
    """Return a browser's page on which somebody has logged in; whatever the browser complains of is an error."""
    log_in(house)
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(30_000)
    page.goto(f"{house.base_url}/admin/login/")
    page.fill("[name=username]", NAME)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/admin/")
    yield page
    assert not complaints


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path | None:
    """Return the folder for screenshots where somebody asked for them with SCREENSHOTS=<folder>."""
    folder = os.environ.get("SCREENSHOTS")
    if folder is None:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
