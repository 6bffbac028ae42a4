"""The test run in a real browser: a text tried and explained, wrong answers corrected by keys."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shots import shoot_both
from tests.server import Server
from tests.walks import log_in, make_classifier, upload

pytestmark = [pytest.mark.server, pytest.mark.slow]

_RUN_MS = 180_000
_THINGS = ("lamp", "pram", "bike", "sofa", "guitar", "kettle", "desk", "tent")
_FINE = ("is the {} still there", "what does the {} cost", "how big is the {}", "can I pick up the {} today")
_SPAM = ("win a {} now!!!", "free {} for the first 50, click", "cheap {} on our site", "{} from home, earn 500 a day")
_TEXT = "is the lamp free? win <b>or</b> click today, earn 500"
_WRONG = "win a lamp now!!!"
_MANY = ("is the chair in good order", "win a clock at our site, click now", "free clock <b>today</b>", "how old is it")


def _messages() -> bytes:
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["text", "label"])
    for number, sentences in enumerate((_FINE, _SPAM)):
        for sentence in sentences:
            texts = [sentence.format(thing) for thing in _THINGS]
            rows.writerows([text, 0 if text == _WRONG else number] for text in texts)
    return file.getvalue().encode()


@pytest.fixture(scope="module")
def address(house: Server) -> str:
    """Return the address of a classifier that was trained with one wrong label."""
    visitor = log_in(house)
    path = make_classifier(visitor, key="tried", labels=("Fine", "Spam")).removeprefix(house.base_url)
    upload(visitor, path, name="messages.csv", content=_messages(), within_s=90)
    visitor.submit(visitor.open(f"{path}train/"), button="Train on 64 examples")
    visitor.wait_for(f"{path}train/", text="Live", within_s=_RUN_MS / 1_000)
    return house.base_url + path


def _row(person: Page, text: str) -> str:
    """Return the selector of the row that shows the text."""
    return f'tr[data-hr-row]:has-text("{text}")'


def test_a_text_is_explained_and_its_label_corrected_by_one_key(person: Page, address: str, shots: Path | None) -> None:
    person.goto(f"{address}review/")
    person.get_by_role("link", name="Test run").click()
    shoot_both(person, name="try-1-empty", shots=shots)
    person.get_by_role("textbox", name="Text").fill(_TEXT)
    person.get_by_role("button", name="Try", exact=True).click()

    expect(person.get_by_text("Answered in")).to_be_visible()
    expect(person.locator("mark.hr-word").first).to_be_visible()
    expect(person.get_by_text("% alike")).to_have_count(3)
    shoot_both(person, name="try-2-one", shots=shots)
    person.wait_for_load_state("load")
    person.keyboard.press("1")
    expect(person.get_by_text("Added as “Fine”.")).to_be_visible()
    shoot_both(person, name="try-3-added", shots=shots)
    person.get_by_role("link", name="See the example").click()
    expect(person.locator("textarea[name=text]")).to_have_value(_TEXT)


def test_many_texts_are_sorted_explained_and_corrected_without_leaving_the_page(
    person: Page, address: str, shots: Path | None
) -> None:
    person.goto(f"{address}try/")
    person.get_by_role("textbox", name="Text").fill("\n".join(_MANY))
    person.get_by_label("One text a line").check()
    person.get_by_role("button", name="Try", exact=True).click()
    expect(person.get_by_role("heading", name="4 texts, answered by version 1")).to_be_visible()

    person.locator("[name=row]").first.focus()
    person.keyboard.press("w")
    expect(person.locator(".hr-whyrow mark.hr-word").first).to_be_visible()
    shoot_both(person, name="try-4-many", shots=shots)
    person.keyboard.press("w")
    expect(person.locator(".hr-whyrow")).to_have_count(0)
    person.keyboard.press("ArrowDown")
    person.keyboard.press("2")
    expect(person.locator(_row(person, _MANY[1]))).to_contain_text("Added as “Spam”.")
    person.keyboard.press("ArrowDown")
    person.keyboard.press("1")
    expect(person.locator(_row(person, _MANY[2]))).to_contain_text("Added as “Fine”.")
    person.keyboard.press("u")
    expect(person.locator(_row(person, _MANY[2]))).to_contain_text("Undone: it isn't among the examples any more.")
    # Enter gives no label by mistake.
    person.keyboard.press("Enter")
    person.get_by_role("button", name="Sure").click()
    shoot_both(person, name="try-5-corrected", shots=shots)
    sure = person.locator("tr[data-hr-row] > td.hr-num").all_inner_texts()
    assert [int(share.split()[0]) for share in sure] == sorted(int(share.split()[0]) for share in sure)

    # The same text again: it is among the examples now.
    person.goto(f"{address}try/")
    person.get_by_role("textbox", name="Text").fill(_MANY[1])
    person.get_by_role("button", name="Try", exact=True).click()
    expect(person.get_by_text("An example already: “Spam”")).to_be_visible()


def test_a_mistake_on_the_review_page_says_why(person: Page, address: str, shots: Path | None) -> None:
    person.goto(f"{address}review/")
    mistake = person.locator("#mistakes tr", has_text=_WRONG)
    mistake.get_by_role("link", name="Why?").click()

    expect(person.get_by_text("Before it had seen this text, version 1 took it for “Spam”")).to_be_visible()
    expect(person.locator(".hr-whyrow mark.hr-word").first).to_be_visible()
    person.locator(".hr-whyrow").scroll_into_view_if_needed()
    shoot_both(person, name="try-6-mistake", shots=shots)
    mistake.get_by_role("link", name="Why?").click()
    expect(person.locator(".hr-whyrow")).to_have_count(0)
