"""The label cells of a file, each counted once and shown with where it goes, and the user's word on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from classifiers.importing import texts
from classifiers.importing.labels import LabelBook, Matched, Unknown, is_number
from moderation.text import is_blank, to_nfc

# More than a classifier may have labels; a column with more different cells is most likely the wrong one.
MOST_LISTED: Final = 200
# What a mapping says of cells whose rows shall be refused.
REFUSE: Final = "refuse"

_CELL_CHARS = 200


@dataclass(frozen=True, slots=True)
class LabelCell:
    """What stands in the label cells of `count` rows, and where it goes.

    `by` is number, name, unlabelled or refused; only the first two have a `label`. A refused one has a `sentence`
    that says why, and `nearest` is the number of the label that was perhaps meant.
    """

    cell: str
    count: int
    by: str
    label: int | None
    sentence: str
    nearest: int | None


class LabelCells:
    """Count what stands in label cells. Memory grows with the number of different cells, not with their length."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._others: set[bytes] = set()

    def add(self, cell: str) -> None:
        key = cell_key(cell)
        if key in self._counts or len(self._counts) < MOST_LISTED:
            self._counts[key] = self._counts.get(key, 0) + 1
        else:
            self._others.add(blake2b(key.encode(), digest_size=8).digest())

    @property
    def more(self) -> int:
        """How many different cells are counted, but not listed."""
        return len(self._others)

    def listed(self, book: LabelBook) -> Iterator[LabelCell]:
        """Yield each of the first `MOST_LISTED` different cells, the most frequent first, ties as they came."""
        for cell, count in sorted(self._counts.items(), key=lambda item: -item[1]):
            found = book.match(cell)
            if isinstance(found, Unknown):
                nearest = found.nearest.number if found.nearest else None
                yield LabelCell(cell, count, "refused", None, found.sentence, nearest)
            elif found.number is None:
                yield LabelCell(cell, count, "unlabelled", None, "", None)
            else:
                yield LabelCell(cell, count, "number" if is_number(cell) else "name", found.number, "", None)


class LabelMapping:
    """Find the label of each row: as the user has decided for its cell, otherwise as the book has it."""

    def __init__(self, book: LabelBook, *, decided: Mapping[str, int | str | None]) -> None:
        self._book = book
        self._decided = {cell_key(cell): label for cell, label in decided.items()}

    def match(self, cell: str) -> Matched | Unknown:
        """Return the label of a row with this cell, or why the row is refused."""
        key = cell_key(cell) if self._decided else ""
        if key not in self._decided:
            return self._book.match(cell)
        label = self._decided[key]
        if label == REFUSE:
            shown = f"“{texts.excerpt(key, limit=60)}”" if key else "an empty cell"
            return Unknown(f"Rows with {shown} as their label are left out, as was chosen for this file.", None)
        # The label may be gone since it was chosen: the book says so.
        return Matched(None) if label is None else self._book.match(str(label))


def cell_key(cell: str) -> str:
    """Return what two label cells share if they are the same for a mapping, fit to be shown and stored.

    White space around a cell and its Unicode form don't matter; what can't be seen is the same as nothing; of a cell
    too long to name a label, the start counts.
    """
    # Cut before it's normalized, with room for characters that become fewer.
    start = texts.shown(to_nfc(cell.strip()[: 4 * _CELL_CHARS]), limit=_CELL_CHARS)
    return "" if is_blank(start) else start


def read_mapping(entries: Sequence[Mapping[str, Any]]) -> dict[str, int | str | None]:
    """Return what was decided, by cell, from `[{"cell": "…", "label": 3}, …]`.

    Raises ValueError for a label that is neither a number, nor null, nor "refuse".
    """
    for entry in entries:
        label = entry["label"]
        if isinstance(label, bool) or not (label is None or label == REFUSE or isinstance(label, int)):
            raise ValueError("a mapping's label is a number, null or refuse")
    return {entry["cell"]: entry["label"] for entry in entries}
