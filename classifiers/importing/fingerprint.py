"""The key by which duplicates are found. Version 1.

The keys are stored with the examples, so this can't change without computing all of them anew: a change makes
version 2 and a data migration. Unicode promises that normal forms of assigned characters never change.
"""

from __future__ import annotations

import hashlib

from moderation.text import to_nfc


def text_key(text: str) -> str:
    """Return 64 hex digits that two texts share if they differ in white space and composition only.

    SHA-256 of the text's UTF-8, in NFC, with each run of white space (as `str.isspace` has it) made one blank and
    none at either end. Case, punctuation and zero-width characters count: "FREE!!" and "free" teach different
    things.

    Raises UnicodeEncodeError for half a surrogate pair, which `texts.clean_text` refuses.
    """
    canonical = " ".join(to_nfc(text).split())
    return hashlib.sha256(canonical.encode()).hexdigest()
