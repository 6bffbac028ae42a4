"""How bytes become characters."""

from __future__ import annotations

import codecs

import pytest

from classifiers.importing import encodings
from classifiers.importing.encodings import ENCODINGS, EncodingFound, UnknownEncoding, Utf16WithoutMark
from tests.classifiers.importing.conftest import Write

# A text that each encoding can write, beyond ASCII.
SAMPLES = {
    "utf-8": "über 😀",
    "utf-16": "über 😀",
    "cp1252": "Größe – 5 €",
    "iso8859-1": "Größe",
    "iso8859-15": "Größe 5 €",
    "mac_roman": "Größe",
    "cp1250": "łóżko",
    "cp1251": "Привет",
    "koi8-r": "Привет",
    "cp1253": "καλημέρα",
    "cp1254": "İyi günler",
    "cp1256": "مرحبا",
    "cp932": "こんにちは",
    "gb18030": "你好",
    "big5": "你好",
    "cp949": "안녕하세요",
}
CERTAIN = {
    "ASCII": (b"text\nhello\n", "utf-8", "UTF-8."),
    "UTF-8": ("text\nüber\n".encode(), "utf-8", "UTF-8."),
    "UTF-8 with a mark": (codecs.BOM_UTF8 + b"text\n", "utf-8", "UTF-8, with a byte order mark."),
    "UTF-16 little": (codecs.BOM_UTF16_LE + "text\n".encode("utf-16-le"), "utf-16", "UTF-16, with a byte order mark."),
    "UTF-16 big": (codecs.BOM_UTF16_BE + "text\n".encode("utf-16-be"), "utf-16", "UTF-16, with a byte order mark."),
    "UTF-8 with damage": (
        "text\nüber\nüber\n".encode() + b"\xfcber\n",
        "utf-8",
        "UTF-8, but for damaged bytes. Line 4 is the first that holds such; its row will be refused.",
    ),
}


@pytest.mark.parametrize(("content", "name", "note"), CERTAIN.values(), ids=CERTAIN.keys())
def test_the_encoding_is_certain(write_file: Write, content: bytes, name: str, note: str) -> None:
    assert encodings.settle_encoding(write_file(content)) == EncodingFound(name, True, note)


def test_another_encoding_is_never_guessed_silently(write_file: Write) -> None:
    path = write_file("text\nplain\nGrüße\n".encode("cp1252"))

    found = encodings.settle_encoding(path)

    assert (found.name, found.certain) == ("cp1252", False)
    assert "Line 3 is the first to show it; as Western European (Windows-1252) it reads “Grüße”" in found.note


@pytest.mark.parametrize(
    ("content", "looks_like"),
    [
        ("text,label\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ("text,label\n".encode("utf-16-be"), "UTF-16 without a byte order mark"),
        (codecs.BOM_UTF32_LE + "text\n".encode("utf-32-le"), "UTF-32"),
    ],
    ids=["little", "big", "UTF-32"],
)
def test_utf_16_without_a_mark_and_utf_32_are_refused(write_file: Write, content: bytes, looks_like: str) -> None:
    with pytest.raises(Utf16WithoutMark, match=f"looks like {looks_like}. Save it as UTF-8"):
        encodings.settle_encoding(write_file(content))


def test_a_mark_wins_over_what_was_asked_for(write_file: Write) -> None:
    path = write_file(codecs.BOM_UTF16_LE + "text\n".encode("utf-16-le"))

    assert encodings.settle_encoding(path, asked="cp1252").name == "utf-16"


def test_what_was_asked_for_wins_over_detection(write_file: Write) -> None:
    found = encodings.settle_encoding(write_file("text\nüber\n"), asked="cp1252")

    assert found == EncodingFound("cp1252", True, "Western European (Windows-1252), as chosen.")


def test_utf_16_cannot_be_asked_for_where_no_mark_announces_it(write_file: Write) -> None:
    with pytest.raises(Utf16WithoutMark):
        encodings.settle_encoding(write_file("text\n"), asked="utf-16")


@pytest.mark.parametrize("name", ["utf-7", "bz2_codec", "", "UTF-8\0", "idna"])
def test_an_encoding_off_the_list_is_refused(write_file: Write, name: str) -> None:
    with pytest.raises(UnknownEncoding, match="isn't known"):
        encodings.settle_encoding(write_file("text\n"), asked=name)


def test_every_encoding_has_a_sample() -> None:
    assert SAMPLES.keys() == ENCODINGS.keys()


@pytest.mark.parametrize(("name", "sample"), SAMPLES.items(), ids=SAMPLES.keys())
def test_a_file_is_read_as_it_was_written(write_file: Write, name: str, sample: str) -> None:
    path = write_file(f"{sample}\r\nlast\r".encode(name))

    with encodings.open_text(path, encoding=name) as file:
        assert file.read() == f"{sample}\r\nlast\r"


def test_bytes_that_are_not_in_the_encoding_are_kept_and_found(write_file: Write) -> None:
    with encodings.open_text(write_file(b"a\xfcb"), encoding="utf-8") as file:
        text = file.read()

    assert text.encode("utf-8", "surrogateescape") == b"a\xfcb"
    assert encodings.find_surrogate(text) == 1
    assert encodings.find_surrogate("abc 😀") is None
