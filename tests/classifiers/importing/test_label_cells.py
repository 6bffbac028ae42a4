"""Each different label cell once: how often it stands there, where it goes, and what the user decided."""

from __future__ import annotations

import pytest

from classifiers.importing.label_cells import LabelCell, LabelCells, LabelMapping, cell_key, read_mapping
from classifiers.importing.labels import LabelBook, LabelName, Matched, Unknown

BOOK = LabelBook([LabelName(0, "Fine"), LabelName(1, "Spam")])


def _count(*cells: str) -> LabelCells:
    counted = LabelCells()
    for cell in cells:
        counted.add(cell)
    return counted


def test_each_cell_is_listed_once_with_where_it_goes_the_most_frequent_first() -> None:
    counted = _count("Fine", "1", "fine", "", "junk", "Fine ", "1.0", "\u200b", "Sраm")

    assert list(counted.listed(BOOK)) == [
        LabelCell("Fine", 2, "name", 0, "", None),
        LabelCell("", 2, "unlabelled", None, "", None),
        LabelCell("1", 1, "number", 1, "", None),
        LabelCell("fine", 1, "name", 0, "", None),
        LabelCell("junk", 1, "refused", None, "“junk” is not a label. The labels are: 0 Fine, 1 Spam.", None),
        LabelCell("1.0", 1, "number", 1, "", None),
        LabelCell(
            "Sраm",
            1,
            "refused",
            None,
            "“Sраm” looks like the label “Spam”, but holds other or hidden characters (U+0430, U+0440). Write “Spam” "
            "or 1.",
            1,
        ),
    ]


def test_at_most_200_are_listed_and_the_others_counted_each_once() -> None:
    cells = [f"cell {number}" for number in range(205)]

    counted = _count(*cells, *cells)

    assert [cell.cell for cell in counted.listed(BOOK)] == cells[:200]
    assert counted.more == 5


KEYS = {
    "white space": (" Spam\t", "Spam"),
    "Unicode form": ("Spa\u0301m", "Spám"),
    "nothing to be seen": (" \u200b ", ""),
    "control characters": ("a\0b", "a\\x00b"),
    "half of a surrogate pair": ("a\ud83d", "a\\ud83d"),
    "a text in the wrong column": ("x" * 100_000, "x" * 199 + "…"),
}


@pytest.mark.parametrize(("cell", "key"), KEYS.values(), ids=KEYS.keys())
def test_a_key_is_the_cell_as_it_can_be_shown_and_stored(cell: str, key: str) -> None:
    assert cell_key(cell) == key


@pytest.mark.parametrize("cell", KEYS, ids=KEYS.keys())
def test_a_key_is_its_own_key(cell: str) -> None:
    assert cell_key(cell_key(KEYS[cell][0])) == KEYS[cell][1]


def test_what_was_decided_comes_before_what_the_cell_says() -> None:
    mapping = LabelMapping(BOOK, decided={"junk": 1, "Fine": None, " 1": 0, "": 1, "no": "refuse"})

    assert [mapping.match(cell) for cell in (" junk", "Fine", "1 ", "\u200b")] == [
        Matched(1),
        Matched(None),
        Matched(0),
        Matched(1),
    ]
    assert mapping.match("no") == Unknown(
        "Rows with “no” as their label are left out, as was chosen for this file.", None
    )


def test_a_cell_that_nothing_was_decided_about_says_its_label_itself() -> None:
    mapping = LabelMapping(BOOK, decided={"junk": 1})

    assert mapping.match("spam") == Matched(1)
    assert isinstance(mapping.match("Junk"), Unknown)


def test_a_label_that_is_gone_since_it_was_chosen_refuses_the_row() -> None:
    found = LabelMapping(BOOK, decided={"junk": 7}).match("junk")

    assert found == Unknown("There is no label 7. The labels are: 0 Fine, 1 Spam.", None)


@pytest.mark.parametrize("label", ["3", True, 1.5, [1]], ids=["digits", "boolean", "fraction", "list"])
def test_a_mapping_to_anything_but_a_label_is_refused(label: object) -> None:
    with pytest.raises(ValueError, match="a mapping's label is a number, null or refuse"):
        read_mapping([{"cell": "junk", "label": label}])


def test_a_mapping_is_read_by_cell() -> None:
    entries = [{"cell": "junk", "label": 1}, {"cell": "", "label": None}, {"cell": "x", "label": "refuse"}]

    assert read_mapping(entries) == {"junk": 1, "": None, "x": "refuse"}
