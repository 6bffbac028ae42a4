"""The Encoder page: which encoder, what a change left to be done, and two buttons for those who may."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from classifiers.admin import encoder as encoder_page
from classifiers.models import Embedding, EmbeddingRun, Version
from moderation.runs import OPEN_STATES, RunState
from moderation.services import workers
from tests import encoders, staff
from tests.encoders import NEW, OLD
from tests.factories import (
    AdminFactory,
    ClassifierFactory,
    EmbeddingFactory,
    ExampleFactory,
    VersionFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_HOME = "/admin/encoder/"
_DELETE = f"{_HOME}delete/"
_PROGRESS = f"{_HOME}progress/"
_BUTTON = "Read everything again and train anew"


@pytest.fixture(autouse=True)
def _new_encoder(settings: Any, tmp_path: Path) -> None:
    encoders.use(settings, tmp_path / "encoders")


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _words(response: Any) -> str:
    """Return what a page says, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", staff.said(response)).replace("&#x27;", "'").split())


def _open_trainings() -> int:
    return Version.objects.filter(state__in=OPEN_STATES).count()


def test_the_page_says_which_encoder_this_is(boss: Client) -> None:
    said = _words(boss.get(reverse("encoder")))

    for part in ("some/model", NEW, "2, 4, 6", "1,152 numbers", "256 tokens", "mean 0.9941, lowest 0.9884"):
        assert part in said


def test_without_an_encoder_the_page_says_why(boss: Client, settings: Any, tmp_path: Path) -> None:
    settings.ENCODERS_DIR = tmp_path / "none"
    encoders.live(encoder_id=OLD, each=1)
    EmbeddingFactory(encoder_id=OLD)

    said = _words(boss.get(_HOME))

    assert "The encoder isn't prepared yet. Run: python manage.py prepare_encoder" in said
    assert _BUTTON not in said
    assert "Delete features" not in said


def test_stored_features_stand_by_encoder(boss: Client) -> None:
    EmbeddingFactory.create_batch(2, encoder_id=OLD)
    EmbeddingFactory(encoder_id=NEW)

    said = _words(boss.get(_HOME))

    assert f"{OLD} 2 texts {NEW} this encoder 1 text" in said


def test_each_classifier_stands_with_its_encoder_those_that_cannot_answer_first(boss: Client) -> None:
    encoders.live(encoder_id=NEW, name="A speaks")
    encoders.live(encoder_id=OLD, name="B is mute")
    ExampleFactory(classifier=ClassifierFactory(name="C is new"))

    said = _words(boss.get(_HOME))

    assert (
        f"B is mute another encoder version 1 of {OLD} Train page 20 A speaks this encoder 20 C is new none yet 1"
        in said
    )
    assert "classifier can't answer 1 examples still to be read 41" in said


def test_where_nothing_is_left_there_is_no_button(boss: Client) -> None:
    ClassifierFactory()

    said = _words(boss.get(_HOME))

    assert "Nothing is left to do" in said
    assert _BUTTON not in said


def test_a_training_that_failed_since_says_why(boss: Client) -> None:
    mute = encoders.live(encoder_id=OLD)
    VersionFactory(classifier=mute, number=2, state=RunState.FAILED, error="It took too long.")

    assert "The last training failed. It took too long." in _words(boss.get(_HOME))


def test_the_button_queues_trainings_and_readings(boss: Client) -> None:
    mute = encoders.live(encoder_id=OLD)
    other = ExampleFactory().classifier

    response = boss.post(_HOME, follow=True)

    assert "Queued: 1 training and 1 reading." in _words(response)
    assert Version.objects.get(state__in=OPEN_STATES).classifier == mute
    assert EmbeddingRun.objects.get().classifier == other
    assert LogEntry.objects.get().object_repr == str(mute)


def test_pressing_twice_starts_nothing_twice(boss: Client) -> None:
    encoders.live(encoder_id=OLD)
    ExampleFactory()
    boss.post(_HOME)

    response = staff.login("classifiers.add_version", "classifiers.view_version").post(_HOME, follow=True)

    assert "All that can be done is under way already." in _words(response)
    assert (_open_trainings(), EmbeddingRun.objects.count()) == (1, 1)


def test_while_all_is_under_way_there_is_no_button(boss: Client) -> None:
    encoders.live(encoder_id=OLD)
    ExampleFactory()
    before = _words(boss.get(_HOME))
    boss.post(_HOME)

    after = _words(boss.get(_HOME))

    assert (_BUTTON in before, _BUTTON in after) == (True, False)
    assert "All that can be done is under way." in after


