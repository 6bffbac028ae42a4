"""The base of all reasons to refuse a file as a whole."""

from __future__ import annotations

from typing import ClassVar


class FileProblem(Exception):
    """Say in a sentence or two, meant for the user, why a file can't be read.

    `code` is for programs: each subclass, defined beside the function that raises it, has one.
    """

    code: ClassVar[str]

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
