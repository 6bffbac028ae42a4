"""What `manage.py check` says about settings that can be read but may not be meant."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Info, Warning, register

from annotation.llm import prices
from annotation.services.annotators import annotator_in_use
from config.env import LOOPBACK


@register()
def check_language_model(**_: Any) -> list[CheckMessage]:
    """Warn of a key that travels unencrypted, and say where nothing bounds or tells the cost."""
    parts = urlsplit(settings.OPENAI_BASE_URL)
    found: list[CheckMessage] = []
    if settings.OPENAI_API_KEY and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        found.append(
            Warning(
                "OPENAI_BASE_URL is plain http: OPENAI_API_KEY and the texts would travel unencrypted.",
                hint="Use https, or leave OPENAI_API_KEY unset where the server needs no key.",
                id="houserules.W001",
            )
        )
    if settings.OPENAI_API_KEY and not settings.ANNOTATIONS_PER_MONTH:
        found.append(
            Info(
                "Nothing bounds how often the language model is called in a month.",
                hint="Set ANNOTATIONS_PER_MONTH.",
                id="houserules.I001",
            )
        )
    model = annotator_in_use()[1]
    if settings.OPENAI_API_KEY and prices.find_price(model, table=settings.LLM_PRICES) is None:
        found.append(
            Info(
                f"The price of {model} isn't known, so that plans can't tell what they cost.",
                hint="Add it to LLM_PRICES.",
                id="houserules.I002",
            )
        )
    return found
