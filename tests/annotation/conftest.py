"""Fixtures of the tests of annotation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.llm_server import LanguageModelServer


@pytest.fixture
def language_model(settings: Any) -> Iterator[LanguageModelServer]:
    """Return a server that stands in for a language model's, which the settings point to."""
    with LanguageModelServer() as server:
        settings.OPENAI_BASE_URL = server.url
        settings.OPENAI_MODEL = "some-model"
        settings.LLM_TIMEOUT_S = 1
        yield server
