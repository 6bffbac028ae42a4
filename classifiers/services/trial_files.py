"""A file of texts to try: read as an upload is, and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from classifiers.importing import encodings, kinds
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.labels import LabelBook
from classifiers.services import column_guess, import_files
from classifiers.services.import_files import FileRefused
from classifiers.services.trials import MOST_TEXTS

# Ten times what a thousand posts take.
MOST_BYTES = 5_000_000
_TIMEOUT_S = 20
_TEXT_ENDING = ".txt"


@dataclass(frozen=True)
class TrialFile:
    """The texts of a file, and how they were read, in a sentence. `refused` says of some rows why they weren't."""

    texts: tuple[str, ...]
    how_read: str
    refused: tuple[str, ...] = ()


def read(file: UploadedFile) -> TrialFile:
    """Return the file's texts: of a table those of the column that looks like it, of a .txt each line.

    Raises FileRefused: for the reasons for which an upload is refused, for too many texts, or for none.
    """
    if file.size > MOST_BYTES:
        raise FileRefused(f"The file is larger than {MOST_BYTES / 1e6:g} MB. Take some of its rows.", code="too_large")
    path = Path(file.temporary_file_path())
    try:
        is_lines = str(file.name).lower().endswith(_TEXT_ENDING) and kinds.find_kind(path) is None
        found = _read_lines(path) if is_lines else _read_table(path, name=str(file.name))
    except FileProblem as problem:
        raise FileRefused(problem.sentence, code=problem.code) from problem
    if not found.texts:
        raise FileRefused(" ".join(["There is no text in the file that can be tried.", *found.refused[:1]]))
    return found


def _read_lines(path: Path) -> TrialFile:
    found = encodings.settle_encoding(path)
    with encodings.open_text(path, encoding=found.name) as file:
        lines = file.read().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    texts = tuple(line for line in lines if line.strip())
    if len(texts) > MOST_TEXTS:
        raise _too_many()
    return TrialFile(texts=texts, how_read=_in_sentences("Each line of the file is a text.", found.certain, found.note))


def _read_table(path: Path, *, name: str) -> TrialFile:
    try:
        seen = import_files.look_at(path, limit_rows=MOST_TEXTS, timeout_s=_TIMEOUT_S)
        kinds.require_name(name, is_workbook=seen.kind == kinds.XLSX.code)
        if seen.header_problems:
            raise FileRefused(" ".join(seen.header_problems))
        column, _ = column_guess.guess(seen.header, rows=seen.first_rows, book=LabelBook([]))
        rows = import_files.read_texts(path, seen=seen, text_column=column, limit_rows=MOST_TEXTS, timeout_s=_TIMEOUT_S)
    except FileRefused as problem:
        if problem.code == "too_many_rows":
            raise _too_many() from problem
        raise
    sheet = f", sheet “{seen.sheet}”" if seen.sheet else ""
    how_read = f"Read from the column “{seen.header[column]}”{sheet}. For another one, name that column “text”."
    return TrialFile(
        texts=tuple(row["text"] for row in rows if "text" in row),
        how_read=_in_sentences(how_read, seen.certain, seen.encoding_note),
        refused=tuple(_refusal(row) for row in rows if "refused" in row),
    )


def _refusal(row: dict[str, Any]) -> str:
    return f"Row {row['row']:,}: {row['refused']}"


def _in_sentences(how_read: str, is_certain: bool, note: str) -> str:
    return how_read if is_certain else f"{how_read} {note}"


def _too_many() -> FileRefused:
    return FileRefused(f"The file has more than {MOST_TEXTS:,} texts, the limit of a test run. Take some of its rows.")
