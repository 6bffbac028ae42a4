"""Which columns of an uploaded table probably hold the text and the label: proposed, never chosen."""

from __future__ import annotations

from collections.abc import Sequence

# How people and other tools name these columns.
_TEXT_NAMES = ("text", "message", "content", "body", "comment", "value", "sentence", "review", "post", "text_data")
_LABEL_NAMES = ("label", "labels", "category", "class", "target", "answer", "tag")


def guess(header: Sequence[str], *, rows: Sequence[Sequence[str]]) -> tuple[int, int | None]:
    """Return the columns of text and label, counted from 0; the label's is None where no name fits.

    >>> guess(["id", "Message", "Class"], rows=[["1", "hello", "0"]])
    (1, 2)
    >>> guess(["a", "b"], rows=[["1", "a longer text"], ["2", "and another"]])
    (1, None)
    """
    names = [name.strip().casefold() for name in header]
    text = _find(names, _TEXT_NAMES)
    if text is None:
        text = max(range(len(names)), key=lambda column: _chars(rows, column), default=0)
    label = _find(names, _LABEL_NAMES)
    return text, None if label == text else label


def _find(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _chars(rows: Sequence[Sequence[str]], column: int) -> int:
    return sum(len(row[column]) for row in rows if column < len(row))
