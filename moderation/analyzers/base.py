"""What an analyzer is, and what it finds in a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["classifier", "matcher"]
# How far a matcher goes: NORMAL takes plain forms only, the others disguised ones, too.
Mode = Literal["NORMAL", "SUSPICIOUS", "PARANOID"]
# What stands beside the analyzers' keys in an answer of `/moderate/text`: no analyzer can have such a key.
RESERVED_KEYS = frozenset(
    {
        "author",
        "content",
        "content_moderated",
        "contentId",
        "data_found",
        "flagged",
        "original",
        "request",
        "status",
        "unicode_spoofing",
        "wordlists",
    }
)


class ProviderUnavailable(Exception):
    """A provider cannot answer now. Its message is a sentence for the caller of the API."""


@dataclass(frozen=True)
class AnalyzerInfo:
    """One analyzer that a project can run. `key` names its result in an answer; `provider` runs it."""

    key: str
    name: str
    kind: Kind
    description: str
    provider: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one analyzer says of one text: a matcher fills `found`, a classifier leaves it None.

    `label` is None where the analyzer failed, or no label passed its threshold; `score` is the best label's. `position`
    is where the text stands among labels that are steps from lowest to highest, None where they aren't.
    Units: scores and position are shares in [0, 1].
    """

    label: str | None = None
    score: float | None = None
    label_scores: Mapping[str, float] | None = None
    position: float | None = None
    found: bool | None = None
    mode: Mode = "NORMAL"
    matches: tuple[str, ...] = ()
    error: str | None = None
    warning: str | None = None
    flagged: bool = False

    @classmethod
    def failed(cls, error: str, *, kind: Kind = "classifier") -> Finding:
        """Return the finding of an analyzer that could not answer. It is never flagged."""
        return cls(found=False if kind == "matcher" else None, error=error)

    @property
    def kind(self) -> Kind:
        return "classifier" if self.found is None else "matcher"

    def as_gen2(self) -> dict[str, object]:
        """Return the JSON object that clients of `/moderate/text` read; the last three fields only if set."""
        result: dict[str, object] = (
            {"label": self.label, "score": self.score, "label_scores": dict(self.label_scores or {})}
            if self.kind == "classifier"
            else {"found": self.found, "mode": self.mode, "matches": list(self.matches)}
        )
        optional = {"position": self.position, "error": self.error, "warning": self.warning}
        return result | {key: value for key, value in optional.items() if value is not None}


class Provider(Protocol):
    """A source of analyzers. It's asked for many analyzers and texts at once, so that it can share work."""

    @property
    def name(self) -> str:
        """What tells the provider from others."""

    @property
    def is_custom(self) -> bool:
        """Whether its analyzers are the team's own: each of those costs one unit of quota a request."""

    def list_analyzers(self) -> Sequence[AnalyzerInfo]:
        """Return the analyzers that a project can be given. Raises ProviderUnavailable."""

    def analyze(self, keys: Sequence[str], *, texts: Sequence[str]) -> Mapping[str, Sequence[Finding]]:
        """Return, for each key that names one of its analyzers, one finding for each text, in the order of `texts`.

        It leaves out keys that aren't its own: so nobody has to list all analyzers in order to run a few.
        Where only one of its analyzers cannot answer, it returns `Finding.failed` for that one.
        Raises ProviderUnavailable if none of them can.
        """
