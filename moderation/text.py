"""What a text says once tricks of the eye are undone: hidden characters go, look-alikes become letters."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass

# Hidden characters: Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt, 14.0), interlinear
# annotation marks, and control characters that are not white space.
_HIDDEN_CLASS = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_HIDDEN_RUN = re.compile(f"[{_HIDDEN_CLASS}]+")
_HIDDEN = re.compile(f"[{_HIDDEN_CLASS}]")
# U+2800 is the empty Braille cell: no white space to Unicode, but nothing to the eye.
_BLANK = re.compile(rf"[\s\u2800{_HIDDEN_CLASS}]*")

# Where a hidden character is spelling and not a trick.
_JOINED = re.compile(  # Arabic, Syriac, N'Ko, Mandaic, Indic, Mongolian and other scripts that join letters
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1700-\u18af\u1900-\u1cff\ua800-\ua8ff\ua980-\ua9df\uaa00-\uaadf"
    "\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00010f6f\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)
_UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf]")  # Thai, Khmer ...
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_MONGOLIAN = re.compile("[\u1800-\u180a\u1810-\u18af]")
_JAMO = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
_IDEOGRAPH = re.compile("[\u2e80-\u2fff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# Japanese, Chinese and Korean keyboards type full-width Latin letters as a matter of course.
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]")
# A flag of a part of a country (England, Scotland, Wales) is a black flag and a few tag characters.
_TAG_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")

_ZWSP, _ZWNJ, _ZWJ, _KEYCAP = "\u200b", "\u200c", "\u200d", "\u20e3"
_BIDI_MARKS = "\u200e\u200f\u061c"
_JAMO_FILLERS = "\u115f\u1160"
_MONGOLIAN_MARKS = "\u180b\u180c\u180d\u180e\u180f"
_TEXT_OR_EMOJI_STYLE = "\ufe0e\ufe0f"
_STYLED_PUNCTUATION = "\u00a9\u00ae\u203c\u2049\u2139\u3030\u303d"  # (c) (r) !! !? i and two Japanese marks

# Latin letter -> the Cyrillic and Greek letters that look like it.
# Source: Unicode Technical Standard 39, confusables.txt and intentional.txt (unicode.org/Public/security).
# Departures: the twins of capital I map to I (intentional.txt) and not, as in confusables.txt, to l; letters
# whose prototype is a Latin small capital or kra (b, h, k, m, t) map to the plain letter, as they are read.
_LOOKALIKES = {
    "A": "\u0391\u0410",
    "B": "\u0392\u0412",
    "C": "\u03f9\u0421",
    "E": "\u0395\u0415",
    "F": "\u03dc",
    "G": "\u050c",
    "H": "\u0397\u041d",
    "I": "\u0399\u0406\u04c0",
    "J": "\u037f\u0408",
    "K": "\u039a\u041a",
    "M": "\u039c\u03fa\u041c",
    "N": "\u039d",
    "O": "\u039f\u041e",
    "P": "\u03a1\u0420",
    "Q": "\u051a",
    "S": "\u0405",
    "T": "\u03a4\u0422",
    "V": "\u0474",
    "W": "\u051c",
    "X": "\u03a7\u0425",
    "Y": "\u03a5\u03d2\u0423\u04ae",
    "Z": "\u0396",
    "a": "\u03b1\u0430",
    "b": "\u0432\u042c\u044c",
    "c": "\u03f2\u0441",
    "d": "\u0501",
    "e": "\u0435\u04bd",
    "h": "\u043d\u04bb",
    "i": "\u03b9\u0456",
    "j": "\u03f3\u0458",
    "k": "\u03ba\u03f0\u043a",
    "l": "\u04cf",
    "m": "\u043c",
    "o": "\u03bf\u03c3\u043e",
    "p": "\u03c1\u03f1\u0440",
    "q": "\u051b",
    "r": "\u0433",
    "s": "\u0455",
    "t": "\u03c4\u0442",
    "u": "\u03c5",
    "v": "\u03bd\u0475",
    "w": "\u0461\u051d",
    "x": "\u0445",
    "y": "\u03b3\u0443\u04af",
}
_TO_LATIN = {twin: letter for letter, twins in _LOOKALIKES.items() for twin in twins}

# Mathematical letters and digits; the Letterlike Symbols fill the gaps of these alphabets.
_MATH_CLASS = (
    "\U0001d400-\U0001d7ff\u2102\u210a-\u210e\u2110-\u2112\u2115\u2119-\u211d\u2124\u2128\u212c\u212d"
    "\u212f-\u2131\u2133\u2134"
)
_MATH = re.compile(f"[{_MATH_CLASS}]")
_FULL_WIDTH = re.compile("[\uff01-\uff5e]")
_FULL_WIDTH_LETTER = re.compile("[\uff21-\uff3a\uff41-\uff5a]")
_ASCII_LETTER = re.compile("[A-Za-z]")
_FULL_WIDTH_RUN = re.compile("[\uff01-\uff5e]{2,}")
_WORD = re.compile("[^\\W_](?:[^\\W_]|[\u0300-\u036f])*+")
_ONE_LETTER = re.compile("[^\\W_][\u0300-\u036f]*")
_LATIN = re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_FOREIGN = re.compile("[\u0370-\u03ff\u1f00-\u1fff\u0400-\u052f\u1c80-\u1c8f]")
# “PDF” with a Cyrillic ending, “TNF” with a Greek alpha: an acronym and a native ending are honest.
_ACRONYM_WITH_ENDING = re.compile("[A-Z0-9]{2,}[\u03b1-\u03c9\u0430-\u045f]+")

# Reordering n combining marks costs n squared inside unicodedata (100,000 of them: 5 s), so they are sorted here
# first. Below this length none of that matters (2 ms at most).
_LONG_CHARS = 2_000


@dataclass(frozen=True)
class Normalized:
    """A text as it was sent, and as it reads. `spoofed`: hidden characters or look-alikes were found."""

    original: str
    content: str
    hidden_removed: int
    lookalikes_replaced: int

    @property
    def spoofed(self) -> bool:
        return bool(self.hidden_removed or self.lookalikes_replaced)


def is_blank(text: str) -> bool:
    """Tell whether nothing in `text` can be seen: white space, zero-width and other hidden characters only."""
    return _BLANK.fullmatch(text) is not None


def to_nfc(text: str) -> str:
    """Return `text` in Unicode's normal form C, in time that grows with its length only."""
    # Quick for most texts; it sorts nothing, for marks that are out of order answer it at once.
    if unicodedata.is_normalized("NFC", text):
        return text
    if len(text) > _LONG_CHARS:
        text = _sort_marks(text)
    return unicodedata.normalize("NFC", text)


