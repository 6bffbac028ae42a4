"""An uploaded file is kept as a draft, and looked at by a real child process."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from classifiers.models import ImportRun
from classifiers.services import imports
from classifiers.services.imports import FileRefused
from moderation.runs import RunState
from tests import uploads
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_a_file_is_kept_as_a_draft_with_what_was_seen(settings: Any) -> None:
    classifier, person = uploads.classifier(), UserFactory()

    run = imports.stage(classifier.pk, file=uploads.file("text;label\nhallo;0\n"), by=person)

    run.refresh_from_db()
    assert (run.state, run.classifier, run.requested_by) == (RunState.DRAFT, classifier, person)
    assert (run.encoding, run.delimiter, run.header) == ("utf-8", ";", ["text", "label"])
    assert (run.file_name, run.size_bytes, len(run.sha256)) == ("messages.csv", 19, 64)
    assert [path.read_bytes() for path in uploads.kept_files()] == [b"text;label\nhallo;0\n"]


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../etc/passwd", "passwd"),
        ("<img src=x onerror=alert(1)>.csv", "<img src=x onerror=alert(1)>.csv"),
        ("\u202efdp.csv", "\u202efdp.csv"),
        ("a\0b\ud83d.csv", "a\\x00b\\ud83d.csv"),
        ("x" * 300 + ".csv", "x" * 251 + ".csv"),
    ],
    ids=["path", "markup", "right to left", "NUL and half a character", "300 characters"],
)
def test_a_file_name_is_a_text_and_never_a_path(settings: Any, name: str, stored: str) -> None:
    run = imports.stage(uploads.classifier().pk, file=uploads.file(name=name))

    run.refresh_from_db()
    assert run.file_name == stored
    (kept,) = uploads.kept_files()
    assert re.fullmatch(r"[0-9a-f]{32}\.upload", kept.name)
    assert kept.parent == settings.UPLOADS_DIR / "imports" / str(run.classifier_id)


REFUSED = {
    "empty": (b"", "The file has no rows."),
    "header only": (b"text,label\n", "The file has no rows."),
    "half a workbook": (b"PK\x03\x04 xl/workbook.xml", "The workbook is damaged or was cut off."),
    "quote never closed": (b'text,label\n"hello,0\n', "A quote opened in row 2 never closes."),
    "UTF-16 without a mark": ("text,label\nhello,0\n".encode("utf-16-le"), "Save it as UTF-8."),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_of_a_file_that_is_no_table_nothing_is_kept(settings: Any, content: bytes, sentence: str) -> None:
    with pytest.raises(FileRefused) as caught:
        uploads.stage(content)

    assert sentence in str(caught.value)
    assert str(caught.value).endswith(".")
    assert (ImportRun.objects.count(), uploads.kept_files()) == (0, [])


def test_a_file_above_the_limit_is_refused_and_one_at_the_limit_taken(settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = len(uploads.CSV)

    with pytest.raises(FileRefused, match="Split it and upload the parts"):
        uploads.stage(uploads.CSV + "\n")

    assert uploads.stage(uploads.CSV).state == RunState.DRAFT


def test_a_file_of_too_many_rows_is_refused(settings: Any) -> None:
    settings.UPLOAD_MAX_ROWS = 2

    with pytest.raises(FileRefused, match="more than 2 rows, the limit for one import"):
        uploads.stage(uploads.CSV)


def test_the_file_goes_when_the_row_cannot_be_written(settings: Any) -> None:
    classifier = uploads.classifier()
    person = UserFactory.build()

    with pytest.raises(ValueError, match="unsaved"):
        imports.stage(classifier.pk, file=uploads.file(), by=person)

    assert (ImportRun.objects.count(), uploads.kept_files()) == (0, [])


def test_a_look_tells_all_that_the_screen_needs() -> None:
    run = uploads.stage("text;text\nüber;0\nüber;1;2\n")

    found = imports.look(run)

    assert found == imports.Look(
        encoding="utf-8",
        certain=True,
        encoding_note="UTF-8.",
        delimiter=";",
        header=("text", "text"),
        header_problems=("Columns 1 and 2 are both named “text”.",),
        warnings=("Rows that don't have as many cells as the header will be refused: 1, the first is row 3.",),
        first_rows=(("über", "0"), ("über", "1", "2")),
        row_count=2,
    )


def test_a_look_reads_the_file_as_it_is_told_to() -> None:
    run = uploads.stage("text,label\nПривет,0\n".encode("cp1251"))

    found = imports.look(run, encoding="cp1251", delimiter=";")

    assert (found.encoding, found.certain, found.delimiter) == ("cp1251", True, ";")
    assert (found.header, found.first_rows) == (("text,label",), (("Привет,0",),))


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"encoding": "bz2_codec"}, "The encoding “bz2_codec” isn't known. Choose another one."),
        ({"encoding": "--help"}, "isn't known"),
        ({"encoding": "a\0\ud83d"}, "isn't known"),
        ({"delimiter": ":"}, "The cells must be parted by a comma"),
        ({"delimiter": "\0"}, "The cells must be parted by a comma"),
    ],
    ids=["encoding", "option", "NUL", "delimiter", "NUL as delimiter"],
)
def test_a_look_refuses_other_encodings_and_delimiters(choice: dict[str, str], sentence: str) -> None:
    run = uploads.stage()

    with pytest.raises(FileRefused, match=sentence):
        imports.look(run, **choice)


def test_a_look_that_takes_too_long_is_ended() -> None:
    run = uploads.stage()

    with pytest.raises(FileRefused, match="took too long"):
        imports.look(run, timeout_s=0.001)


def test_a_look_at_a_file_that_is_gone_is_refused() -> None:
    run = uploads.stage()
    Path(run.file.path).unlink()

    with pytest.raises(FileRefused, match="can't be opened"):
        imports.look(run)


WHOLE_ANSWER = json.dumps(dict.fromkeys((field.name for field in dataclasses.fields(imports.Look)), ""))
CHILDREN = {
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "a fault of ours": "raise ValueError('a secret text')",
    "wrong arguments": "sys.exit(64)",
    "refused without a reason": "sys.exit(2)",
    "silence": "",
    "no JSON": "print('Segmentation fault')",
    "half an answer": 'print(\'{"encoding": "utf-8"\')',
    "other fields": "print('{\"certain\": true}')",
    "a list": "print('[]')",
    "a number": "print('5')",
    "an answer, then a fault": f"print({WHOLE_ANSWER!r})\nsys.exit(1)",
    "half a character": "sys.stdout.buffer.write(b'\\xff')",
}


@pytest.mark.parametrize("code", CHILDREN.values(), ids=CHILDREN.keys())
def test_a_child_that_breaks_off_ends_in_a_sentence(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    run = uploads.stage()
    settings.BASE_DIR = uploads.write_child(tmp_path / "elsewhere", code=code)

    with pytest.raises(FileRefused) as caught:
        imports.look(run)

    assert str(caught.value) == (
        "Reading the file broke off. Try again; if it happens again, save it as a plain UTF-8 CSV."
    )
    assert "secret" not in caplog.text


def test_a_child_that_cannot_be_started_ends_in_a_sentence(settings: Any, tmp_path: Path) -> None:
    run = uploads.stage()
    settings.BASE_DIR = tmp_path / "gone"

    with pytest.raises(FileRefused, match="too busy"):
        imports.look(run)
