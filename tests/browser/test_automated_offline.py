"""The loop of automated annotation on a bare machine: no key, no network, and no JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.shots import shoot_both
from tests.server import Server
from tests.walks import NAME, PASSWORD, log_in, make_classifier

pytestmark = [pytest.mark.server, pytest.mark.slow]

_RUN_MS = 90_000
_FINE = [f"Shall we meet at {hour} o'clock for lunch?" for hour in range(6)]
_SPAM = [f"You have won prize number {number}! Call now to claim your money." for number in range(6)]


def _classifier(house: Server, *, key: str) -> str:
    address = make_classifier(log_in(house), key=key, labels=("Personal", "Advertising"))
    texts = [text for pair in zip(_FINE, _SPAM, strict=True) for text in pair]
    house.shell(
        "from classifiers.models import Classifier; from classifiers.services import examples; "
        f"c = Classifier.objects.get(key='{key}'); "
        f"[examples.add(c, text=text, label_id=None, by=None) for text in {texts!r}]"
    )
    return address


def test_the_offline_annotator_labels_ten_learns_and_labels_them_again(
    person: Page, house: Server, shots: Path | None
) -> None:
    address = _classifier(house, key="offline-loop")

    person.goto(f"{address}annotate/")
    expect(person.get_by_text("No text leaves the house.")).to_be_visible()
    person.get_by_role("link", name="Try it on 10 texts").click()
    expect(person.get_by_text("It costs nothing.")).to_be_visible()
    shoot_both(person, name="offline-1-plan", shots=shots)
    person.get_by_role("button", name="Start: 10 texts").click()
    expect(person.get_by_role("heading", name="What it said")).to_be_visible(timeout=_RUN_MS)
    expect(person.locator("[name=shown]")).to_have_count(10)
    shoot_both(person, name="offline-2-result", shots=shots)

    person.get_by_label("Personal", exact=True).fill("A message between people who know each other: plans, lunch.")
    person.get_by_label("Advertising", exact=True).fill("Prizes, money and services. Call now!")
    person.get_by_role("button", name="Save and run again on the same 10 texts").click()
    expect(person.get_by_text("What the new wording changed")).to_be_visible(timeout=_RUN_MS)
    expect(person.locator("#texts").get_by_text("Closest to the description of “Advertising”.").first).to_be_visible()
    person.get_by_role("button", name="Confirm all shown").click()
    expect(person.get_by_text("10 suggestions confirmed.")).to_be_visible()

    person.goto(f"{address}annotate/")
    expect(person.get_by_text("of 10 texts (100 %).")).to_be_visible()
    shoot_both(person, name="offline-3-trust", shots=shots)


def test_all_of_it_works_without_javascript(browser: Browser, house: Server) -> None:
    address = _classifier(house, key="offline-plain")
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{house.base_url}/admin/login/")
    page.fill("[name=username]", NAME)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")

    page.goto(f"{address}annotate/runs/new/")
    page.get_by_role("button", name="Start: 10 texts").click()
    for _ in range(_RUN_MS // 500):
        if page.get_by_role("heading", name="What it said").is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    page.get_by_role("button", name="Confirm", exact=True).first.click()
    expect(page.get_by_text("1 suggestion confirmed.")).to_be_visible()
    page.get_by_role("button", name="Confirm all shown").click()
    expect(page.get_by_text("9 suggestions confirmed.")).to_be_visible()
    context.close()
