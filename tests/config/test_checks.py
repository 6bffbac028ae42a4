"""What `manage.py check` says about settings that can be read but may not be meant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from config.checks import check_language_model


@pytest.fixture(autouse=True)
def _with_a_key(settings: Any) -> None:
    settings.OPENAI_API_KEY = "some-key"
    settings.OPENAI_MODEL = "some-model"
    settings.ANNOTATIONS_PER_MONTH = 1_000
    settings.LLM_PRICES = {"some-model": (Decimal(1), Decimal(2))}


def _ids() -> list[str]:
    return [str(message.id) for message in check_language_model()]


def test_sound_settings_pass() -> None:
    assert _ids() == []


def test_a_key_isn_t_sent_unencrypted_to_another_machine(settings: Any) -> None:
    settings.OPENAI_BASE_URL = "http://models.example.com/v1"

    assert _ids() == ["houserules.W001"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434/v1", "http://localhost/v1", "https://models.example.com/v1"])
def test_on_this_machine_or_with_tls_it_may_be(settings: Any, url: str) -> None:
    settings.OPENAI_BASE_URL = url

    assert _ids() == []


def test_what_nothing_bounds_is_said(settings: Any) -> None:
    settings.ANNOTATIONS_PER_MONTH = 0

    assert _ids() == ["houserules.I001"]


def test_a_model_without_a_price_is_said(settings: Any) -> None:
    settings.LLM_PRICES = {}

    assert _ids() == ["houserules.I002"]


def test_without_a_key_there_is_nothing_to_say(settings: Any) -> None:
    settings.OPENAI_API_KEY = ""
    settings.ANNOTATIONS_PER_MONTH = 0
    settings.LLM_PRICES = {}

    assert _ids() == []
