"""The Review page in a real browser: from a cell of the confusion matrix to its examples, at both widths."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shots import shoot, shoot_both
from tests.server import Server
from tests.walks import log_in, make_classifier

pytestmark = [pytest.mark.server, pytest.mark.slow]

# A version as a training leaves it, without the minutes that one of so many labels takes.
_TRAINED = """
from classifiers.models import Classifier, HeldOut, Version
from classifiers.services import examples
classifier = Classifier.objects.get(key={key!r})
labels = [dict(number=label.number, name=label.name) for label in classifier.labels.all()]
confusion = {confusion}
rows = [dict(label, precision=.86, recall=.83, f1=.84, support=sum(row)) for label, row in zip(labels, confusion)]
curve = [dict(count=count, macro_f1=f1) for count, f1 in ((48, .66), (96, .74), (144, .79), (192, .81))]
scores = dict(
    macro_f1=.82, accuracy=.84, baseline_macro_f1=.19, descriptions_macro_f1=.61, interval=[.77, .86], ece=.034,
    brier=.251, labels=rows, confusion=confusion, curve=curve, gains=[dict(number=2, more=60, gain=.041)],
    measured_on="CONFIRMED", measured_count=240,
)
version = Version.objects.create(
    classifier=classifier, number=1, state="SUCCEEDED", labels=labels, scores=scores, macro_f1=.82, example_count=240,
    artifact_path="none/1", artifact_sha256="0" * 64, encoder_id="houserules-1",
    settings=dict(
        parts=["layers 2, 4 and 6", "character n-grams"], C=3.0, folds=5,
        dropped=["Self-training was left out: it would have taken more than 60 s."],
        deep=dict(tried=True, kept=False, gain=.004, noise=.012),
    ),
)
classifier.live_version = version
classifier.save()
for number, text in enumerate(("half price today, and how was your day?", "our newsletter: the week in lamps")):
    example = examples.add(classifier, text=text)
    HeldOut.objects.create(version=version, example=example, label_number=1, predicted_number=2, score=.9 - number / 10)
"""


def _open(house: Server, *, key: str, labels: tuple[str, ...], confusion: str) -> str:
    """Make a classifier with a version that was measured; return the address of its Review page."""
    path = make_classifier(log_in(house), key=key, labels=labels).removeprefix(house.base_url)
    house.shell(_TRAINED.format(key=key, confusion=confusion))
    return f"{house.base_url}{path}review/"


def test_a_cell_of_the_matrix_opens_its_examples_by_keyboard_alone(
    person: Page, house: Server, shots: Path | None
) -> None:
    confusion = "[[92, 5, 3], [4, 60, 16], [3, 6, 51]]"
    person.goto(_open(house, key="cells", labels=("Fine", "Spam", "Promo"), confusion=confusion))
    expect(person.get_by_text("between 0.77 and 0.86 in 95 of 100 cases")).to_be_visible()
    expect(person.get_by_text("About 60 more “Promo” would gain about 4 points.")).to_be_visible()
    expect(person.get_by_text("tried and left out; it gained 0.4 points of F1")).to_be_visible()
    shoot_both(person, name="review-1", shots=shots)
    if shots is not None:
        for width, columns in (("wide", 1400), ("phone", 390)):
            person.set_viewport_size({"width": columns, "height": 900})
            person.screenshot(path=shots / f"review-1-whole-{width}.png", full_page=True)
        person.set_viewport_size({"width": 1400, "height": 900})

    person.get_by_role("link", name="5 of “Fine” answered as “Spam”").focus()
    for _ in range(3):
        person.keyboard.press("Tab")
    expect(person.get_by_role("link", name="16 of “Spam” answered as “Promo”")).to_be_focused()
    person.keyboard.press("Enter")

    expect(person.get_by_role("heading", name="Mistakes: “Spam” answered as “Promo”")).to_be_in_viewport()
    expect(person.get_by_text("half price today, and how was your day?")).to_be_visible()
    expect(person.get_by_text("our newsletter: the week in lamps")).to_be_visible()
    shoot(person, name="review-2-cell", shots=shots)


def test_a_cell_can_be_reached_on_a_phone(person: Page, house: Server, shots: Path | None) -> None:
    labels = tuple(f"A label with a long name, number {number}" for number in range(8))
    confusion = "[[30 if i == j else (i + 2 * j) % 4 for j in range(8)] for i in range(8)]"
    address = _open(house, key="phone", labels=labels, confusion=confusion)
    person.set_viewport_size({"width": 390, "height": 844})
    person.goto(address)

    cell = person.get_by_role("link", name="3 of “A label with a long name, number 1” answered as", exact=False).last
    cell.scroll_into_view_if_needed()
    if shots is not None:
        person.screenshot(path=shots / "review-3-phone-matrix.png")
    cell.click()

    expect(person.get_by_role("heading", name="Mistakes: “A label with a long name, number 1”")).to_be_in_viewport()


def test_of_many_labels_the_worst_mix_ups_are_listed(person: Page, house: Server, shots: Path | None) -> None:
    labels = tuple(f"Intent number {number}" for number in range(60))
    confusion = "[[20 if i == j else 9 - i // 3 if j == i + 1 and i < 24 else 0 for j in range(60)] for i in range(60)]"
    person.goto(_open(house, key="many-intents", labels=labels, confusion=confusion))
    shoot(person, name="review-4-many", shots=shots)
    if shots is not None:
        person.screenshot(path=shots / "review-4-whole-wide.png", full_page=True)

    person.get_by_role("link", name="“Intent number 1” answered as “Intent number 2”").click()

    expect(person.get_by_text("half price today, and how was your day?")).to_be_visible()
