"""How a file's bytes become characters: told by its marks, proved by decoding it, or asked of the user."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from classifiers.importing import kinds, texts
from classifiers.importing.file_problem import FileProblem

# What a user may choose, and how it is called on screen. Closed: Python knows "encodings" that unpack archives.
ENCODINGS: Final = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Western European (Windows-1252)",
    "iso8859-1": "Western European (Latin-1)",
    "iso8859-15": "Western European (Latin-9)",
    "mac_roman": "Western European (Macintosh)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8-r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1256": "Arabic (Windows-1256)",
    "cp932": "Japanese (Windows-932)",
    "gb18030": "Chinese, simplified (GB 18030)",
    "big5": "Chinese, traditional (Big5)",
    "cp949": "Korean (Windows-949)",
}
# Programs that don't write UTF-8 mostly write this one: Excel's plain "CSV" on Western Windows.
SUGGESTED: Final = "cp1252"

# Longest piece of a line that is decoded at once, so that a file without line ends doesn't fill the memory.
_PIECE_CHARS = 1_000_000
_CONTEXT_CHARS = 20
_SURROGATE = re.compile("[\ud800-\udfff]")


class Utf16WithoutMark(FileProblem):
    """UTF-16 or UTF-32 that nothing announces can't be told from damage for sure."""

    code = "utf16_without_mark"


class UnknownEncoding(FileProblem):
    """The encoding asked for isn't among ENCODINGS."""

    code = "unknown_encoding"


@dataclass(frozen=True)
class EncodingFound:
    """The encoding to read a file with. Unless `certain`, the user confirms it. `note` says what was seen."""

    name: str
    certain: bool
    note: str


def require_known(encoding: str) -> None:
    """Raise UnknownEncoding unless this is one of ENCODINGS."""
    if encoding not in ENCODINGS:
        raise UnknownEncoding(f"The encoding “{texts.shown(encoding, limit=30)}” isn't known. Choose another one.")


def settle_encoding(path: Path, *, asked: str | None = None) -> EncodingFound:
    """Return the encoding to read a file with: its mark wins, then what the user asked for, then detection.

    Raises Utf16WithoutMark, UnknownEncoding, Unreadable.
    """
    if asked is not None:
        require_known(asked)
    found = _from_head(kinds.read_head(path), asked=asked)
    if found is not None:
        return found
    return detect_encoding(path) if asked is None else EncodingFound(asked, True, f"{ENCODINGS[asked]}, as chosen.")


def detect_encoding(path: Path) -> EncodingFound:
    """Return the encoding that a file's bytes speak for, reading all of it.

    - A byte order mark settles it: UTF-8 or UTF-16.
    - Every byte is valid UTF-8: UTF-8.
    - Among the lines that aren't plain ASCII, those that are proper UTF-8 outnumber those that aren't: UTF-8 with
      damage. (What other encodings write is proper UTF-8 by chance only.) The damaged rows are refused later.
    - Otherwise Windows-1252, uncertain: the user looks at the preview and confirms it or chooses another one.

    Raises Utf16WithoutMark, Unreadable.
    """
    found = _from_head(kinds.read_head(path))
    if found is not None:
        return found
    tally = _tally_utf_8(path)
    if not tally.damaged:
        return EncodingFound("utf-8", True, "UTF-8.")
    where = f"Line {tally.first_damaged:,}"
    if tally.proper > tally.damaged:
        note = f"UTF-8, but for damaged bytes. {where} is the first that holds such; its row will be refused."
        return EncodingFound("utf-8", True, note)
    note = (
        f"Not UTF-8. {where} is the first to show it; as {ENCODINGS[SUGGESTED]} it reads “{tally.first_reads}”. "
        "Check that, and confirm this encoding or choose another one."
    )
    return EncodingFound(SUGGESTED, False, note)


def open_text(path: Path, *, encoding: str) -> TextIO:
    r"""Open a file as text that keeps what it can't decode and all line ends as they are.

    Bytes that aren't in the encoding come as U+DC80 to U+DCFF, lone surrogates of UTF-16 as themselves; nothing
    ever becomes U+FFFD. Lines end at \n, \r\n or \r alike.
    """
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    return path.open(encoding=codec, errors=error_handler(encoding), newline="")


def error_handler(encoding: str) -> str:
    """Return the name of the codec error handler that loses nothing."""
    return "surrogatepass" if encoding == "utf-16" else "surrogateescape"


def mark_size_bytes(path: Path) -> int:
    """Return how many bytes the file's byte order mark takes, 0 without one."""
    head = kinds.read_head(path)
    if head.startswith(codecs.BOM_UTF8):
        return 3
    return 2 if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else 0


def find_surrogate(text: str) -> int | None:
    """Return where the first character stands that couldn't be decoded, or None."""
    match = _SURROGATE.search(text)
    return match.start() if match else None


def _from_head(head: bytes, *, asked: str | None = None) -> EncodingFound | None:
    if head.startswith(codecs.BOM_UTF8):
        return EncodingFound("utf-8", True, "UTF-8, with a byte order mark.")
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Utf16WithoutMark("The file looks like UTF-32. Save it as UTF-8.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return EncodingFound("utf-16", True, "UTF-16, with a byte order mark.")
    if asked == "utf-16" or kinds.looks_like_utf_16(head):
        raise Utf16WithoutMark("The file looks like UTF-16 without a byte order mark. Save it as UTF-8.")
    return None


@dataclass
class _Tally:
    proper: int = 0
    damaged: int = 0
    first_damaged: int = 0
    first_reads: str = ""


def _tally_utf_8(path: Path) -> _Tally:
    tally = _Tally()
    number = 0
    with open_text(path, encoding="utf-8") as file:
        while line := file.readline(_PIECE_CHARS):
            number += 1
            if line.isascii():
                continue
            at = find_surrogate(line)
            if at is None:
                tally.proper += 1
                continue
            tally.damaged += 1
            if tally.damaged == 1:
                tally.first_damaged = number
                tally.first_reads = _as_suggested(line, at=at)
    return tally


def _as_suggested(line: str, *, at: int) -> str:
    part = line[max(0, at - _CONTEXT_CHARS) : at + _CONTEXT_CHARS].strip()
    read = part.encode("utf-8", "surrogateescape").decode(SUGGESTED, "surrogateescape")
    return texts.shown(read, limit=len(read))
