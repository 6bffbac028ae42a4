"""The analyzers that every installation has. They need no training and no model."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.analyzers import email
from moderation.analyzers.base import AnalyzerInfo, Finding

_ANALYZERS = {email.INFO.key: email}


class BuiltinProvider:
    """Runs the built-in analyzers; one module each, with `INFO` and `analyze(texts)`."""

    name = "builtin"
    is_custom = False

    def list_analyzers(self) -> list[AnalyzerInfo]:
        """Return all of them, in the order in which a person reads them."""
        return [analyzer.INFO for analyzer in _ANALYZERS.values()]

    def analyze(self, keys: Sequence[str], *, texts: Sequence[str]) -> dict[str, list[Finding]]:
        """Return a finding for each key of its own and each text."""
        return {key: _ANALYZERS[key].analyze(texts) for key in keys if key in _ANALYZERS}