def test_while_something_else_is_under_way_the_button_stays(boss: Client) -> None:
    mute = encoders.live(encoder_id=OLD)
    EmbeddingRun.objects.create(classifier=mute)

    assert _BUTTON in _words(boss.get(_HOME))


def test_what_cannot_be_trained_is_said(boss: Client) -> None:
    encoders.live(encoder_id=OLD, each=2, name="A few")

    assert "A few can't be trained. Training needs at least 20" in _words(boss.post(_HOME, follow=True))


def test_the_button_without_an_encoder_says_why(boss: Client, settings: Any, tmp_path: Path) -> None:
    settings.ENCODERS_DIR = tmp_path / "none"
    encoders.live(encoder_id=OLD)

    response = boss.post(_HOME, follow=True)

    assert _words(response).count("The encoder isn't prepared yet.") == 2
    assert _open_trainings() == 0


@pytest.mark.parametrize("is_alive", [False, True])
def test_the_page_says_when_no_worker_runs(boss: Client, is_alive: bool) -> None:
    if is_alive:
        workers.beat("host:1")
    encoders.live(encoder_id=OLD)

    said = _words(boss.post(_HOME, follow=True))

    assert ("No worker is running." not in said) == is_alive
    assert "Training, waits for a worker" in said


def test_runs_under_way_have_a_bar_each_those_that_run_first(boss: Client) -> None:
    VersionFactory(classifier=ClassifierFactory(name="Waits"))
    EmbeddingRun.objects.create(
        classifier=ClassifierFactory(name="Goes"), state=RunState.RUNNING, progress=0.42, step="Reading the examples"
    )

    page = staff.said(boss.get(_HOME))

    assert re.findall(r'value="(\d+)" aria-label="([^"]+)"', page) == [
        ("42", "Reading of Goes"),
        ("0", "Training of Waits"),
    ]
    assert f'data-hr-poll="{_PROGRESS}?open=2"' in page


def test_more_bars_than_fit_are_counted(boss: Client) -> None:
    VersionFactory.create_batch(12)

    page = staff.said(boss.get(_HOME))

    assert page.count("<progress") == 10
    assert "2 more wait for a worker." in page


@pytest.mark.parametrize(
    ("open_count", "mark"), [("1", "data-hr-poll"), ("2", "data-hr-finished"), ("x", "data-hr-poll")]
)
def test_the_bars_alone_say_when_one_is_over(boss: Client, open_count: str, mark: str) -> None:
    VersionFactory()

    part = staff.said(boss.get(_PROGRESS, {"open": open_count}))

    assert mark in part
    assert "<html" not in part


def test_the_page_takes_as_many_queries_for_ten_classifiers_as_for_one(
    boss: Client, django_assert_max_num_queries: Any
) -> None:
    def make() -> None:
        mute = encoders.live(encoder_id=OLD, each=1)
        VersionFactory(classifier=mute, number=2)
        EmbeddingFactory(encoder_id=OLD)

    make()
    with django_assert_max_num_queries(100) as for_one:
        boss.get(_HOME)
    for _ in range(9):
        make()

    with django_assert_max_num_queries(len(for_one)):
        boss.get(_HOME)


def test_the_confirmation_says_how_many_and_what_it_costs(boss: Client) -> None:
    EmbeddingFactory.create_batch(2, encoder_id=OLD)
    EmbeddingFactory(encoder_id=NEW)

    said = _words(boss.get(_DELETE))

    assert "Delete the features of 2 texts" in said
    assert "Going back to one of these encoders means reading all examples again" in said
    assert Embedding.objects.count() == 3


def test_features_of_other_encoders_are_deleted(boss: Client) -> None:
    EmbeddingFactory.create_batch(2, encoder_id=OLD)
    EmbeddingFactory(encoder_id=NEW)

    first = boss.post(_DELETE, {"keep": NEW}, follow=True)
    second = boss.post(_DELETE, {"keep": NEW}, follow=True)

    assert "Features of 2 texts deleted." in _words(first)
    assert "Features of 0 texts deleted." in _words(second)
    assert [each.encoder_id for each in Embedding.objects.all()] == [NEW]


