"""The different texts of a file: which stand in it more than once, and with which labels."""

from __future__ import annotations

import pytest

from classifiers.importing.fingerprint import text_key
from classifiers.services.import_texts import FileTexts, Repeated

SAME, OTHER = text_key("same"), text_key("other")


def _read(*rows: tuple[str, int | None]) -> FileTexts:
    texts = FileTexts()
    for number, (key, label) in enumerate(rows, 2):
        texts.add(key, row=number, label=label)
    return texts


def test_texts_come_once_each_in_the_order_of_the_file() -> None:
    texts = _read((SAME, 0), (OTHER, None), (SAME, 0))

    assert dict(texts) == {
        SAME: Repeated(first_row=2, label=0, label_row=2, count=2),
        OTHER: Repeated(first_row=3, label=None, label_row=3),
    }
    assert texts.repeated.keys() == {SAME}


@pytest.mark.parametrize("label", [None, 0, 1, 32_767])
def test_a_label_is_kept_whatever_its_number(label: int | None) -> None:
    [(key, text)] = _read((SAME, label))

    assert (key, text.label, text.first_row) == (SAME, label, 2)


def test_the_first_two_labels_that_differ_are_known_with_their_rows() -> None:
    texts = _read((SAME, None), (SAME, 1), (SAME, 1), (SAME, 0), (SAME, 2))

    assert texts.repeated == {
        SAME: Repeated(first_row=2, label=1, label_row=3, other_label=0, other_row=5, count=5),
    }


def test_adding_tells_whether_the_text_was_there() -> None:
    texts = FileTexts()

    answers = [texts.add(SAME, row=2, label=0), texts.add(OTHER, row=3, label=0), texts.add(SAME, row=4, label=0)]

    assert answers == [None, None, Repeated(first_row=2, label=0, label_row=2, count=2)]
