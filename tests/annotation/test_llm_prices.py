"""Tokens are estimated rather high, and costs are exact."""

from __future__ import annotations

from decimal import Decimal

import pytest

from annotation.llm import prices
from annotation.llm.prices import Price

TABLE = {"mini": (Decimal("0.25"), Decimal(2)), "mini-pro": (Decimal(5), Decimal(10))}


def test_a_million_tokens_cost_the_price() -> None:
    price = Price(prompt=Decimal("0.25"), completion=Decimal(2))

    assert prices.cost(1_000_000, 0, price=price) == Decimal("0.25")
    assert prices.cost(2_000, 100, price=price) == Decimal("0.0007")


@pytest.mark.parametrize(
    ("model", "prompt"), [("mini", "0.25"), ("mini-2025-08-07", "0.25"), ("mini-pro", "5"), ("mini-pro-2026-01", "5")]
)
def test_a_dated_name_costs_what_its_plain_name_costs(model: str, prompt: str) -> None:
    price = prices.find_price(model, table=TABLE)

    assert price is not None
    assert price.prompt == Decimal(prompt)


@pytest.mark.parametrize("model", ["", "other", "mini-small"])
def test_another_model_has_no_price(model: str) -> None:
    assert prices.find_price(model, table=TABLE) is None


def test_an_estimate_is_rather_high() -> None:
    # 9 tokens by OpenAI's tokenizer of 2024.
    assert 9 <= prices.estimate_tokens("Cheap watches, only today, click here!") <= 15
