"""Labels in a real browser: imported from a table, reworded and worded back, and copied into a new classifier."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shots import shoot_both
from tests.server import Server
from tests.walks import log_in, make_classifier, upload

pytestmark = [pytest.mark.server, pytest.mark.slow]

_RUN_MS = 90_000
_TABLE = (
    "name,description\n"
    'Fine,"Anything that may stay, however short: questions about price, size, state and delivery belong here."\n'
    'Advert,"Offers something else than what is talked about."\n'
)


def _reword(person: Page, *, to: str) -> None:
    person.locator("[name=form-0-description]").fill(to)
    person.get_by_role("button", name="Save labels").click()
    expect(person.get_by_text("The labels are saved.")).to_be_visible()


def test_labels_are_imported_worded_back_and_copied(
    person: Page, house: Server, shots: Path | None, tmp_path: Path
) -> None:
    visitor = log_in(house)
    path = make_classifier(visitor, key="label-tables", labels=("Fine", "Spam"))
    rows = "".join(f"Is the lamp number {number} still there?,{number % 2}\n" for number in range(1_200))
    upload(visitor, path, name="lamps.csv", content=f"text,label\n{rows}".encode(), within_s=60)
    table = tmp_path / "labels.csv"
    table.write_text(_TABLE, encoding="utf-8")
    labels = house.base_url + path.removeprefix(house.base_url) + "labels/"

    person.goto(labels)
    person.get_by_role("link", name="Import labels").click()
    person.set_input_files("[name=import_file]", table)
    person.locator("[name=format]").select_option("0")
    shoot_both(person, name="labels-1-import", shots=shots)
    person.get_by_role("button", name="Submit").click()
    expect(person.get_by_text("Below is a preview")).to_be_visible()
    shoot_both(person, name="labels-2-preview", shots=shots)
    person.get_by_role("button", name="Confirm import").click()
    expect(person.get_by_text("Labels imported: 1 new, 1 changed, 0 as they were.")).to_be_visible()

    _reword(person, to="Whatever is civil.")
    person.get_by_text("How the labels were worded before").click()
    person.get_by_text("Number 1").scroll_into_view_if_needed()
    shoot_both(person, name="labels-3-history", shots=shots)
    person.get_by_role("button", name="Restore this wording").first.click()
    expect(person.get_by_text("holds again, as number")).to_be_visible()
    expect(person.locator("[name=form-0-description]")).to_have_value(_TABLE.split('"')[1])

    person.goto(labels.replace("labels/", "change/"))
    person.get_by_role("link", name="Copy into a new classifier").click()
    shoot_both(person, name="labels-4-copy", shots=shots)
    person.get_by_role("button", name="Make the copy").click()
    expect(person.get_by_role("progressbar").or_(person.get_by_text("examples read"))).to_be_visible()
    shoot_both(person, name="labels-5-copying", shots=shots)
    expect(person.get_by_text("examples read")).to_be_visible(timeout=_RUN_MS)
    expect(person.locator(".hr-sums .hr-good")).to_have_text("1,200")
    shoot_both(person, name="labels-6-copied", shots=shots)
