"""A form with a file is read whole, or not at all."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from classifiers.api.upload_forms import UploadParser

BEGIN = (
    b'--x\r\nContent-Disposition: form-data; name="text_column"\r\n\r\ntext\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\ntext\nhello\nand more'
)
END = b"\r\n--x--\r\n"
TYPE = "multipart/form-data; boundary=x"


def _parse(arrived: bytes, *, announced: int) -> Any:
    plain = APIRequestFactory().generic("POST", "/", b"", content_type=TYPE)
    plain.META["CONTENT_LENGTH"] = str(announced)
    context = {"request": Request(plain), "encoding": "utf-8"}
    return UploadParser().parse(io.BytesIO(arrived), media_type=TYPE, parser_context=context)


def test_a_whole_form_is_read() -> None:
    parsed = _parse(BEGIN + END, announced=len(BEGIN + END))

    assert (parsed.data["text_column"], parsed.files["file"].read()) == ("text", b"text\nhello\nand more")
    parsed.files["file"].close()


@pytest.mark.parametrize(
    "arrived", [BEGIN, BEGIN[:-30], BEGIN + END[:-4]], ids=["in the file", "earlier", "at the end"]
)
def test_a_form_that_breaks_off_is_refused_though_its_file_could_be_read(arrived: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        _parse(arrived, announced=len(BEGIN + END))

    assert caught.value.get_codes() == "broken_body"


@pytest.mark.parametrize("arrived", [b"", b"x", b"--y\r\n"])
def test_what_is_no_such_form_holds_nothing_or_is_refused(arrived: bytes) -> None:
    with pytest.raises(ParseError):
        _parse(arrived, announced=100)


def test_a_form_of_a_thousand_fields_is_refused() -> None:
    field = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    form = field * 1_001 + b"--x--\r\n"

    with pytest.raises(ParseError) as caught:
        _parse(form, announced=len(form))

    assert caught.value.get_codes() == "malformed_form"
