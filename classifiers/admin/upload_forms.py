"""The forms with which a person says how an uploaded file is to be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from classifiers.importing.delimiters import DELIMITERS
from classifiers.importing.encodings import ENCODINGS
from classifiers.importing.label_cells import MOST_LISTED, REFUSE, LabelCell
from classifiers.models import FileKind, ImportRun, Label

_NO_LABEL = "none"
_AS_IT_IS = ""
# What there is to choose for each kind of file.
_READINGS: Mapping[str, tuple[str, ...]] = {FileKind.CSV: ("encoding", "delimiter"), FileKind.XLSX: ("sheet",)}


class SheetSelect(UnfoldAdminSelectWidget):
    """A choice of sheets; hidden ones are named, but can't be chosen."""

    def offer(self, sheets: Mapping[str, str]) -> None:
        self.choices = [(name, f"{name} (hidden)" if look == "hidden" else name) for name, look in sheets.items()]
        self.hidden = {name for name, look in sheets.items() if look == "hidden"}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value in self.hidden:
            option["attrs"]["disabled"] = True
        return option


class ReadingForm(forms.Form):
    """How the file's bytes become cells: as far as that is open for its kind."""

    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()), widget=UnfoldAdminSelectWidget)
    delimiter = forms.ChoiceField(
        label="Cells are parted by a", choices=list(DELIMITERS.items()), widget=UnfoldAdminSelectWidget
    )
    sheet = forms.CharField(strip=False, required=False, widget=SheetSelect)

    def __init__(self, given: Mapping[str, Any], *, run: ImportRun) -> None:
        names = _READINGS.get(run.kind, ())
        super().__init__({name: given.get(name) or getattr(run, name) for name in names})
        for name in set(self.fields) - set(names):
            del self.fields[name]
        self.offer({run.sheet: "visible"})

    def offer(self, sheets: Mapping[str, str]) -> None:
        """Let these sheets be chosen."""
        if "sheet" in self.fields:
            self.fields["sheet"].widget.offer(sheets)


class ColumnsForm(forms.Form):
    """Which column holds what."""

    text_column = forms.TypedChoiceField(
        coerce=int, label="Column with the text", widget=UnfoldAdminSelectWidget(attrs={"data-hr-column": "text"})
    )
    label_column = forms.TypedChoiceField(
        coerce=int,
        required=False,
        empty_value=None,
        label="Column with the label",
        widget=UnfoldAdminSelectWidget(attrs={"data-hr-column": "label"}),
    )

    def __init__(self, *args: Any, header: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.header = header
        columns = [(index, f"{index + 1}: {name}") for index, name in enumerate(header)]
        self.fields["text_column"].choices = columns
        self.fields["label_column"].choices = [("", "None: the texts have no labels yet"), *columns]


@dataclass(frozen=True)
class Destination:
    """A label cell in the table, and the field with which it's sent elsewhere."""

    cell: LabelCell
    field: forms.BoundField
    is_changed: bool


class MappingForm(forms.Form):
    """Where each label cell of a file goes. What isn't changed goes where its words say."""

    def __init__(self, *, cells: Sequence[LabelCell], run: ImportRun, labels: Iterable[Label]) -> None:
        super().__init__()
        self.cells = cells
        self._decided = {entry["cell"]: _as_choice(entry["label"]) for entry in run.label_mapping}
        choices = [
            *((str(label.number), f"{label.number}: {label.name}") for label in labels),
            (_NO_LABEL, "No label"),
            (REFUSE, "Leave these rows out"),
        ]
        codes = {code for code, _ in choices}
        for index, cell in enumerate(cells):
            own = _as_choice(cell.label) if cell.by != "refused" else REFUSE
            decided = self._decided.get(cell.cell, own)
            self.fields[f"cell-{index}"] = forms.ChoiceField(
                required=False,
                label=f"Where {cell.cell or 'an empty cell'} goes",
                # The choice that its words lead to is no decision: it has no value.
                choices=[(_AS_IT_IS if code == own else code, name) for code, name in choices],
                initial=decided if decided != own and decided in codes else _AS_IT_IS,
                widget=UnfoldAdminSelectWidget,
            )

    def destinations(self) -> list[Destination]:
        """Return the rows of the table, in the order of the cells."""
        return [
            Destination(cell=cell, field=self[f"cell-{index}"], is_changed=cell.cell in self._decided)
            for index, cell in enumerate(self.cells)
        ]


def read_mapping(posted: Mapping[str, Any], *, cells: Any) -> list[dict[str, Any]]:
    """Return what was decided about the label cells of a form, as `imports.map_labels` takes it.

    `cells` is the list that was shown. Raises ValueError for what no page sends.
    """
    if not isinstance(cells, list) or len(cells) > MOST_LISTED or not all(isinstance(cell, str) for cell in cells):
        raise ValueError("no list of cells")
    chosen = {cell: str(posted.get(f"cell-{index}", _AS_IT_IS)) for index, cell in enumerate(cells)}
    return [{"cell": cell, "label": _as_label(choice)} for cell, choice in chosen.items() if choice != _AS_IT_IS]


def _as_choice(label: int | str | None) -> str:
    return _NO_LABEL if label is None else str(label)


def _as_label(choice: str) -> int | str | None:
    if choice == _NO_LABEL:
        return None
    # The service knows which labels there are.
    return choice if choice == REFUSE else int(choice)
