"""How a version was made: what its training chose, what it left out, and what that costs when it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classifiers.models import Version
from classifiers.services import steps


@dataclass(frozen=True)
class Fact:
    """One thing about how a version was made."""

    name: str
    said: str


def facts(version: Version) -> list[Fact]:
    """Return what is known of how the version was made; of older ones that is less."""
    settings = version.settings
    found = [
        Fact("Learnt from", steps.learnt_from(version.example_count, suggested=version.suggested_count)),
        Fact("Made of", _listed(settings.get("parts")) or str(settings.get("head", ""))),
        Fact("Layers of the encoder", _listed(settings.get("layers"))),
        Fact("C (the higher, the closer to the examples)", _number(settings.get("C"))),
        Fact("Measured in", f"{settings['folds']} folds" if settings.get("folds") else ""),
        Fact("Encoder", version.encoder_id),
        Fact("Deep tier", _deep(settings.get("deep") or {})),
    ]
    return [fact for fact in found if fact.said]


def dropped(version: Version) -> list[str]:
    """Return what the training left out to be done in time, in sentences."""
    return [str(sentence) for sentence in version.settings.get("dropped") or ()]


def _deep(deep: Mapping[str, Any]) -> str:
    """Return whether layers of the encoder were adapted to this classifier, and what that gained."""
    if not deep.get("tried"):
        return ""
    gain, noise = deep.get("gain"), deep.get("noise")
    gained = "" if gain is None else f"; it gained {100 * gain:.1f} points of F1"
    if not deep.get("kept"):
        within = f", no more than chance would ({100 * noise:.1f})" if gained and noise is not None else ""
        return f"tried and left out{gained}{within}"
    serving_ms = deep.get("serving_ms")
    cost = "" if serving_ms is None else f". Each text takes about {serving_ms:.0f} ms more"
    return f"kept{gained}{cost}"


def _listed(values: Any) -> str:
    if values is None or isinstance(values, str):
        return values or ""
    return ", ".join(str(value) for value in values) if isinstance(values, list | tuple) else str(values)


def _number(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)
