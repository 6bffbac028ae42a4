"""The form in which a program sends a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from classifiers.api import parameters
from classifiers.importing.delimiters import DELIMITERS
from classifiers.services.direct_imports import Reading
from moderation import api_fields
from moderation.api_exceptions import Refused

_TEXTS = ("text_column", "label_column", "encoding", "sheet")
_FIELDS = ("file", *_TEXTS, "delimiter", "again")
_ANSWERS = {"true": True, "false": False}
_VALUE_CHARS = 200
_AS_FORM = f"Send the file in a form, as multipart/form-data with the fields {', '.join(_FIELDS)}."


@dataclass(frozen=True)
class UploadForm:
    """What was sent. `is_again`: the file may be imported though it was before."""

    file: UploadedFile
    reading: Reading
    is_again: bool


class UploadParser(MultiPartParser):
    """Read a form with a file, whole: one that breaks off would pass for a shorter one."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Return the form's fields and files. Raises ParseError with the code broken_body or malformed_form."""
        counted = _Counted(stream)
        try:
            parsed = super().parse(counted, media_type=media_type, parser_context=parser_context)
        except UnreadablePostError as error:
            raise _broken_off() from error
        except (ParseError, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent) as error:
            raise ParseError(f"The form can't be read. {_AS_FORM}", code="malformed_form") from error
        declared = int((parser_context or {})["request"].META["CONTENT_LENGTH"])
        if counted.size_bytes < declared:
            for file in parsed.files.values():
                file.close()
            raise _broken_off()
        return parsed


class _Counted:
    """A stream that knows how much of it was read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.size_bytes = 0

    def read(self, *size: int) -> bytes:
        piece: bytes = self._stream.read(*size)
        self.size_bytes += len(piece)
        return piece


def read(request: Request) -> UploadForm:
    """Return the form that was sent. Raises Refused (400, 415) and ParseError."""
    try:
        data = request.data
    except UnsupportedMediaType as error:
        raise Refused(415, _AS_FORM) from error
    if not hasattr(data, "lists"):
        raise parameters.bad("file", _AS_FORM, code="required")
    api_fields.refuse_unknown(data, known=_FIELDS)
    for name, values in data.lists():
        if len(values) > 1:
            raise parameters.bad(name, "This field stands twice. Send it once.", code="ambiguous")
    values = data.dict()
    file = values.pop("file", None)
    if not isinstance(file, UploadedFile):
        raise parameters.bad("file", "Send the file itself in this field, with a file name.", code="required")
    texts = {name: api_fields.read_text(values, name, max_chars=_VALUE_CHARS) for name in _TEXTS if name in values}
    if "text_column" not in texts:
        raise parameters.bad("text_column", "Name the column that holds the texts.", code="required")
    return UploadForm(
        file=file,
        reading=Reading(**texts, delimiter=_read_delimiter(values.get("delimiter", ""))),
        is_again=_read_again(values.get("again", "false")),
    )


def _read_delimiter(value: object) -> str:
    # A tab is one, which would be a blank text in any other field.
    by_name = {name: delimiter for delimiter, name in DELIMITERS.items()}
    delimiter = by_name.get(value, value) if isinstance(value, str) else None
    if delimiter is None or (delimiter and delimiter not in DELIMITERS):
        names = ", ".join(by_name)
        raise parameters.bad("delimiter", f"Send one of {names}, or the character itself.", code="not_a_choice")
    return delimiter


def _read_again(value: object) -> bool:
    if not isinstance(value, str) or value not in _ANSWERS:
        raise parameters.bad("again", "This field is true or false.", code="not_a_boolean")
    return _ANSWERS[value]


def _broken_off() -> ParseError:
    return ParseError("The upload broke off before its end. Send the file again.", code="broken_body")