def normalize(text: str) -> Normalized:
    """Return `text` as it reads: NFC, no hidden characters, look-alikes written as the Latin they mimic.

    A hidden character stays where a script or an emoji needs it. Cyrillic and Greek letters are replaced only
    inside words that mix them with Latin, mathematical and full-width ones only inside words of two or more:
    honest Cyrillic, Greek, Arabic or Japanese comes back as it was. A word whose letters are all Cyrillic or
    Greek is never touched, whatever it looks like.
    """
    if text.isascii() and not _HIDDEN_RUN.search(text):
        return Normalized(original=text, content=text, hidden_removed=0, lookalikes_replaced=0)
    visible, hidden_removed = _drop_hidden(to_nfc(text))
    content, lookalikes_replaced = _undo_lookalikes(visible)
    return Normalized(
        original=text,
        content=to_nfc(content),
        hidden_removed=hidden_removed,
        lookalikes_replaced=lookalikes_replaced,
    )


def _sort_marks(text: str) -> str:
    """Return a canonically equal text whose combining marks are in order, sorted in n log n."""
    # Taken apart first: U+0F73, for one, is no mark but made of two.
    decomposed = "".join([unicodedata.normalize("NFD", character) for character in text])
    runs = itertools.groupby(decomposed, key=lambda character: unicodedata.combining(character) > 0)
    return "".join(["".join(sorted(run, key=unicodedata.combining) if marks else run) for marks, run in runs])


def _drop_hidden(text: str) -> tuple[str, int]:
    """Return `text` without hidden characters that nothing needs, and how many went."""
    has_right_to_left = _RIGHT_TO_LEFT.search(text) is not None
    pieces: list[str] = []
    removed = end = 0
    for run in _HIDDEN_RUN.finditer(text):
        pieces.append(text[end : run.start()])
        end = run.end()
        kept = _kept_of(text, start=run.start(), end=end, has_right_to_left=has_right_to_left)
        pieces.append(kept)
        removed += len(run.group()) - len(kept)
    pieces.append(text[end:])
    return "".join(pieces), removed


