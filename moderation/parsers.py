"""Reads the body of an API request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from moderation import strict_json


class StrictJsonParser(BaseParser):
    """Parse JSON as the standard has it; anything else is refused with a code that says why."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed body. Raises ParseError with the code of the fault."""
        try:
            return strict_json.parse(stream.read())
        except UnreadablePostError as error:
            raise ParseError("The body broke off. Send it again.", code="broken_body") from error
        except strict_json.BadJson as error:
            raise ParseError(error.message, code=error.code) from error
