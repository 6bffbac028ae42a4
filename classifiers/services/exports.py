"""A classifier's examples as a file, in as much memory as a piece of it takes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.db.models import QuerySet

from classifiers.exporting.columns import ExportRow
from classifiers.exporting.csv_writer import write_csv
from classifiers.exporting.jsonl_writer import write_jsonl
from classifiers.exporting.label_words import LabelWords
from classifiers.exporting.xlsx_writer import write_xlsx
from classifiers.importing.labels import LabelName
from classifiers.models import Classifier, Example
from classifiers.services import example_lists
from classifiers.services.example_lists import Choice

# At 100,000 characters a text, 50 million at worst.
_CHUNK_ROWS = 500
_PIECE_BYTES = 65_536
ALL = Choice()


class UnknownFormat(Exception):
    """There is no such format of export."""


@dataclass(frozen=True)
class Export:
    """A file on its way. Whoever takes it closes `pieces`, read to the end or not."""

    file_name: str
    content_type: str
    pieces: Iterator[bytes]


@dataclass(frozen=True)
class _Format:
    content_type: str
    write: Callable[[Iterator[ExportRow]], Iterator[bytes]]


class _FilePieces(Iterator[bytes]):
    """An open file, piece by piece. Closing closes it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __next__(self) -> bytes:
        piece = self._file.read(_PIECE_BYTES)
        if not piece:
            self.close()
            raise StopIteration
        return piece

    def close(self) -> None:
        self._file.close()


def export(classifier: Classifier, *, format: str, choice: Choice = ALL) -> Export:
    """Return the chosen examples as a file of the format csv, xlsx or jsonl.

    Order: by the text's key, which is the same wherever the text goes; see `exporting.columns` for the columns.
    What is added or changed while the file is read may be in it or not.

    Raises UnknownFormat, NoSuchLabel, and for xlsx DoesNotFit.
    """
    if format not in FORMATS:
        raise UnknownFormat(f"Choose one of the formats {', '.join(FORMATS)}.")
    chosen = example_lists.choose(classifier.pk, choice=choice)
    labels = [LabelName(label.number, label.name) for label in classifier.labels.all()]
    return Export(
        file_name=f"{classifier.key}-examples.{format}",
        content_type=FORMATS[format].content_type,
        pieces=FORMATS[format].write(_rows(chosen, words=LabelWords(labels))),
    )


def _rows(chosen: QuerySet[Example], *, words: LabelWords) -> Iterator[ExportRow]:
    # Chunk by chunk by key, and not by one long query: on SQLite that would keep the write-ahead log from being
    # emptied for as long as a slow reader takes.
    ordered = chosen.order_by("text_key").values_list("text_key", "text", "label__number", "label__name")
    last_key = ""
    while chunk := list(ordered.filter(text_key__gt=last_key)[:_CHUNK_ROWS]):
        for _, text, number, name in chunk:
            yield ExportRow(text=text, label="" if number is None else words.word(number, name=name))
        last_key = chunk[-1][0]


def _write_workbook(rows: Iterator[ExportRow]) -> Iterator[bytes]:
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    with ExitStack() as undo:
        # Without a name: it is gone when it's closed, even by the end of a process that was killed.
        file = undo.enter_context(tempfile.TemporaryFile(dir=settings.WORK_DIR))
        write_xlsx(rows, file=file)
        file.seek(0)
        undo.pop_all()
    return _FilePieces(file)


FORMATS = {
    "csv": _Format("text/csv; charset=utf-8", write_csv),
    "xlsx": _Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _write_workbook),
    "jsonl": _Format("application/x-ndjson; charset=utf-8", write_jsonl),
}
