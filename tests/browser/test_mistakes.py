"""From suggestions to a score on confirmed examples, and wrong labels fixed by keyboard, in a real browser."""

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

_TRAINING_MS = 180_000
_THINGS = ("lamp", "pram", "bike", "sofa", "guitar", "kettle", "desk", "tent")
_FINE = ("is the {} still there", "what does the {} cost", "how big is the {}", "can I pick up the {} today")
_SPAM = ("win a {} now!!!", "free {} for the first 50, click", "cheap {} on our site", "{} from home, earn 500 a day")
_WRONG = ("win a lamp now!!!", "cheap pram on our site", "free bike for the first 50, click")
# What a language model has labelled, a third of it less sure than the classifier asks for.
_SUGGEST = """
from classifiers.models import Classifier, DecisionSource
from classifiers.services import decisions, examples
classifier = Classifier.objects.get(key="mistakes")
for number, sentence in enumerate(("is the {} in good order", "order a {} by phone, 90 % off!!")):
    label = classifier.labels.get(number=number)
    for place, thing in enumerate(("chair", "clock", "mirror", "carpet", "ladder", "fridge")):
        example = examples.add(classifier, text=sentence.format(thing))
        decisions.decide(
            example.pk, label_id=label.pk, source=DecisionSource.LLM, confidence=0.95 if place % 3 else 0.4,
            reason="It asks about a thing that somebody sells.",
        )
"""


def _messages() -> bytes:
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["text", "label"])
    for number, sentences in enumerate((_FINE, _SPAM)):
        for sentence in sentences:
            texts = [sentence.format(thing) for thing in _THINGS]
            rows.writerows([text, 0 if text in _WRONG else number] for text in texts)
    return file.getvalue().encode()


def _train(person: Page, address: str, *, button: str, version: int) -> None:
    person.goto(f"{address}train/")
    person.get_by_role("button", name=button).click()
    expect(person.get_by_role("link", name=f"Version {version}")).to_be_visible(timeout=_TRAINING_MS)


def _press(person: Page, key: str, *, says: str) -> None:
    # A page hears keys once it has loaded.
    person.wait_for_load_state("load")
    person.keyboard.press(key)
    expect(person.get_by_text(says)).to_be_visible()


def test_wrong_labels_are_fixed_by_keyboard_and_what_that_brought_is_said(
    person: Page, house: Server, shots: Path | None
) -> None:
    visitor = log_in(house)
    path = make_classifier(visitor, key="mistakes", labels=("Fine", "Spam")).removeprefix(house.base_url)
    address = house.base_url + path
    upload(visitor, path, name="messages.csv", content=_messages(), within_s=90)
    house.shell(_SUGGEST)

    person.goto(f"{address}data/")
    expect(person.get_by_text("+ 6 suggested").first).to_be_visible()
    shoot_both(person, name="mistakes-1-data", shots=shots)
    person.goto(f"{address}train/")
    expect(person.get_by_text("suggestions left out")).to_be_visible()
    shoot_both(person, name="mistakes-2-train", shots=shots)
    _train(person, address, button="Train on 72 examples", version=1)
    person.goto(f"{address}review/")
    expect(person.get_by_text("measured on the 64 that people confirmed")).to_be_visible()
    shoot_both(person, name="mistakes-3-review", shots=shots)
    person.get_by_role("link", name="Fix these first").click()
    expect(person.get_by_role("heading", name="Fix these first")).to_be_visible()
    shoot_both(person, name="mistakes-4-list", shots=shots)

    # The button of the likely label has the focus: Enter is enough.
    expect(person.get_by_role("button", name="Spam Enter 2")).to_be_focused()
    _press(person, "Enter", says="Fixed: it is “Spam” now.")
    _press(person, "k", says="Kept: it stays “Fine”.")
    shoot_both(person, name="mistakes-5-kept", shots=shots)
    _press(person, "u", says="Undone: it is “Fine” again.")
    _press(person, "2", says="2 fixed and 0 kept since version 1 was trained.")

    _train(person, address, button="Train on 72 examples", version=2)
    person.goto(f"{address}annotate/mistakes/")
    expect(person.get_by_text("2 labels were fixed here between version 1 and version 2.")).to_be_visible()
    shoot_both(person, name="mistakes-6-gain", shots=shots)
