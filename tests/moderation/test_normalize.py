"""Tricks of the eye are undone, and honest texts of every script come back as they were."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.text import is_blank, normalize

HONEST = {
    "plain": "Is the lamp still there? 20€!",
    "accents": "naïve café, Ærøskøbing, Łódź, Việt Nam",
    "Cyrillic": "Привет, как дела? Ещё вопрос: сколько?",
    "Greek": "Καλημέρα κόσμε, πόσο κάνει;",
    "Cyrillic beside Latin": "Сбербанк online, PDF-файл, PDFы",
    "Arabic": "مرحبا بالعالم",
    "Persian with joiners": "می\u200cخواهم",
    "Hebrew with a mark": "שלום\u200f!",
    "Devanagari with joiner": "क्\u200dष",
    "Thai with breaks": "สวัสดี\u200bครับ",
    "Japanese": "こんにちは世界、日本語とEnglish",
    "full-width among Japanese": "ＡＢＣ会社",
    "half-width katakana": "ｶﾀｶﾅ",
    "Korean": "안녕하세요 ㅋㅋ",
    "emoji": "👍🏽 ❤️ 1️⃣ 👩‍👩‍👧‍👦 🏳️‍🌈",
    "flag of Scotland": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "signs": "½ x² ™ ℃ km² © №",
    "one mathematical letter": "𝒙 + y",
}
SPOOFED = {
    "Cyrillic in a Latin word": ("p\u0430yp\u0430l.com", "paypal.com", 0, 2),
    "Greek in a Latin word": ("\u03a4est", "Test", 0, 1),
    "zero-width space": ("fr\u200bee", "free", 1, 0),
    "soft hyphen": ("fr\u00adee", "free", 1, 0),
    "zero-width joiner": ("fr\u200dee", "free", 1, 0),
    "right-to-left override": ("a\u202eb", "ab", 1, 0),
    "variation selector": ("fr\ufe0fee", "free", 1, 0),
    "tag characters": ("free\U000e0061\U000e0062", "free", 2, 0),
    "control character": ("fr\x08ee", "free", 1, 0),
    "mathematical letters": ("𝐅𝐑𝐄𝐄 money", "FREE money", 0, 4),
    "full-width letters": ("ｆｒｅｅ", "free", 0, 4),
    "full-width address": ("ｗｗｗ．ａ．ｄｅ", "www.a.de", 0, 8),
    "both at once": ("c\u0430\u200bsino", "casino", 1, 1),
}


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_an_honest_text_comes_back_as_it_was(text: str) -> None:
    normalized = normalize(text)

    assert (normalized.content, normalized.spoofed) == (text, False)


@pytest.mark.parametrize(("text", "content", "hidden", "replaced"), SPOOFED.values(), ids=SPOOFED)
def test_a_spoofed_text_is_read_as_the_eye_reads_it(text: str, content: str, hidden: int, replaced: int) -> None:
    normalized = normalize(text)

    assert (normalized.original, normalized.content, normalized.spoofed) == (text, content, True)
    assert (normalized.hidden_removed, normalized.lookalikes_replaced) == (hidden, replaced)


def test_another_composition_of_the_same_letters_is_no_spoofing() -> None:
    normalized = normalize("cafe\u0301")

    assert (normalized.content, normalized.spoofed) == ("café", False)


# Characters for which the rules differ: look-alikes, hidden ones, and what they belong to.
_CHARACTERS = (
    "aAb\u0435\u043e\u03b1𝐅ｆ１\u200b\u200d\u00ad\u0301\u0327😀❤\ufe0f👩日あ한\u3164עم\u202e 1.#\u20e3\u200cक्\u180b🏴"
)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.text(st.sampled_from(_CHARACTERS), max_size=12) | st.text(max_size=20))
def test_every_visible_text_stays_visible_and_composed(text: str) -> None:
    content = normalize(text).content

    assert unicodedata.is_normalized("NFC", content)
    assert is_blank(text) or not is_blank(content)
