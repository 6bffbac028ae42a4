"""Labelling by hand in a real browser: by keyboard only, by touch, without JavaScript, and with the server away."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests import labelling
from tests.browser.shots import shoot_both
from tests.server import Server

pytestmark = [pytest.mark.server, pytest.mark.slow]

# What a person doesn't notice as waiting.
_AT_ONCE_MS = 100
# How long each press of Enter took until another text was shown; null where the event was over before.
_TIME_EACH_PRESS = """() => {
    window.waits = [];
    let before, pressedAt;
    window.addEventListener("keydown", () => {
        before = document.querySelector("[data-hr-words]")?.textContent;
        pressedAt = performance.now();
    }, true);
    window.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        const words = document.querySelector("[data-hr-words]")?.textContent;
        window.waits.push(words === undefined || words === before ? null : performance.now() - pressedAt);
    });
}"""


def _words(person: Page) -> str:
    return person.locator("[data-hr-words]").inner_text()


def _saved(house: Server, key: str) -> dict[str, str]:
    """Return the texts of a classifier that people have labelled, with the label's name."""
    code = (
        "import json; from classifiers.models import Example; "
        f"rows = Example.objects.filter(classifier__key={key!r}, state='CONFIRMED').values_list('text', 'label__name');"
        "print(json.dumps(dict(rows)))"
    )
    found: dict[str, str] = json.loads(house.shell(code))
    return found


def test_thirty_texts_are_labelled_by_keyboard_without_waiting(person: Page, house: Server, shots: Path | None) -> None:
    key = "by-keyboard"
    person.goto(f"{labelling.open_in(house, key=key, labelled=60, waiting=50)}annotate/texts/")
    expect(person.get_by_role("radio", checked=True)).to_be_visible()
    shoot_both(person, name="labelling-1-text", shots=shots)
    person.evaluate(_TIME_EACH_PRESS)
    person.wait_for_load_state("networkidle")
    given = {}
    names = person.locator(".hr-choice__name").all_inner_texts()

    for number in range(30):
        given[_words(person)] = names[number % 3]
        person.keyboard.press(str(number % 3 + 1))
        person.keyboard.press("Enter")
        # As quick as no person is, but not quicker than the server.
        expect(person.get_by_role("status")).to_have_text(f"Saved as {names[number % 3]}. U undoes.")

    expect(person.get_by_text("90 of 110 labelled")).to_be_visible()
    saved = _saved(house, key)
    assert len(given) == 30
    assert {text: saved.get(text) for text in given} == given
    waits = person.evaluate("window.waits")
    # The next text is there before the key's event is over: no request lies between.
    assert [wait for wait in waits if wait is None] == []
    assert len(waits) == 30
    assert median(waits) < _AT_ONCE_MS
    shoot_both(person, name="labelling-2-after-thirty", shots=shots)


def test_whoever_is_quicker_than_the_server_loses_nothing(person: Page, house: Server) -> None:
    key = "hurried"
    person.goto(f"{labelling.open_in(house, key=key, waiting=20)}annotate/texts/")
    given = {}

    for press, name in (("1", "Fine"), ("2", "Off-platform"), ("3", "Advert")) * 4:
        expect(person.locator("[data-hr-words]")).to_be_visible()
        given[_words(person)] = name
        person.keyboard.press(press)
        person.keyboard.press("Enter")

    expect(person.get_by_text("12 of 20 labelled")).to_be_visible()
    assert _saved(house, key) == given


def test_skip_undo_edit_and_the_list_of_keys_need_no_mouse(person: Page, house: Server, shots: Path | None) -> None:
    key = "keys"
    person.goto(f"{labelling.open_in(house, key=key, waiting=8)}annotate/texts/")
    status = person.get_by_role("status")
    texts = []
    for press in ("3", "2"):
        texts.append(_words(person))
        person.keyboard.press(press)
        person.keyboard.press("Enter")
    texts.append(_words(person))
    person.keyboard.press("s")
    expect(status).to_have_text("Skipped. U undoes.")
    assert _words(person) not in texts

    # Any depth: the skip, then the two labels.
    for text in reversed(texts):
        person.keyboard.press("u")
        expect(person.locator("[data-hr-words]")).to_have_text(text)
    person.keyboard.press("u")
    expect(status).to_have_text("There is nothing left to undo.")
    assert _saved(house, key) == {}

    # Digits and letters are text as long as one writes.
    person.keyboard.press("e")
    person.keyboard.press("Control+End")
    person.keyboard.type(" 123 use ?")
    shoot_both(person, name="labelling-3-editing", shots=shots)
    person.keyboard.press("Escape")
    person.keyboard.press("1")
    person.keyboard.press("e")
    person.keyboard.press("Control+Enter")
    expect(status).to_have_text("Saved as Fine. U undoes.")
    assert _saved(house, key) == {f"{texts[0]} 123 use ?": "Fine"}

    person.keyboard.press("?")
    expect(person.get_by_role("dialog")).to_be_visible()
    shoot_both(person, name="labelling-4-keys", shots=shots)
    person.keyboard.press("s")
    person.keyboard.press("Escape")
    expect(person.get_by_role("dialog")).to_be_hidden()
    expect(person.locator("[data-hr-words]")).to_have_text(texts[1])


def test_a_text_that_another_has_already_comes_back_with_what_was_typed(person: Page, house: Server) -> None:
    person.goto(f"{labelling.open_in(house, key='taken', labelled=1, waiting=5)}annotate/texts/")
    first = _words(person)
    taken = "my mail is mara at example dot org, write me there and I send you the measurements"

    person.keyboard.press("e")
    person.keyboard.press("Control+A")
    person.keyboard.type(taken)
    person.keyboard.press("Control+Enter")

    expect(person.get_by_role("alert")).to_contain_text("among the examples already")
    expect(person.locator("[name=text]")).to_have_value(taken)
    person.get_by_label("Text to correct").fill(f"{first} indeed")
    person.get_by_role("button", name="Save the text only").click()
    expect(person.locator("[data-hr-words]")).to_have_text(f"{first} indeed")


