"""The Train page in each of its states, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shots import shoot_both
from tests.server import Server

pytestmark = [pytest.mark.server, pytest.mark.slow]

_MAKE = """
import datetime as dt
from django.utils import timezone
from classifiers.models import Classifier
from moderation.runs import RunState
from tests import staff
from tests.factories import (
    AdminFactory, ClassifierFactory, ExampleFactory, HeldOutFactory, LabelFactory, LabelledExampleFactory,
    NearDuplicateFactory, NearDuplicateRunFactory, VersionFactory,
)
NAMES = (("Fine", "#16a34a"), ("Advert", "#2563eb"), ("Off-platform", "#ea580c"))
now = timezone.now()
def make(key, counts, **values):
    classifier = ClassifierFactory(key=key, name=key.replace("-", " ").capitalize(), **values)
    for number, ((name, color), count) in enumerate(zip(NAMES, counts)):
        label = LabelFactory(classifier=classifier, number=number, name=name, color=color)
        LabelledExampleFactory.create_batch(count, classifier=classifier, label=label)
    return classifier
bare = make("bare", (0, 0, 0))
ExampleFactory.create_batch(25, classifier=bare)
short = make("short", (9, 5, 1))
ready = make("ready", (62, 48, 7))
ExampleFactory.create_batch(31, classifier=ready)
run = NearDuplicateRunFactory(classifier=ready, started_at=now - dt.timedelta(days=1))
for group in (1, 2):
    for example in ready.examples.all()[2 * group : 2 * group + 2]:
        NearDuplicateFactory(run=run, group=group, example=example)
running = make("running", (40, 40, 40), tries_deep=True)
VersionFactory(
    classifier=running, number=1, state=RunState.RUNNING, progress=0.42, step="Choosing the recipe: 5 of 12",
    started_at=now, heartbeat_at=now, lease_until=now + dt.timedelta(hours=1), attempts=1,
)
trained = make("trained", (340, 212, 96), tries_deep=True, labels_locked_at=now)
person = AdminFactory(username="Ada")
staff.scored(
    trained, number=1, example_count=500, requested_by=person, macro_f1=0.871, created_at=now - dt.timedelta(days=9),
    settings={"deep": {"tried": True, "kept": False, "gain": 0.002, "noise": 0.01}},
)
live = staff.scored(
    trained, number=2, example_count=648, requested_by=person, macro_f1=0.913, created_at=now - dt.timedelta(hours=3),
    started_at=now - dt.timedelta(hours=3), finished_at=now - dt.timedelta(hours=3) + dt.timedelta(seconds=96),
    settings={"deep": {"tried": True, "kept": True, "gain": 0.031, "noise": 0.01, "serving_ms": 2.4}},
)
VersionFactory(classifier=trained, number=3, state=RunState.FAILED, requested_by=person,
    error="There is no space left on the server's disk. Make room, then try again.")
trained.examples.update(created_at=now - dt.timedelta(days=20))
Classifier.objects.filter(pk=trained.pk).update(live_version=live)
for example in trained.examples.filter(label__number=0)[:17]:
    HeldOutFactory(version=live, example=example, label_number=0, predicted_number=1, near_predicted=3, near_own=0)
print(bare.pk, short.pk, ready.pk, running.pk, trained.pk)
"""


def test_each_state_says_what_to_do(person: Page, house: Server, shots: Path | None) -> None:
    bare, short, ready, running, trained = house.shell(_MAKE).split()

    def go(pk: str, name: str) -> None:
        person.goto(f"{house.base_url}/admin/classifiers/classifier/{pk}/train/")
        shoot_both(person, name=f"train-{name}", shots=shots)

    go(bare, "1-nothing-labelled")
    expect(person.get_by_text("25 texts wait for a label.")).to_be_visible()
    go(short, "2-problems")
    expect(person.get_by_text("there are 15").first).to_be_visible()
    go(ready, "3-ready")
    expect(person.get_by_role("button", name="Train on 117 examples")).to_be_enabled()
    expect(person.get_by_text("2 groups of near-duplicates are left")).to_be_visible()
    go(running, "4-running")
    expect(person.get_by_text("Choosing the recipe: 5 of 12")).to_be_visible()
    expect(person.get_by_role("button", name="Train on 120 examples")).to_be_disabled()
    go(trained, "5-trained")
    expect(person.get_by_text("17 labels may be wrong.")).to_be_visible()
    expect(person.get_by_text("kept, F1 +0.03")).to_be_visible()


def test_the_deep_tier_is_switched_by_one_press(person: Page, house: Server) -> None:
    pk = house.shell("from tests.factories import ClassifierFactory as C; print(C(key='deep-switch', name='Deep').pk)")
    person.goto(f"{house.base_url}/admin/classifiers/classifier/{pk}/train/")

    person.get_by_role("button", name="Also try the deep tier").click()

    expect(person.get_by_text("Deep tier: tried, too")).to_be_visible()
    person.get_by_role("button", name="Leave it out").click()
    expect(person.get_by_text("Deep tier: left out")).to_be_visible()
