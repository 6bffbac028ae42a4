"""What one text may hold, the form in which it is kept, and how broken ones are shown."""

from __future__ import annotations

import re
from typing import Final

from moderation.text import is_blank, to_nfc

MAX_TEXT_CHARS: Final = 100_000

# PostgreSQL can't store U+0000, and the others are nothing a person typed; tab and line ends are.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_END = re.compile("\r\n?")


class BadText(Exception):
    """One text can't be taken; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def clean_text(raw: str) -> str:
    r"""Return the text as it is kept: NFC, outer white space gone, \r\n and \r turned to \n, nothing else changed.

    Units: length is counted in code points.
    Raises BadText for a text that is too long, blank (nothing in it can be seen), or holds control characters or
    halves of surrogate pairs.
    """
    text = raw.strip()
    _check_length(text)
    fault = _CONTROL.search(raw)
    if fault:
        code = ord(fault.group())
        name = "the NUL character" if code == 0 else f"the control character U+{code:04X}"
        raise BadText(f"The text holds {name}, as its character {fault.start() + 1:,}. Remove it.")
    text = _LINE_END.sub("\n", text)
    if is_blank(text):
        raise BadText("The text is blank. It needs at least one character that can be seen.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        where = error.start + 1
        raise BadText(f"The text holds half of a surrogate pair, as its character {where:,}. Remove it.") from error
    text = to_nfc(text)
    # A few characters become two or three in NFC.
    _check_length(text)
    return text


def shown(text: str, *, limit: int) -> str:
    r"""Return the start of `text` for a screen: control characters and broken bytes as \x00, no half characters.

    Units: `limit` counts characters of the result.
    """
    start = _UNSHOWABLE.sub(_escape, text[: limit + 1])
    return start if len(start) <= limit else start[: limit - 1] + "…"


def excerpt(text: str, *, limit: int = 120) -> str:
    """Return the start of `text` in one line, to recognize a refused row by."""
    return shown(" ".join(text[: 2 * limit].split()), limit=limit)


def _check_length(text: str) -> None:
    if len(text) > MAX_TEXT_CHARS:
        raise BadText(f"The text is {len(text):,} characters long; the limit is {MAX_TEXT_CHARS:,}. Shorten it.")


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:
        # A byte that couldn't be decoded, as `surrogateescape` keeps it.
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