def test_answers_wait_while_the_server_is_away_and_leaving_is_warned_of(person: Page, house: Server) -> None:
    key = "away"
    address = f"{labelling.open_in(house, key=key, waiting=8)}annotate/texts/"
    # The browser complains of each request that fails: on a page of its own that is no error.
    person = person.context.new_page()
    person.goto(address)
    expect(person.locator("[data-hr-words]")).to_be_visible()
    person.wait_for_load_state("networkidle")
    is_away = True
    dialogs: list[str] = []

    def route(way: Route) -> None:
        way.abort() if is_away else way.continue_()

    person.route("**/turn/*", route)
    given = []
    for press in ("1", "2", "3"):
        given.append(_words(person))
        person.keyboard.press(press)
        person.keyboard.press("Enter")
    expect(person.get_by_role("status")).to_contain_text("3 answers wait here")
    expect(person.locator("[aria-busy]")).to_have_text("The next text is on its way.")
    assert _saved(house, key) == {}

    person.once("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.dismiss()))
    person.evaluate("setTimeout(() => location.reload(), 0)")
    expect(person.get_by_role("status")).to_contain_text("3 answers wait here")
    is_away = False

    expect(person.get_by_text("3 of 8 labelled")).to_be_visible(timeout=20_000)
    assert dialogs == ["beforeunload"]
    assert _saved(house, key) == dict(zip(given, ("Fine", "Off-platform", "Advert"), strict=True))
    expect(person.locator("[data-hr-words]")).to_be_visible()
    person.close()


def test_many_labels_are_found_by_name_and_by_arrow(person: Page, house: Server, shots: Path | None) -> None:
    key = "many"
    address = labelling.open_in(house, key=key, waiting=6, more_labels=20)
    person.goto(f"{address}annotate/texts/")
    shoot_both(person, name="labelling-5-many", shots=shots)

    person.keyboard.press("/")
    person.keyboard.type("topic 17")
    person.keyboard.press("Enter")
    person.keyboard.press("ArrowDown")
    person.keyboard.press("Enter")

    expect(person.get_by_role("status")).to_have_text("Saved as Topic 18. U undoes.")


def test_the_queue_s_end_is_explained_and_undo_still_works(person: Page, house: Server, shots: Path | None) -> None:
    person.goto(f"{labelling.open_in(house, key='end', waiting=1)}annotate/texts/")
    text = _words(person)
    person.keyboard.press("1")
    person.keyboard.press("Enter")
    expect(person.get_by_role("link", name="Look again")).to_be_visible()
    shoot_both(person, name="labelling-6-end", shots=shots)

    person.keyboard.press("u")

    expect(person.locator("[data-hr-words]")).to_have_text(text)


def test_on_a_phone_a_thumb_is_enough(person: Page, house: Server, shots: Path | None) -> None:
    key = "thumb"
    person.set_viewport_size({"width": 390, "height": 844})
    person.goto(f"{labelling.open_in(house, key=key, waiting=5)}annotate/texts/")
    text = _words(person)
    save = person.get_by_role("button", name="Save", exact=True).last

    expect(save).to_be_in_viewport()
    person.get_by_text("Advert", exact=True).first.click()
    expect(save).to_be_in_viewport()
    box = save.bounding_box()
    assert box is not None and box["height"] >= 40
    save.click()

    expect(person.get_by_role("status")).to_contain_text("Saved as Advert.")
    expect(person.locator("[data-hr-words]")).to_be_in_viewport()
    assert _saved(house, key) == {text: "Advert"}
    if shots is not None:
        person.screenshot(path=shots / "labelling-7-thumb.png")


def test_without_a_script_forms_do_it_all(person: Page, house: Server, browser: Browser, shots: Path | None) -> None:
    key = "plain"
    address = labelling.open_in(house, key=key, waiting=5)
    context = browser.new_context(java_script_enabled=False, storage_state=person.context.storage_state())
    page = context.new_page()
    page.goto(f"{address}annotate/texts/")
    first = _words(page)
    page.get_by_label("Off-platform").check()
    if shots is not None:
        page.screenshot(path=shots / "labelling-8-plain.png")
    page.get_by_role("button", name="Save", exact=True).last.click()

    expect(page.get_by_text("Saved as Off-platform.")).to_be_visible()
    assert _words(page) != first
    second = _words(page)
    page.locator("summary", has_text="Edit the text").click()
    page.get_by_label("Text to correct").fill(f"{second} indeed")
    page.get_by_label("Fine").check()
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Saved as Fine.")).to_be_visible()
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_text("Skipped.")).to_be_visible()
    for _ in range(3):
        page.get_by_role("button", name="Undo").click()

    expect(page.locator("[data-hr-words]")).to_have_text(first)
    assert _saved(house, key) == {}
    context.close()


def test_where_two_people_disagree_one_press_settles_it(person: Page, house: Server, shots: Path | None) -> None:
    key = "disagreeing"
    address = labelling.open_in(house, key=key, waiting=30)
    labelling.disagree_in(house, key=key)
    person.goto(f"{address}annotate/disagreements/")
    expect(person.locator(".hr-stat")).to_contain_text("texts to settle")
    shoot_both(person, name="labelling-9-disagreements", shots=shots)

    person.get_by_role("button", name="Off-platform").first.click()

    expect(person.get_by_text("Settled: it is Off-platform.")).to_be_visible()
    assert list(_saved(house, key).values()) == ["Off-platform"]
