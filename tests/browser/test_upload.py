"""A workbook's way in a real browser: its sheet, its columns, its labels, the sums, the bar, the report, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import uploads
from tests.browser.shots import shoot_both
from tests.server import Server
from tests.visitor import Visitor
from tests.walks import log_in, make_classifier

pytestmark = [pytest.mark.server, pytest.mark.slow]

_RUN_MS = 90_000


def _messages() -> list[list[object]]:
    """Return a header and rows, of which 3,000 are new, 500 come again, 4 are at odds, and 3 can't be taken."""
    rows: list[list[object]] = [["id", "text", "kind"]]
    rows += [[number, f"Is the lamp number {number} still there?", number % 2] for number in range(1_999)]
    rows += [[number, f"Cheap pills, offer {number}, buy today!", "junk"] for number in range(1_001)]
    rows += [[number, f"Is the lamp number {number} still there?", ""] for number in range(500)]
    for text in ("Pay me by bank transfer, it's faster", "Call me on my other phone"):
        rows += [[1, text, "Fine"], [2, text, "Spam"]]
    return [*rows, [1, "", "Fine"], [2, "=1+1", "Fine"], [3, "What does it cost?", "Fnie"]]


def _classifier(house: Server) -> str:
    visitor: Visitor = log_in(house)
    return house.base_url + make_classifier(visitor, key="workbooks", labels=("Fine", "Spam")).removeprefix(
        house.base_url
    )


def test_a_workbook_is_followed_from_the_form_to_the_report_and_undone(
    person: Page, house: Server, shots: Path | None, tmp_path: Path
) -> None:
    path = tmp_path / "märz.xlsx"
    path.write_bytes(
        uploads.workbook(["Name"], ["Ada"], title="Staff", Messages=_messages(), hidden=[["text"], ["secret"]])
    )
    address = _classifier(house)

    person.goto(f"{address}data/")
    person.set_input_files("[name=file]", path)
    person.get_by_role("button", name="Look at the file").click()
    expect(person.get_by_text("Excel workbook, sheet “Staff”, 1 row.")).to_be_visible()
    person.get_by_label("Sheet").select_option("Messages")
    person.get_by_role("button", name="Look again").click()
    expect(person.get_by_role("columnheader", name="kind")).to_be_visible()
    person.get_by_label("Column with the label").select_option("3: kind")
    shoot_both(person, name="upload-1-columns", shots=shots)

    person.get_by_role("button", name="Count what would be added").click()
    expect(person.get_by_role("button", name="Add 1,999 examples")).to_be_visible()
    person.get_by_label("Where junk goes").select_option("1: Spam")
    person.get_by_role("button", name="Count again").click()
    button = person.get_by_role("button", name="Add 3,000 examples")
    expect(button).to_be_visible()
    shoot_both(person, name="upload-2-sums", shots=shots)

    button.click()
    expect(person.get_by_role("progressbar")).to_be_visible()
    shoot_both(person, name="upload-3-bar", shots=shots)
    # The page comes to its end by itself: nobody loads it again.
    expect(person.get_by_text("rows read")).to_be_visible(timeout=_RUN_MS)
    expect(person.locator(".hr-sums .hr-good")).to_have_text("3,000")
    shoot_both(person, name="upload-4-report", shots=shots)

    person.get_by_text("Undo this import").click()
    person.get_by_role("button", name="Remove up to 3,000 examples").click()
    expect(person.get_by_text("Examples removed: 3,000.")).to_be_visible()
    shoot_both(person, name="upload-5-undone", shots=shots)
