"""What people do to a word so that a filter misses it, done on purpose: to tune an encoder and to measure it.

Pure: the generator comes in as an argument. Letters are ASCII's; other text comes back as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

_WORD = re.compile(r"[A-Za-z]{3,}")
# As many words of a text are touched, at least one where there is any.
SHARE = 0.5
# Cyrillic and Greek letters that look like these.
_TWINS = {"a": "\u0430", "c": "\u0441", "e": "\u0435", "i": "\u0456", "o": "\u043e", "p": "\u0440", "x": "\u0445"}
_LEET = {"a": "4@", "b": "8", "e": "3", "g": "9", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7"}
_HIDDEN = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad")
_EMOJI = ("\U0001f642", "\U0001f602", "\U0001f914", "\U0001f44d", "\u2728", "\U0001f525", "\U0001f389", "\U0001f44b")
# Neighbors on a QWERTY keyboard, in the same row.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEAR = {
    letter: row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    for row in _ROWS
    for place, letter in enumerate(row)
}

Attack = Callable[[str, np.random.Generator], str]


def attack(text: str, *, kind: str, rng: np.random.Generator, share: float = SHARE) -> str:
    """Return `text` with that share of its words disguised in the way of ATTACKS that `kind` names.

    A word has at least three letters. Raises KeyError where `kind` is none of ATTACKS.

    >>> attack("free money", kind="zero-width", rng=np.random.default_rng(0), share=1.0) == "free money"
    False
    """
    disguise = ATTACKS[kind]
    words = list(_WORD.finditer(text))
    if not words:
        return text
    count = max(1, round(share * len(words)))
    chosen = sorted(rng.permutation(len(words))[:count].tolist())
    pieces: list[str] = []
    end = 0
    for place in chosen:
        word = words[place]
        pieces += [text[end : word.start()], disguise(word.group(), rng)]
        end = word.end()
    return "".join([*pieces, text[end:]])


def _look_alike(word: str, rng: np.random.Generator) -> str:
    return _swap(word, _TWINS, rng)


def _leet(word: str, rng: np.random.Generator) -> str:
    return _swap(word, _LEET, rng)


def _zero_width(word: str, rng: np.random.Generator) -> str:
    place = int(rng.integers(1, len(word)))
    return word[:place] + _pick(_HIDDEN, rng) + word[place:]


def _spaced(word: str, rng: np.random.Generator) -> str:
    return _pick((" ", " ", ".", "-", "*"), rng).join(word)


def _casing(word: str, rng: np.random.Generator) -> str:
    if rng.random() < 0.5:
        return word.upper()
    return "".join(letter.upper() if rng.random() < 0.5 else letter.lower() for letter in word)


def _typo(word: str, rng: np.random.Generator) -> str:
    """Drop, double, transpose or mistype one letter, never the first."""
    place = int(rng.integers(1, len(word)))
    letter, rest = word[place], word[place + 1 :]
    how = int(rng.integers(4))
    if how == 0:
        return word[:place] + rest
    if how == 1:
        return word[:place] + letter * 2 + rest
    if how == 2 and rest:
        return word[:place] + rest[0] + letter + rest[1:]
    return word[:place] + _pick(_NEAR.get(letter.lower(), letter), rng) + rest


def _emoji(word: str, rng: np.random.Generator) -> str:
    return f"{word} {_pick(_EMOJI, rng)}" if rng.random() < 0.5 else f"{_pick(_EMOJI, rng)}{word}"


def _swap(word: str, table: Mapping[str, str], rng: np.random.Generator) -> str:
    """Return the word with half of the letters that the table has, at least one, as one of their stand-ins."""
    places = [place for place, letter in enumerate(word) if letter.lower() in table]
    if not places:
        return word
    letters = list(word)
    for place in rng.permutation(places)[: max(1, (len(places) + 1) // 2)].tolist():
        letters[place] = _pick(table[letters[place].lower()], rng)
    return "".join(letters)


def _pick(choices: str | tuple[str, ...], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


# By the name under which figures are reported.
ATTACKS: dict[str, Attack] = {
    "look-alikes": _look_alike,
    "zero-width": _zero_width,
    "spaced": _spaced,
    "leet": _leet,
    "casing": _casing,
    "typos": _typo,
    "emoji": _emoji,
}
