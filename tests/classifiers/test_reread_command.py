"""`manage.py reread_examples` queues what the Encoder page's button does; `prepare_encoder` says when that's due."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from classifiers.models import EmbeddingRun, Version
from classifiers.services.encoders import get_manifest
from moderation.runs import OPEN_STATES
from moderation.services import workers
from tests import encoders
from tests.encoders import OLD
from tests.factories import ExampleFactory
from tests.server import Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def new_encoder(settings: Any, tmp_path: Path) -> None:
    encoders.use(settings, tmp_path / "encoders")


def _call(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.usefixtures("new_encoder")
def test_without_train_examples_are_read_and_what_is_left_is_said() -> None:
    workers.beat("host:1")
    encoders.live(encoder_id=OLD)

    said = _call("reread_examples")

    assert said == "Queued: 1 reading.\n1 live classifier can't answer until trained anew: add --train.\n"
    assert (EmbeddingRun.objects.count(), Version.objects.filter(state__in=OPEN_STATES).count()) == (1, 0)


@pytest.mark.usefixtures("new_encoder")
def test_with_train_silent_classifiers_are_trained_too() -> None:
    workers.beat("host:1")
    encoders.live(encoder_id=OLD)
    ExampleFactory()

    said = _call("reread_examples", "--train")

    assert said == "Queued: 1 training and 1 reading.\n"
    assert (EmbeddingRun.objects.count(), Version.objects.filter(state__in=OPEN_STATES).count()) == (1, 1)


@pytest.mark.usefixtures("new_encoder")
def test_without_a_worker_the_runs_wait() -> None:
    ExampleFactory()

    said = _call("reread_examples")

    assert "No worker is running: it waits until one is started" in said
    assert EmbeddingRun.objects.count() == 1


@pytest.mark.usefixtures("new_encoder")
def test_where_nothing_is_left_nothing_is_said_of_a_worker() -> None:
    assert _call("reread_examples", "--train") == "Nothing is left to do.\n"


@pytest.mark.usefixtures("new_encoder")
def test_the_command_may_be_given_twice() -> None:
    encoders.live(encoder_id=OLD)
    _call("reread_examples", "--train")

    assert _call("reread_examples", "--train").startswith("All that can be done is under way already.")
    assert Version.objects.filter(state__in=OPEN_STATES).count() == 1


@pytest.mark.usefixtures("new_encoder")
def test_what_cannot_be_trained_is_said() -> None:
    encoders.live(encoder_id=OLD, each=2, name="A few")

    assert "A few can't be trained. Training needs at least 20" in _call("reread_examples", "--train")


def test_without_an_encoder_the_command_fails_with_what_to_do(settings: Any, tmp_path: Path) -> None:
    settings.ENCODERS_DIR = tmp_path / "none"

    with pytest.raises(CommandError, match=r"Run: python manage\.py prepare_encoder"):
        _call("reread_examples", "--train")


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_preparing_the_encoder_says_who_must_be_trained_anew() -> None:
    encoders.live(encoder_id=OLD)

    said = _call("prepare_encoder")

    assert "1 live classifier can't answer until trained anew with it." in said
    assert "python manage.py reread_examples --train" in said


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_preparing_the_encoder_says_nothing_where_all_can_answer() -> None:
    encoders.live(encoder_id=get_manifest().id)

    assert "can't answer" not in _call("prepare_encoder")


@pytest.mark.slow
def test_preparing_the_encoder_makes_no_database(tmp_path: Path, encoder_folder: Path) -> None:
    house = Server(tmp_path, encoders_dir=encoder_folder.parent, database_url="")

    said = house.manage(["prepare_encoder"])

    assert said.endswith("is ready.")
    assert list(tmp_path.rglob("*.sqlite3")) == []
