"""Which columns of an uploaded table probably hold the text and the label: proposed, never chosen."""

from __future__ import annotations

from collections.abc import Sequence

from classifiers.importing.labels import LabelBook, Matched

# How people and other tools name these columns.
_TEXT_NAMES = ("text", "message", "content", "body", "comment", "value", "sentence", "review", "post", "text_data")
_LABEL_NAMES = ("label", "labels", "category", "class", "target", "answer", "tag")


def guess(header: Sequence[str], *, rows: Sequence[Sequence[str]], book: LabelBook) -> tuple[int, int | None]:
    """Return the columns of text and label, counted from 0.

    The label's goes by its name, else by its cells: whatever isn't blank in it names one of the labels in `book`. It is
    None where neither fits.
    """
    names = [name.strip().casefold() for name in header]
    text = _find(names, _TEXT_NAMES)
    if text is None:
        text = max(range(len(names)), key=lambda column: _chars(rows, column), default=0)
    label = _find(names, _LABEL_NAMES)
    if label is None:
        label = next((column for column in range(len(names)) if _names_labels(rows, column, book=book)), None)
    return text, None if label == text else label


def _find(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _names_labels(rows: Sequence[Sequence[str]], column: int, *, book: LabelBook) -> bool:
    found = [book.match(row[column]) for row in rows if column < len(row)]
    if not all(isinstance(each, Matched) for each in found):
        return False
    # One label alone may be chance: rows that are counted from 0, or all from one source.
    return len({each.number for each in found if isinstance(each, Matched)} - {None}) > 1


def _chars(rows: Sequence[Sequence[str]], column: int) -> int:
    return sum(len(row[column]) for row in rows if column < len(row))
