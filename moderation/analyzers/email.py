"""Finds e-mail addresses, written out or, if asked, disguised: `bob [at] example (dot) com`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from moderation.analyzers.base import AnalyzerInfo, Finding, Mode

# Every repeat has a bound, and the first part begins only where a run of its characters begins: a text of
# n characters takes about n steps, whatever it says. Bounds: RFC 5321, section 4.5.3.1, and RFC 1035, 2.3.4.
_LOCAL = r"(?<![A-Za-z0-9._%+-])(?=\.*+[A-Za-z0-9_%+-])[A-Za-z0-9._%+-]{1,64}+"
_LABEL = r"[^\W_][\w-]{0,62}+(?<![-_])"
_TOP = r"(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z]{2,24})(?![A-Za-z0-9_-])"


def _address(*, at: str, dot: str) -> str:
    return rf"{_LOCAL}{at}(?:{_LABEL}{dot}){{1,8}}{_TOP}"


# A word between brackets or bars; a bare " at " counts only where the dot is disguised, too, for
# "meet me at example.com" holds no address.
_GAP = r"\s{0,3}"
_OPEN, _CLOSE = r"[\[({<|]", r"[\])}>|]"
_BRACKETED_AT = rf"{_GAP}{_OPEN}{_GAP}(?:at|@|\uff20){_GAP}{_CLOSE}{_GAP}"
_BRACKETED_DOT = rf"{_GAP}{_OPEN}{_GAP}(?:dot|\.){_GAP}{_CLOSE}{_GAP}"
_SPELLED_AT = r"\s{1,3}at\s{1,3}"
_SPELLED_DOT = r"\s{1,3}dot\s{1,3}"
_SIGN = rf"{_GAP}[@\uff20]{_GAP}"
_ODD_DOT = rf"(?:{_BRACKETED_DOT}|{_SPELLED_DOT}|[\uff0e\u3002])"

_NORMAL = re.compile(_address(at="@", dot=r"\."))
_SUSPICIOUS = re.compile(
    "|".join(
        (
            _address(at="@", dot=r"\."),
            _address(at=_BRACKETED_AT, dot=rf"(?:{_ODD_DOT}|\.)"),
            _address(at=_SIGN, dot=_ODD_DOT),
            _address(at=_SPELLED_AT, dot=_ODD_DOT),
        )
    ),
    re.IGNORECASE,
)

INFO = AnalyzerInfo(
    key="email",
    name="E-mail addresses",
    kind="matcher",
    description="Finds e-mail addresses.",
    provider="builtin",
)


def find(text: str, *, mode: Mode = "NORMAL") -> Finding:
    """Return the e-mail addresses in `text`, each once, in the order in which they first stand.

    Modes other than NORMAL also find disguised ones, and are wrong now and then ("look at cats dot com").
    """
    pattern = _NORMAL if mode == "NORMAL" else _SUSPICIOUS
    matches = dict.fromkeys(match.group().lstrip(".") for match in pattern.finditer(text))
    return Finding(found=bool(matches), mode=mode, matches=tuple(matches), flagged=bool(matches))


def analyze(texts: Sequence[str]) -> list[Finding]:
    """Return one finding for each text."""
    return [find(text) for text in texts]
