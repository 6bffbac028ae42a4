"""Files of texts to try: which texts are read from them, and which files are refused."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import TemporaryUploadedFile

from classifiers.services import trial_files
from classifiers.services.import_files import FileRefused
from tests import uploads

pytestmark = pytest.mark.slow


def _file(content: str | bytes, *, name: str = "messages.csv") -> TemporaryUploadedFile:
    content = content if isinstance(content, bytes) else content.encode()
    file = TemporaryUploadedFile(name, "text/plain", len(content), None)
    file.write(content)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    ("content", "name", "column"),
    [
        ("id,message\n7,win a lamp\n8,hello\n", "messages.csv", "message"),
        ("a;b\n1;win a lamp\n2;hello\n", "messages.tsv", "b"),
        ('{"id": 7, "text": "win a lamp"}\n{"id": 8, "text": "hello"}\n', "messages.jsonl", "text"),
        (uploads.workbook(["id", "text"], [7, "win a lamp"], [8, "hello"]), "messages.xlsx", "text"),
    ],
    ids=["csv", "other delimiter", "jsonl", "xlsx"],
)
def test_the_texts_of_a_table_are_those_of_the_column_that_looks_like_it(
    content: str | bytes, name: str, column: str
) -> None:
    found = trial_files.read(_file(content, name=name))

    assert found.texts == ("win a lamp", "hello")
    assert f"Read from the column “{column}”" in found.how_read
    assert found.refused == ()


def test_of_a_workbook_the_sheet_is_named() -> None:
    content = uploads.workbook(["text"], ["hello"], title="Posts")

    assert "sheet “Posts”" in trial_files.read(_file(content, name="a.xlsx")).how_read


def test_each_line_of_a_txt_is_a_text_whatever_is_in_it() -> None:
    found = trial_files.read(_file("\ufeffwin, a lamp\r\n\r\n  \r\nhello; you\rbye", name="Posts.TXT"))

    assert found.texts == ("win, a lamp", "hello; you", "bye")
    assert found.how_read == "Each line of the file is a text."


def test_where_the_encoding_is_a_guess_it_is_said() -> None:
    found = trial_files.read(_file("gr\xfc\xdfe".encode("cp1252"), name="posts.txt"))

    assert found.texts == ("gr\xfc\xdfe",)
    assert "Not UTF-8." in found.how_read


def test_rows_that_are_refused_are_named_and_the_others_read() -> None:
    found = trial_files.read(_file('text,x\nhello,1\n"",2\nbye,3\n'))

    assert found.texts == ("hello", "bye")
    assert [sentence.partition(":")[0] for sentence in found.refused] == ["Row 3"]


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        ("text\n" + "hello\n" * 1_001, "a.csv", "more than 1,000 texts"),
        ("hello\n" * 1_001, "a.txt", "more than 1,000 texts"),
        ("x" * 5_000_001, "a.csv", "larger than 5 MB"),
        ("\n \n", "a.txt", "no text in the file"),
        ("text\n", "a.csv", "no rows"),
        ('text,a\n"",1\n', "a.csv", "no text in the file that can be tried. Row 2: The text is blank"),
        ("text,text\na,b\n", "a.csv", "both named"),
        (b"%PDF-1.7 hello", "a.csv", "PDF"),
        (b"%PDF-1.7 hello", "a.txt", "PDF"),
        (uploads.workbook(["text"], ["hello"]), "a.txt", "Excel workbook"),
        ("text\nhello\n", "a.xlsx", "no Excel workbook"),
    ],
    ids=["rows", "lines", "size", "blank lines", "header", "blank rows", "names", "pdf", "pdf.txt", "xlsx.txt", "xlsx"],
)
def test_a_file_that_cannot_be_read_says_why(content: str | bytes, name: str, sentence: str) -> None:
    with pytest.raises(FileRefused, match=sentence):
        trial_files.read(_file(content, name=name))
