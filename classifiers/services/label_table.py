"""A classifier's labels as a small table: the django-import-export resource that reads and writes it.

A row is the label of its name; one that isn't there is new. The rules are those of `services.labels`, through which
all rows are saved at once, or none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count
from typing import Any

from django.core.exceptions import ValidationError
from import_export import fields, resources
from tablib import Dataset

from classifiers.models import Label
from classifiers.services import labels
from classifiers.services.labels import BadLabels, LabelDraft

MOST_ROWS = 500
DESCRIPTION_CHARS = 4_000
COLUMNS = ("number", "name", "description", "color")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# A cell that starts with one of these is run as a formula by spreadsheets (OWASP, "CSV Injection"). It gets an
# apostrophe on its way out, as does one that would lose its own on its way in.
_FORMULA = re.compile("'*[=+\\-@\t\r]")
_GUARDED = re.compile("'+[=+\\-@\t\r]")


class BadTable(Exception):
    """The table as a whole can't be read; the message says why and what to do."""


class LabelResource(resources.ModelResource):
    """Read and write the labels of one classifier."""

    number = fields.Field(attribute="number", column_name="number")

    class Meta:
        model = Label
        fields = COLUMNS
        import_id_fields = ("name",)
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = False

    def __init__(self, classifier_id: int | None = None, by: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._classifier_id = classifier_id
        self._by = by
        self._present: dict[str, Label] = {}
        self._rows: dict[str, int] = {}
        self._drafts: list[LabelDraft] = []
        self._next_numbers = count()

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        """Look at the header and the labels that are there. Raises BadTable."""
        present = list(Label.objects.filter(classifier_id=self._classifier_id).order_by("number"))
        self._present = {label.name.casefold(): label for label in present}
        self._next_numbers = count(present[-1].number + 1 if present else 0)
        problem = _problem(dataset)
        if problem:
            # No row of it is looked at.
            dataset.wipe()
            raise BadTable(problem)
        dataset.headers = _names(dataset)

    def get_or_init_instance(self, instance_loader: Any, row: Mapping[str, Any]) -> tuple[Label, bool]:
        """Return the label of the row's name, and whether it is new. Raises ValidationError."""
        name = " ".join(_cell(row, "name").split())
        if not name:
            raise ValidationError({"name": "Give every label a name."})
        label = self._present.get(name.casefold())
        if label is not None:
            _check_number(row, there=label.number, new=None)
            return label, False
        number = next(self._next_numbers)
        _check_number(row, there=None, new=number)
        color = labels.propose_color(number)
        return Label(classifier_id=self._classifier_id, number=number, name=name, color=color), True

    def import_instance(self, instance: Label, row: Mapping[str, Any], **kwargs: Any) -> None:
        """Write the row's cells into the label; a column that isn't there changes nothing. Raises ValidationError."""
        earlier = self._rows.setdefault(instance.name.casefold(), kwargs["row_number"])
        if earlier != kwargs["row_number"]:
            raise ValidationError({"name": f"“{instance.name}” stands in row {earlier} already. Keep one of them."})
        if "description" in row:
            instance.description = _cell(row, "description")
            if len(instance.description) > DESCRIPTION_CHARS:
                raise ValidationError({"description": f"A description has at most {DESCRIPTION_CHARS:,} characters."})
        instance.color = _cell(row, "color").lower() or instance.color

    def skip_row(self, instance: Label, *args: Any, **kwargs: Any) -> bool:
        """Tell whether the row says what the label says already."""
        return instance.pk is not None and bool(super().skip_row(instance, *args, **kwargs))

    def save_instance(self, instance: Label, is_create: bool, row: Mapping[str, Any], **kwargs: Any) -> None:
        """Note what is to be saved once all rows are known."""
        self._drafts.append(
            LabelDraft(id=instance.pk, name=instance.name, description=instance.description, color=instance.color)
        )

    def after_import(self, dataset: Dataset, result: Any, **kwargs: Any) -> None:
        """Save all rows, unless one of them is wrong. Raises BadLabels."""
        if self._drafts and not (result.has_errors() or result.has_validation_errors()):
            labels.save(self._classifier_id or 0, drafts=self._drafts, by=self._by)

    def import_row(self, row: Mapping[str, Any], instance_loader: Any, **kwargs: Any) -> Any:
        """Read a row. What nobody expected isn't shown to the user, but raised."""
        read = super().import_row(row, instance_loader, **kwargs)
        for unexpected in read.errors:
            raise unexpected.error
        return read

    def handle_import_error(self, result: Any, error: Exception, raise_errors: bool = False) -> None:
        """Keep what is wrong for the page; what nobody expected isn't shown to the user, but raised."""
        if not isinstance(error, BadTable | BadLabels):
            raise error
        super().handle_import_error(result, error, raise_errors)

    def export_field(self, field: Any, instance: Label, **kwargs: Any) -> Any:
        """Return a cell that no spreadsheet takes for a formula."""
        value = super().export_field(field, instance, **kwargs)
        return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _problem(dataset: Dataset) -> str:
    names = _names(dataset)
    if "name" not in names:
        there = ", ".join(f"“{name[:40]}”" for name in names[:10])
        return f"There is no column “name” in the file; there are {there}. In a CSV file, commas part the cells."
    double = next((name for name in COLUMNS if names.count(name) > 1), "")
    if double:
        return f"The column “{double}” stands twice in the file. Keep one of them."
    # Such a cell could be neither stored nor shown.
    unstorable = next((n for n, row in enumerate(dataset, 1) if _UNSTORABLE.search("".join(map(str, row)))), 0)
    if unstorable:
        return f"Row {unstorable} holds a character that is no text, such as NUL. Remove it."
    if len(dataset) > MOST_ROWS:
        return f"The file has more than {MOST_ROWS} rows. No classifier needs as many labels; is it the right file?"
    return ""


def _names(dataset: Dataset) -> list[str]:
    return [str(name or "").strip().casefold() for name in dataset.headers or ()]


def _cell(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValidationError({column: "Write text in this cell."})
    text = str(value).strip()
    return text[1:] if _GUARDED.match(text) else text


def _check_number(row: Mapping[str, Any], *, there: int | None, new: int | None) -> None:
    """Raise ValidationError where the row's number isn't the label's: numbers follow from the order of creation."""
    given = _cell(row, "number").removesuffix(".0")
    if given in ("", str(there if new is None else new)):
        return
    if new is None:
        raise ValidationError({"number": f"This label has the number {there}. Correct it, or leave the cell empty."})
    raise ValidationError(
        {"number": f"A new label in this row would get the number {new}. Correct it, or leave the cell empty."}
    )
