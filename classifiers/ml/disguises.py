"""Words that are spelled so that a filter misses them, read as a person reads them: "f r e e", "fr33", "F*R*E*E".

Hidden characters and look-alike letters are undone before, for all that reads a text (`moderation.text`). What is done
here goes into the encoder only: it guesses, and a guess must not change what people are shown or a wordlist sees.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

# Single letters with one and the same mark between them. Bounded, as all here: a hostile text costs what others do.
_SPACED = re.compile(
    r"(?<![^\W_])[A-Za-z0-9@$!]([ .\-*_])[A-Za-z0-9@$!](?![^\W_])(?:\1[A-Za-z0-9@$!](?![^\W_])){1,60}+(?!(?! )\1[^\W_])"
)
_TOKEN = re.compile(r"(?<![^\W_])[A-Za-z0-9@$!]{3,30}(?![^\W_])")
# "1st", "8mg" and "ip4" are what they say.
_HONEST = re.compile(r"\d+[a-z]{1,3}|[a-z]\d+|[a-z]{2}\d")
_PLAIN = str.maketrans("4@83910$57!", "aabegiosst" + "i")
_ONE_AS_L = str.maketrans("1", "l")
# The longest run of letters that is taken apart into words, and the longest of these.
_MOST_LETTERS = 40
_LONGEST_WORD = 20
# SentencePiece's and GPT-2's marks for a space.
_STARTS = ("\u2581", "\u0120")


def words_of(tokenizer: Any) -> Callable[[str], bool]:
    """Return what tells whether a lower-case word stands whole in the vocabulary of a tokenizer of `tokenizers`."""
    vocabulary = tokenizer.get_vocab()
    # Some vocabularies mark a word's start, others a word's continuation ("##ing", which is not alphabetic).
    marked = [piece[1:] for piece in vocabulary if piece[:1] in _STARTS]
    words = frozenset(word.lower() for word in marked or vocabulary if word.isascii() and word.isalpha())
    return words.__contains__


def undisguise(text: str, *, is_word: Callable[[str], bool]) -> str:
    """Return `text` with spaced-out words joined, and digits and signs that stand for letters as these letters.

    `is_word` tells whether a lower-case word is one: nothing is changed that doesn't become one, or several, by it.

    >>> known = {"free", "money", "now"}.__contains__
    >>> undisguise("F R E E m0ney, n-o-w! 4x wheels, gr8, 1 2 3", is_word=known)
    'free money, now! 4x wheels, gr8, 1 2 3'
    >>> undisguise("f r e e m o n e y", is_word=known)
    'free money'
    """

    def plain(match: re.Match[str]) -> str:
        token = match.group()
        # In "now!" the sign is none of the word.
        bare = token.rstrip("!").lower()
        if bare.isalpha() or not _is_mostly_letters(bare) or _HONEST.fullmatch(bare):
            return token
        return _as_word(token.lower(), is_word=is_word) or _with_end(bare, token, is_word=is_word) or token

    return _TOKEN.sub(plain, _join(text, is_word=is_word))


def _join(text: str, *, is_word: Callable[[str], bool]) -> str:
    pieces: list[str] = []
    end = 0
    while match := _SPACED.search(text, end):
        letters = match.group()[::2].lower()
        used, words = _as_words(letters, is_word=is_word) if _is_mostly_letters(letters) else (0, "")
        # A letter and a mark for each that was used, but no mark after the last.
        until = match.start() + 2 * used - 1 if used else match.end()
        pieces += [text[end : match.start()], words or match.group()]
        end = until
    return "".join([*pieces, text[end:]])


def _is_mostly_letters(letters: str) -> bool:
    return 2 * sum(map(str.isalpha, letters)) + 1 >= len(letters)


def _as_word(letters: str, *, is_word: Callable[[str], bool]) -> str:
    """Return the one word that the letters are, with digits and signs read as letters, or ""."""
    for candidate in (letters.translate(_PLAIN), letters.translate(_ONE_AS_L).translate(_PLAIN)):
        if len(candidate) > 2 and is_word(candidate):
            return candidate
    return ""


def _with_end(bare: str, token: str, *, is_word: Callable[[str], bool]) -> str:
    word = _as_word(bare, is_word=is_word)
    return word and word + token[len(bare) :]


def _as_words(letters: str, *, is_word: Callable[[str], bool]) -> tuple[int, str]:
    """Return how many of the letters, from the first on, make up words, and the fewest such words; (0, "") if none do.

    The last letters may belong to something else: "f r e e x". Each word has two letters at least, all together three.
    """
    if word := _as_word(letters, is_word=is_word):
        return len(letters), word
    letters = letters[:_MOST_LETTERS].translate(_PLAIN)
    ways: list[list[str] | None] = [[], None]
    for end in range(2, len(letters) + 1):
        found: list[list[str]] = []
        for start in range(max(0, end - _LONGEST_WORD), end - 1):
            before = ways[start]
            if before is not None and is_word(letters[start:end]):
                found.append([*before, letters[start:end]])
        ways.append(min(found, key=len, default=None))
    used = max((end for end, way in enumerate(ways) if way and end > 2), default=0)
    return used, " ".join(ways[used] or []) if used else ""
