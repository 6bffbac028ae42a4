"""What stands in a label's cell: its name, or its number where an import would take the name for something else."""

from __future__ import annotations

from collections.abc import Sequence

from classifiers.importing.labels import LabelBook, LabelName, Matched


class LabelWords:
    """The words for the labels of one classifier."""

    def __init__(self, labels: Sequence[LabelName]) -> None:
        self._book = LabelBook(labels)
        self._words: dict[tuple[int, str], str] = {}

    def word(self, number: int, *, name: str) -> str:
        """Return the label's name if an import finds this label by it, else its number.

        A name made of digits is read as a number, and one of which nothing can be seen as no label.

        >>> words = LabelWords([LabelName(0, "Fine"), LabelName(1, "5")])
        >>> words.word(0, name="Fine"), words.word(1, name="5")
        ('Fine', '1')
        """
        if (number, name) not in self._words:
            is_found = self._book.match(name) == Matched(number)
            self._words[number, name] = name if is_found else str(number)
        return self._words[number, name]
