"""The key by which duplicates are found. Version 2.

The keys are stored with the examples, so this can't change without computing all of them anew: a change makes
version 3 and a data migration, as 0005 was for version 2, which forgives case. Unicode promises that neither normal
forms nor case folding of assigned characters ever change.
"""

from __future__ import annotations

import hashlib

from moderation.text import to_nfc


def text_key(text: str) -> str:
    """Return 64 hex digits that two texts share if they differ in white space, case and composition only.

    SHA-256 of the text's UTF-8, in NFC and folded to one case, with each run of white space (as `str.isspace` has it)
    made one blank and none at either end. Punctuation and zero-width characters count.

    Features are kept by this key too: to an encoder that tells case, unlike the one that is shipped, texts that differ
    in case only are what the first of them was.

    Raises UnicodeEncodeError for half a surrogate pair, which `texts.clean_text` refuses.
    """
    canonical = " ".join(to_nfc(to_nfc(text).casefold()).split())
    return hashlib.sha256(canonical.encode()).hexdigest()
