"""Input made to be slow costs time that grows with its length only, and never stops a server for long."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest

from moderation import strict_json
from moderation.analyzers import email
from moderation.text import is_blank, normalize

pytestmark = pytest.mark.slow

# Four times the input may take ten times as long, which no quadratic algorithm keeps. What takes less than the noise
# is never slow: the worst of these inputs takes 0.2 s, where a quadratic algorithm takes several.
_GROWTH = 10
_NOISE_S = 0.1


def _cost_s(work: Callable[[], object]) -> float:
    # Of the processor, not of the clock: the machine may be busy. And without the collector, whose cost depends on
    # all else that the tests have in memory.
    gc.disable()
    try:
        started = time.process_time()
        work()
        return time.process_time() - started
    finally:
        gc.enable()


def _assert_grows_linearly(work: Callable[[int], object], *, size: int) -> None:
    small = _cost_s(lambda: work(size // 4))
    large = _cost_s(lambda: work(size))

    assert large < _GROWTH * max(small, _NOISE_S)


def _parse(body: bytes) -> None:
    with pytest.raises(strict_json.BadJson):
        strict_json.parse(body)


@pytest.mark.parametrize(
    "piece",
    [b"[", b"{", b'{"a":', b'"', b"\\", b'"\\"', b'[""', b"[],", b"9", b"-", b" ", b"\\ud800", b"[1e9"],
    ids=lambda piece: piece.decode(),
)
def test_a_body_of_one_megabyte_is_refused_in_time(piece: bytes) -> None:
    _assert_grows_linearly(lambda size: _parse(b"[" + piece * (size // len(piece))), size=1_000_000)


def test_a_body_of_many_doubled_keys_is_refused_in_time() -> None:
    _assert_grows_linearly(lambda size: _parse(b"{" + b'"a":1,' * (size // 6) + b'"b":1}'), size=1_000_000)


def test_a_string_that_never_ends_is_refused_in_time() -> None:
    # Each of its quotes could begin a string anew; the flat brackets make the reader look at the structure at all.
    _assert_grows_linearly(lambda size: _parse(b"[" + b"[]," * 40 + b'"' + b'\\"' * (size // 2)), size=1_000_000)


PIECES = {
    "combining marks": "\u0301",
    "marks out of order": "\u0301\u0327",
    "marks of two": "\u0f73",
    "letters with marks": "a\u0301\u0327\u0301",
    "zero-width spaces": "\u200b",
    "hidden between letters": "a\u200b",
    "emoji and joiners": "👩\u200d",
    "flag and tags": "🏴\U000e0067",
    "tags": "\U000e0067",
    "mathematical letters": "𝐀",
    "full-width letters": "ａ",
    "two scripts in one word": "a\u0430",
    "two scripts in each word": "a\u0430 ",
    "Hangul letters": "\u1100\u1161",
    "ligature of 18 letters": "\ufdfa",
    "blanks": " ",
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_a_text_of_100_000_characters_is_normalized_in_time(piece: str) -> None:
    _assert_grows_linearly(lambda size: normalize("a" + piece * (size // len(piece))), size=100_000)


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_whether_a_long_text_is_blank_is_known_in_time(piece: str) -> None:
    _assert_grows_linearly(lambda size: is_blank(piece * (size // len(piece)) + "a"), size=100_000)


@pytest.mark.parametrize("mode", ["NORMAL", "SUSPICIOUS"])
@pytest.mark.parametrize(
    "piece",
    [
        "a@",
        "a@a.",
        "a.",
        "a",
        "@",
        ".",
        "a@b-",
        "a at ",
        "a at b dot ",
        "a[at]",
        "[",
        " ",
        "a@xn--",
        "a_",
        "ä@ä.",
        "a＠a．",
    ],
)
def test_addresses_are_looked_for_in_time(piece: str, mode: email.Mode) -> None:
    _assert_grows_linearly(lambda size: email.find("a@" + piece * (size // len(piece)) + " ", mode=mode), size=100_000)


def test_long_local_parts_and_labels_are_looked_through_in_time() -> None:
    _assert_grows_linearly(lambda size: email.find(("a" * 64 + "@" + "b" * 63 + ".") * (size // 129)), size=100_000)
