"""A threshold in a real browser: moved, seen to count, applied, and answered by the API."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shots import shoot_both
from tests.server import Server
from tests.walks import log_in, put_to_use

pytestmark = [pytest.mark.server, pytest.mark.slow]

_TEXT = "Hello, how much is it?"
# A live version with held-out probabilities as a training leaves them: surer and less sure, right and wrong ones.
_LIVE = """
import numpy as np
from classifiers.models import Version
from tests import held_out_files
from tests.factories import ClassifierFactory
from tests.live_versions import go_live
classifier = ClassifierFactory(key="sure-enough", name="sure-enough")
version = go_live(classifier)
version.labels = [{"number": 0, "name": "Payment"}, {"number": 1, "name": "Greeting"}]
version.save(update_fields=["labels"])
rng = np.random.default_rng(0)
y = (rng.random(400) < 0.3).astype(int)
score = 1 / (1 + np.exp(-rng.normal(np.where(y == 1, -1.8, 1.8), 1.6)))
held_out_files.write(version, proba=np.column_stack([score, 1 - score]), y=y)
print(classifier.pk)
"""


def _predict(house: Server, secret: str) -> str | None:
    request = urllib.request.Request(
        f"{house.base_url}/api/v1/classifiers/sure-enough/predict",
        data=json.dumps({"text": _TEXT}).encode(),
        headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        label: str | None = json.load(response)["label"]
    return label


def _figure(person: Page, name: str) -> str:
    return person.locator(f"[data-hr-figure={name}]").inner_text()


def test_a_threshold_is_moved_and_applied_and_counts_at_once(person: Page, house: Server, shots: Path | None) -> None:
    number = house.shell(_LIVE)
    path = f"/admin/classifiers/classifier/{number}/"
    secret = put_to_use(log_in(house), path, project="Sure enough")
    assert _predict(house, secret) == "Greeting"

    person.goto(f"{house.base_url}{path}review/")
    person.get_by_role("link", name="Thresholds", exact=True).click()
    before = float(_figure(person, "precision"))
    assert _figure(person, "undecided") == "0 %"
    expect(person.get_by_role("button", name="Show what it does")).to_be_hidden()
    slider = person.get_by_role("slider", name="Threshold, All labels")
    slider.fill("0.9")
    expect(person.locator("[name=all]")).to_have_value("0.9")
    expect(person.locator("[data-hr-figure=undecided]")).not_to_have_text("0 %")
    assert float(_figure(person, "precision")) > before
    shoot_both(person, name="thresholds-1-all", shots=shots)

    person.get_by_label("One for each label").check()
    person.locator("#hr-t0").fill("0.6")
    expect(person.locator("[data-hr-label='0'] td").nth(1)).to_have_text("0.6")
    expect(person.locator("[data-hr-label='1'] td").nth(1)).to_have_text("0.9")
    shoot_both(person, name="thresholds-2-each", shots=shots)

    person.locator("#hr-t1").fill("1")
    expect(person.locator("[data-hr-label='1'] td").nth(1)).to_have_text("1")
    person.get_by_role("button", name="Apply", exact=True).click()
    expect(person.get_by_text("It applies from the next request on.")).to_be_visible()
    assert _predict(house, secret) is None

    for name, price in {"miss": 5, "wrong_flag": 2, "review_minute": 0.5, "review_seconds": 20}.items():
        person.locator(f"[name={name}]").fill(str(price))
    person.get_by_role("button", name="Propose thresholds").click()
    expect(person.get_by_role("button", name="Apply the proposal")).to_be_visible()
    shoot_both(person, name="thresholds-3-costs", shots=shots)
    if shots is not None:
        person.screenshot(path=shots / "thresholds-4-whole.png", full_page=True)

    person.get_by_role("button", name="Remove all thresholds").click()
    expect(person.get_by_text("No thresholds. It applies from the next request on.")).to_be_visible()
    assert _predict(house, secret) == "Greeting"