def test_what_is_left_when_time_is_up_is_said(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_page, "_DELETING_S", -1.0)
    Embedding.objects.bulk_create(
        Embedding(text_key=str(number), encoder_id=OLD, vector=b"\0\0") for number in range(2_001)
    )

    response = boss.post(_DELETE, {"keep": NEW}, follow=True)

    assert "Features of 2,000 texts deleted. 1 are left" in _words(response)
    assert "Delete the features of 1 text" in _words(response)


def test_nothing_is_deleted_once_the_server_uses_another_encoder(boss: Client, settings: Any, tmp_path: Path) -> None:
    EmbeddingFactory(encoder_id=OLD)
    encoders.use(settings, tmp_path / "other", encoder_id="newer-1")

    for keep in ({"keep": NEW}, {}):
        assert "another encoder by now" in _words(boss.post(_DELETE, keep, follow=True))

    assert Embedding.objects.count() == 1


def test_nothing_is_deleted_without_an_encoder(boss: Client, settings: Any, tmp_path: Path) -> None:
    EmbeddingFactory(encoder_id=OLD)
    settings.ENCODERS_DIR = tmp_path / "none"

    response = boss.post(_DELETE, {"keep": OLD}, follow=True)

    assert "can't be said. The encoder isn't prepared yet." in _words(response)
    assert Embedding.objects.count() == 1


def test_where_nothing_is_to_be_deleted_the_page_says_so(boss: Client) -> None:
    assert "No features of other encoders are stored." in _words(boss.get(_DELETE))


@pytest.mark.parametrize(
    ("permission", "method", "address", "status"),
    [
        ("classifiers.view_version", "get", _HOME, 200),
        ("classifiers.view_version", "get", _PROGRESS, 200),
        ("classifiers.view_version", "post", _HOME, 403),
        ("classifiers.view_version", "get", _DELETE, 403),
        ("classifiers.view_version", "post", _DELETE, 403),
        ("classifiers.view_classifier", "get", _HOME, 403),
        ("classifiers.view_classifier", "get", _PROGRESS, 403),
        ("classifiers.add_version", "post", _HOME, 302),
        ("classifiers.add_version", "post", _DELETE, 403),
        ("classifiers.delete_embedding", "get", _DELETE, 200),
        ("classifiers.delete_embedding", "post", _DELETE, 302),
        ("classifiers.delete_embedding", "post", _HOME, 403),
    ],
)
def test_each_thing_needs_its_permission(permission: str, method: str, address: str, status: int) -> None:
    assert getattr(staff.login(permission), method)(address).status_code == status


def test_who_may_only_look_is_offered_no_button() -> None:
    encoders.live(encoder_id=OLD)
    EmbeddingFactory(encoder_id=OLD)

    said = _words(staff.login("classifiers.view_version").get(_HOME))

    assert _BUTTON not in said
    assert "Delete features" not in said
    assert "Somebody who may train classifiers can start it here." in said


@pytest.mark.parametrize("address", [_HOME, _PROGRESS, _DELETE])
def test_strangers_are_sent_to_the_login(client: Client, address: str) -> None:
    for response in (client.get(address), client.post(address)):
        assert (response.status_code, response["Location"].split("?")[0]) == (302, reverse("admin:login"))


def test_the_progress_cannot_be_posted_to(boss: Client) -> None:
    assert boss.post(_PROGRESS).status_code == 405


@pytest.mark.parametrize("address", [_HOME, _DELETE])
def test_a_request_from_another_site_is_refused(address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(AdminFactory())

    assert client.post(address).status_code == 403


@pytest.mark.parametrize("encoder_id", [OLD, NEW])
def test_the_classifier_s_page_says_when_it_cannot_answer(boss: Client, encoder_id: str) -> None:
    classifier = encoders.live(encoder_id=encoder_id, name="Spam")

    page = boss.get(staff.page(classifier, "home"))

    is_shown = "“Spam” can't answer: trained with another encoder" in _words(page)
    has_link = f'href="{_HOME}">What to do' in staff.said(page)
    assert (is_shown, has_link) == (encoder_id == OLD, encoder_id == OLD)


def test_who_may_not_see_the_page_is_told_without_a_link() -> None:
    classifier = encoders.live(encoder_id=OLD, name="Spam")

    page = staff.login("classifiers.view_classifier").get(staff.page(classifier, "home"))

    assert "can't answer" in _words(page)
    assert "What to do" not in staff.said(page)


def test_a_classifier_that_can_answer_tells_nothing_of_another(boss: Client) -> None:
    encoders.live(encoder_id=OLD)

    assert "can't answer" not in _words(boss.get(staff.page(encoders.live(encoder_id=NEW), "home")))
