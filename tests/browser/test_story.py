"""The way of the guide in a real browser: a classifier is made, fed, labelled, trained, reviewed and put to use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shots import shoot
from tests.server import ROOT, Server

pytestmark = [pytest.mark.server, pytest.mark.slow]

_SAMPLES = ROOT / "config" / "sample_data"
_LABELS = ("Fine", "Off-platform", "Advert")
_RUN_MS = 90_000


def _make_classifier(person: Page, house: Server, *, name: str) -> str:
    """Make a classifier with three labels and return the address of its page."""
    person.goto(f"{house.base_url}/admin/classifiers/classifier/add/")
    person.fill("[name=name]", name)
    person.get_by_role("button", name="Create and define labels").click()
    person.wait_for_url("**/labels/")
    address = person.url.removesuffix("labels/")
    while person.locator("[data-hr-label]").count() < len(_LABELS):
        person.get_by_role("button", name="Add another label").click()
    for number, label in enumerate(_LABELS):
        person.fill(f"[name=form-{number}-name]", label)
    person.get_by_role("button", name="Save labels").click()
    expect(person.get_by_text("The labels are saved.")).to_be_visible()
    return address


def _upload(person: Page, address: str, *, path: Path) -> None:
    person.goto(f"{address}data/")
    person.set_input_files("[name=file]", path)
    person.get_by_role("button", name="Look at the file").click()
    person.get_by_role("button", name="Count what would be added").click()
    person.get_by_role("button", name=re.compile("^Add ")).click()
    expect(person.get_by_text("rows read")).to_be_visible(timeout=_RUN_MS)


def test_from_a_file_to_a_call(person: Page, house: Server, shots: Path | None) -> None:
    address = _make_classifier(person, house, name="Browser story")
    shoot(person, name="1-labels", shots=shots)

    person.goto(f"{address}data/")
    shoot(person, name="2-data-empty", shots=shots)
    person.set_input_files("[name=file]", _SAMPLES / "marketplace_labelled.csv")
    person.get_by_role("button", name="Look at the file").click()
    expect(person.get_by_role("columnheader", name="text")).to_be_visible()
    shoot(person, name="3-preview", shots=shots)
    person.get_by_role("button", name="Count what would be added").click()
    expect(person.get_by_role("button", name="Add 542 examples")).to_be_visible()
    shoot(person, name="3-sums", shots=shots)
    person.get_by_role("button", name="Add 542 examples").click()
    # The page comes to its end by itself: nobody loads it again.
    expect(person.get_by_text("rows read")).to_be_visible(timeout=_RUN_MS)
    shoot(person, name="4-report", shots=shots)

    _upload(person, address, path=_SAMPLES / "marketplace_unlabelled.csv")
    person.goto(f"{address}annotate/texts/")
    shoot(person, name="5-annotate", shots=shots)
    expect(person.get_by_text("542 of 967 labelled")).to_be_visible()
    person.keyboard.press("1")
    person.keyboard.press("Enter")
    expect(person.get_by_text("543 of 967 labelled")).to_be_visible()

    person.goto(f"{address}train/")
    shoot(person, name="6-train", shots=shots)
    person.get_by_role("button", name="Train on 543 examples").click()
    expect(person.get_by_text("Version 1").first).to_be_visible(timeout=_RUN_MS)
    person.goto(f"{address}review/")
    expect(person.get_by_text("F1 (macro, out-of-fold)")).to_be_visible(timeout=_RUN_MS)
    shoot(person, name="7-review", shots=shots)
    person.locator("#hr-try").fill("we can settle that without the app, write to mara at example dot org")
    person.get_by_role("button", name="Ask the live version").click()
    expect(person.locator(".hr-answer")).to_contain_text("Off-platform")

    person.goto(f"{address}use/")
    shoot(person, name="8-use", shots=shots)
    expect(person.get_by_text("/api/v1/classifiers/browser-story/predict").first).to_be_visible()
    person.goto(f"{address}change/")
    shoot(person, name="9-home", shots=shots)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_list_fits_a_phone(person: Page, house: Server, shots: Path | None, scheme: str) -> None:
    person.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    pages = {
        "overview": "",
        "classifiers": "classifiers/classifier/",
        "examples": "classifiers/example/",
        "projects": "moderation/project/",
        "keys": "moderation/apikey/",
        "log": "moderation/requestlog/",
        "uploads": "classifiers/importrun/",
        "versions": "classifiers/version/",
        "people": "auth/user/",
    }

    for name, path in pages.items():
        person.goto(f"{house.base_url}/admin/{path}")

        shoot(person, name=f"{name}-{scheme}", shots=shots)