def _kept_of(text: str, *, start: int, end: int, has_right_to_left: bool) -> str:
    """Return what stays of the run of hidden characters `text[start:end]`: a few at most."""
    flag = _TAG_FLAG.match(text, start - 1) if start else None
    kept = text[start : flag.end()] if flag else ""
    following = text[end : end + 1]
    for character in text[start + len(kept) : end]:
        previous = kept[-1:] or text[max(start - 1, 0) : start]
        if _is_spelling(character, previous=previous, following=following, has_right_to_left=has_right_to_left):
            kept += character
    return kept


def _is_spelling(character: str, *, previous: str, following: str, has_right_to_left: bool) -> bool:
    """Tell whether a hidden character belongs between two visible ones ("" at an end of the text)."""
    if character == _ZWJ and _is_emoji(following):
        return _is_emoji(previous) or (previous != "" and previous in _TEXT_OR_EMOJI_STYLE)
    if _HIDDEN.match(previous):
        return False
    if character in _BIDI_MARKS:
        return has_right_to_left and not (previous.isalnum() and following.isalnum())
    if character in _JAMO_FILLERS:
        return bool(_JAMO.match(previous) or _JAMO.match(following))
    if character == _ZWSP:
        return bool(_UNSPACED.match(previous) and _UNSPACED.match(following))
    if character in (_ZWNJ, _ZWJ):
        return bool(_JOINED.match(previous))
    if character in _MONGOLIAN_MARKS:
        return bool(_MONGOLIAN.match(previous))
    return _is_variation(character, previous=previous, following=following)


def _is_variation(character: str, *, previous: str, following: str) -> bool:
    """Tell whether a character is a variation selector after something that has variants."""
    if character in _TEXT_OR_EMOJI_STYLE:
        is_keycap = following == _KEYCAP and previous != "" and previous in "0123456789#*"
        return is_keycap or _is_emoji(previous) or (previous != "" and previous in _STYLED_PUNCTUATION)
    if "\ufe00" <= character <= "\ufe0d":
        return bool(_IDEOGRAPH.match(previous) or _JOINED.match(previous) or _is_emoji(previous))
    return "\U000e0100" <= character <= "\U000e01ef" and bool(_IDEOGRAPH.match(previous))


def _is_emoji(character: str) -> bool:
    """Tell whether a character is an emoji or another symbol that can be drawn as one."""
    # By range, too: Python's tables do not know the emoji of later Unicode versions.
    if "\U0001f000" <= character <= "\U0001faff":
        return True
    return character >= "\u2000" and unicodedata.category(character) in ("So", "Sm")


def _undo_lookalikes(text: str) -> tuple[str, int]:
    """Return `text` with look-alikes written as what they mimic, and how many characters that changed."""
    is_east_asian = _EAST_ASIAN.search(text) is not None
    replaced = 0

    def plain_run(match: re.Match[str]) -> str:
        nonlocal replaced
        plain = _compatible(match)
        if not any(map(str.isalnum, plain)):
            return match.group()
        replaced += len(plain)
        return plain

    def plain_word(match: re.Match[str]) -> str:
        nonlocal replaced
        word = match.group()
        if word.isascii():
            return word
        letters = _to_latin(_to_plain(word, is_east_asian=is_east_asian))
        replaced += sum(old != new for old, new in zip(word, letters, strict=True))
        return "".join(letters)

    if not is_east_asian:
        text = _FULL_WIDTH_RUN.sub(plain_run, text)
    return _WORD.sub(plain_word, text), replaced


def _to_plain(word: str, *, is_east_asian: bool) -> str:
    """Return a word with its mathematical and full-width characters as plain ones, one for one."""
    if _ONE_LETTER.fullmatch(word):
        return word
    word = _MATH.sub(_compatible, word)
    is_disguised = _FULL_WIDTH_LETTER.search(word) and (_ASCII_LETTER.search(word) or _FOREIGN.search(word))
    if is_east_asian and not is_disguised:
        return word
    return _FULL_WIDTH.sub(_compatible, word)


def _compatible(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match.group())


def _to_latin(word: str) -> list[str]:
    """Return the letters of a word, in Latin if it mixes scripts and every other letter has a Latin twin."""
    letters = list(word)
    if not (_LATIN.search(word) and _FOREIGN.search(word)) or _ACRONYM_WITH_ENDING.fullmatch(word):
        return letters
    latin = [_latin_twin(letter) if _FOREIGN.match(letter) else letter for letter in letters]
    return letters if "" in latin else latin


def _latin_twin(letter: str) -> str:
    """Return the Latin letter that a Cyrillic or Greek one looks like, its accents kept, or ""."""
    decomposed = unicodedata.normalize("NFD", letter)
    twin = _TO_LATIN.get(decomposed[0], "")
    return twin and twin + decomposed[1:]
