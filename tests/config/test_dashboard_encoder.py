"""The first page says when live versions can't answer because of the encoder, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from tests import encoders, staff
from tests.encoders import NEW, OLD
from tests.factories import ClassifierFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _new_encoder(settings: Any, tmp_path: Path) -> None:
    encoders.use(settings, tmp_path / "encoders")


def _first_page(*permissions: str) -> str:
    return staff.said(staff.login(*permissions).get(reverse("admin:index"))).replace("&#x27;", "'")


def test_a_live_version_of_another_encoder_is_told_with_a_link() -> None:
    encoders.live(encoder_id=OLD, name="Spam")

    page = _first_page()

    assert "“Spam” can't answer: trained with another encoder than this server runs now." in page
    assert f'href="{reverse("encoder")}">What to do' in page


def test_who_may_not_see_the_page_is_told_without_a_link() -> None:
    encoders.live(encoder_id=OLD, name="Spam")

    page = _first_page("classifiers.view_classifier")

    assert "“Spam” can't answer" in page
    assert "What to do</a>" not in page


def test_nothing_is_told_while_all_can_answer() -> None:
    encoders.live(encoder_id=NEW)
    ClassifierFactory()

    assert "can't answer" not in _first_page()


def test_a_missing_encoder_is_told_where_somebody_should_answer(settings: Any, tmp_path: Path) -> None:
    settings.ENCODERS_DIR = tmp_path / "none"
    assert "can't answer" not in _first_page()

    encoders.live(encoder_id=NEW, name="Spam")

    assert "“Spam” can't answer. The encoder isn't prepared yet." in _first_page()
