"""A log line is one JSON object, and says nothing that a user wrote."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from config.log_format import JsonFormatter


def _write(message: str = "run broke", *, level: int = logging.ERROR, exc_info: Any = None, **extra: Any) -> str:
    record = logging.makeLogRecord({"name": "moderation.runs", "levelno": level, "levelname": "ERROR", "msg": message})
    record.__dict__ |= {"exc_info": exc_info, **extra}
    return JsonFormatter().format(record)


def _raised(error: Exception) -> Any:
    try:
        raise error
    except type(error):
        return sys.exc_info()


def test_a_line_has_time_level_logger_and_message() -> None:
    entry = json.loads(_write())

    at = entry.pop("at")
    assert entry == {"level": "ERROR", "logger": "moderation.runs", "message": "run broke"}
    assert at.endswith("+00:00")


def test_extra_fields_stand_beside_them() -> None:
    entry = json.loads(_write(run="Version:7", count=3, path=object))

    assert (entry["run"], entry["count"]) == ("Version:7", 3)
    assert isinstance(entry["path"], str)


def test_the_request_is_no_extra_field() -> None:
    assert "request" not in json.loads(_write(request="POST with a body", status_code=500))


def test_an_exception_is_told_by_kind_and_places_and_not_by_its_words() -> None:
    line = _write(exc_info=_raised(ValueError("the text of a user")))

    entry = json.loads(line)
    assert entry["error"] == "ValueError"
    assert entry["trace"][0].endswith(" _raised")
    assert "text of a user" not in line


def test_the_words_of_an_exception_s_cause_are_not_told_either() -> None:
    error = RuntimeError("the key of a caller")
    error.__cause__ = ValueError("the text of a user")

    line = _write(exc_info=_raised(error))

    assert "the key" not in line
    assert "the text" not in line


def test_a_line_break_in_a_message_stays_within_the_line() -> None:
    line = _write('two\nlines and a "quote"')

    assert "\n" not in line
    assert json.loads(line)["message"] == 'two\nlines and a "quote"'
