"""The formats of small tables, and where a table waits between its preview and its import."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from import_export.formats.base_formats import CSV, JSON, TSV, XLSX
from import_export.tmp_storages import BaseStorage
from tablib import Dataset

from classifiers.importing import xlsx_records, xlsx_workbook
from classifiers.importing.file_problem import FileProblem

# Fifty labels with the longest descriptions that there can be.
MOST_BYTES = 250_000
_SALT = "small table"
_WAITS_S = 3_600


class BadCells(FileProblem):
    """A workbook's cells are no table."""

    code = "bad_cells"


class GuardedXlsx(XLSX):
    """Excel workbooks, read by our own reader: the library's would unpack whatever it is given."""

    def create_dataset(self, in_stream: bytes) -> Dataset:
        """Return the first sheet that isn't hidden as a table. Raises FileProblem."""
        settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=settings.WORK_DIR, suffix=".xlsx") as file:
            file.write(in_stream)
            file.flush()
            return _read(Path(file.name))


FORMATS = (CSV, GuardedXlsx, TSV, JSON)


class SignedStorage(BaseStorage):  # type: ignore[misc]
    """Keeps a small table in the form that confirms it, signed: no file, and no process that must remember it."""

    def save(self, data: bytes) -> None:
        """Put the table into the name that the form sends back."""
        self.name = signing.dumps(base64.b64encode(data).decode(), salt=_SALT, compress=True)

    def read(self) -> bytes:
        """Return the table. Raises BadSignature for one that wasn't shown here within the hour."""
        return base64.b64decode(signing.loads(self.name, salt=_SALT, max_age=_WAITS_S))

    def remove(self) -> None:
        """Nothing stays behind."""


def sentence_for(error: Exception, *, name: str) -> str:
    """Return why a file can't be read in the format `name`."""
    if isinstance(error, FileProblem):
        return error.sentence
    if isinstance(error, UnicodeDecodeError):
        return "The file isn't UTF-8. Save it again as UTF-8, or as an Excel workbook."
    return f"The file can't be read as {name.upper()}. Choose the format that it has; each row needs as many cells."


def _read(path: Path) -> Dataset:
    workbook = xlsx_workbook.open_workbook(path)
    sheet = next((sheet for sheet in workbook.sheets if not sheet.is_hidden), None)
    if sheet is None:
        raise BadCells("All sheets of the workbook are hidden. Show one in Excel and save.")
    table = Dataset()
    for record in xlsx_records.read_records(workbook, sheet=sheet):
        for fault in record.faults.values():
            raise BadCells(fault)
        _append(table, record.cells, number=record.number)
    return table


def _append(table: Dataset, cells: list[Any], *, number: int) -> None:
    if table.headers is None:
        table.headers = cells
    elif len(cells) > len(table.headers):
        raise BadCells(f"Row {number:,} has more cells than the header. Name their columns or delete them.")
    else:
        table.append(cells + [""] * (len(table.headers) - len(cells)))
