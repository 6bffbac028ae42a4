"""Texts to which an upload gives another label than somebody else does: none is chosen silently."""

from __future__ import annotations

from typing import Protocol

from classifiers.models import Example, ExampleState, Label
from classifiers.services.import_texts import Repeated


class StoredLabel(Protocol):
    """What an example that is there says of its label."""

    label_id: int | None
    state: str


def find_in_file(text: Repeated | None) -> str:
    """Return why none of the rows with this text is taken, or "" where they agree."""
    if text is None or not text.other_row:
        return ""
    return (
        f"The same text has different labels in rows {text.label_row:,} and {text.other_row:,}. "
        "Keep the right one and upload these rows again."
    )


def is_at_odds(label: Label | None, *, stored: StoredLabel) -> bool:
    """Tell whether a row gives a text another label than the one that somebody has confirmed for it."""
    return label is not None and stored.state == ExampleState.CONFIRMED and stored.label_id != label.pk


def find_with_stored(label: Label | None, *, stored: Example | None) -> str:
    """Return why a row with this label isn't taken while its text is there as `stored`, or "" where it is."""
    if stored is None or not is_at_odds(label, stored=stored):
        return ""
    return (
        f"This text is among the examples already, labelled “{stored.label}”. If “{label}” is right, change it there."
    )
