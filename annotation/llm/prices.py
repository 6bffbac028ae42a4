"""How many tokens a text takes and what they cost, told before anything is spent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

# OpenAI's rule of thumb: a token is some 4 characters of English, or some 3 bytes of other scripts in UTF-8
# (help.openai.com, "What are tokens and how to count them?"). Taken low, so that the plan is rather too dear.
_BYTES_PER_TOKEN = 3.5
# Around each message, and what an answer of one sentence takes; a model that thinks first takes more.
_TOKENS_AROUND = 40
ANSWER_TOKENS = 80
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Price:
    """What a million tokens cost, read and written, in the currency of the settings."""

    prompt: Decimal
    completion: Decimal


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text takes; rather too many."""
    return math.ceil(len(text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN)


def estimate_call(system_tokens: int, text_tokens: int) -> int:
    """Return about how many prompt tokens one call takes."""
    return system_tokens + text_tokens + _TOKENS_AROUND


def cost(prompt_tokens: int, completion_tokens: int, *, price: Price) -> Decimal:
    """Return what the tokens cost, to a millionth."""
    total = (price.prompt * prompt_tokens + price.completion * completion_tokens) / _MILLION
    return total.quantize(Decimal("0.000001"))


def find_price(model: str, *, table: Mapping[str, tuple[Decimal, Decimal]]) -> Price | None:
    """Return the model's price; a dated name (`gpt-5-mini-2025-08-07`) costs what its plain name costs."""
    names = [name for name in table if model == name or model.startswith(f"{name}-20")]
    return Price(*table[max(names, key=len)]) if names else None
