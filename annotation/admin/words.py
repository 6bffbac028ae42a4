"""Numbers of automated annotation in words that can be read at a glance."""

from __future__ import annotations

from decimal import Decimal

# From which confidence on it is said how. Units: shares.
_SURE = ((0.95, "very sure"), (0.8, "sure"), (0.6, "fairly sure"), (0.0, "unsure"))


def confidence(share: float | None) -> str:
    """Return how sure the annotator is.

    >>> confidence(0.97), confidence(0.8), confidence(0.3), confidence(None)
    ('very sure', 'sure', 'unsure', 'not said')
    """
    if share is None:
        return "not said"
    return next(word for least, word in _SURE if share >= least)


def cost(amount: Decimal) -> str:
    """Return an amount of money with as many digits as say something.

    >>> cost(Decimal("0.002134")), cost(Decimal("12.3456")), cost(Decimal("0"))
    ('0.0021', '12.35', '0.00')
    """
    if not amount or amount >= 1:
        return f"{amount:,.2f}"
    return f"{amount:.4f}" if amount >= Decimal("0.0001") else "less than 0.0001"
