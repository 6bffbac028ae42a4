"""A golden set proposed, looked through, set aside and given back, and a ranking begun, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shots import shoot_both
from tests.server import Server
from tests.walks import log_in, make_classifier, upload

pytestmark = [pytest.mark.server, pytest.mark.slow]

_THINGS = ("lamp", "pram", "bike", "sofa", "guitar", "kettle", "desk", "tent", "chair", "clock")
_SENTENCES = (
    ("is the {} still there", "what does the {} cost", "how big is the {}"),
    ("win a {} now!!!", "free {} for the first 50, click", "cheap {} on our site"),
)
# Figures as a training writes them, on the golden set of that time.
_SCORE = """
from classifiers.models import Classifier
from classifiers.services import versions
from tests import staff
classifier = Classifier.objects.get(key="golden")
version = staff.scored(classifier, number=1, example_count=50)
version.scores["golden"] = {
    "count": 10, "accuracy": 0.9, "macro_f1": 0.898, "baseline_macro_f1": 0.333, "interval": [0.71, 1.0],
    "labels": [
        {"number": number, "name": name, "precision": precision, "recall": recall, "f1": 0.9, "support": 5}
        for number, name, precision, recall in ((0, "Fine", 1.0, 0.8), (1, "Spam", 0.83, 1.0))
    ],
    "confusion": [[4, 1], [0, 5]],
}
version.save()
classifier.live_version = version
classifier.save()
"""


def _messages() -> bytes:
    rows = [
        f"{sentence.format(thing)},{number}"
        for number, sentences in enumerate(_SENTENCES)
        for sentence in sentences
        for thing in _THINGS
    ]
    return "\n".join(["text,label", *(f'"{row.rsplit(",", 1)[0]}",{row[-1]}' for row in rows)]).encode()


def test_a_balanced_set_is_proposed_set_aside_and_given_back(person: Page, house: Server, shots: Path | None) -> None:
    visitor = log_in(house)
    path = make_classifier(visitor, key="golden", labels=("Fine", "Spam")).removeprefix(house.base_url)
    upload(visitor, path, name="messages.csv", content=_messages(), within_s=90)

    person.goto(f"{house.base_url}{path}train/")
    person.get_by_role("link", name="set aside to measure on").click()
    expect(person.get_by_text("Nothing is set aside yet.")).to_be_visible()
    shoot_both(person, name="golden-1-empty", shots=shots)
    person.get_by_label("Examples of each label").fill("5")
    person.get_by_role("button", name="Propose").click()
    expect(person.get_by_role("checkbox", name="Leave this one out")).to_have_count(10)
    shoot_both(person, name="golden-2-proposed", shots=shots)
    person.get_by_role("checkbox", name="Leave this one out").first.check()
    person.get_by_role("button", name="Set these aside").click()
    expect(person.get_by_text("9 examples set aside. It counts from the next training on.")).to_be_visible()
    shoot_both(person, name="golden-3-set-aside", shots=shots)

    person.get_by_role("link", name="the list of examples").click()
    expect(person.locator(".hr-chip", has_text="golden")).to_have_count(9)
    shoot_both(person, name="golden-4-list", shots=shots)

    person.goto(f"{house.base_url}{path}golden/")
    person.locator("[name=example]").first.check()
    person.get_by_role("button", name="Give the ticked ones back to training").click()
    expect(person.get_by_text("1 example given back.")).to_be_visible()
    person.get_by_text("Give all back", exact=True).click()
    person.get_by_role("button", name="Give all back to training").click()
    expect(person.get_by_text("8 examples given back.")).to_be_visible()

    house.shell(_SCORE)
    person.goto(f"{house.base_url}{path}review/")
    expect(person.get_by_text("F1 on 10 examples that it has never learnt from, 0.71 to 1.00")).to_be_visible()
    person.locator("#golden-set").scroll_into_view_if_needed()
    shoot_both(person, name="golden-5-review", shots=shots)


def test_a_ranking_is_chosen_and_its_labels_are_steps(person: Page, house: Server, shots: Path | None) -> None:
    person.goto(f"{house.base_url}/admin/classifiers/classifier/add/")
    person.get_by_text("Ranking", exact=True).click()
    person.get_by_label("Name").fill("Quality of reviews")
    shoot_both(person, name="golden-6-ranking", shots=shots)
    person.get_by_role("button", name="Create and define labels").click()

    expect(person.get_by_text("from the lowest step to the highest")).to_be_visible()
    shoot_both(person, name="golden-7-steps", shots=shots)
