"""What gunicorn's worker says to a request that is none, and what it writes into the log."""

from __future__ import annotations

import json
import logging
import socket

import pytest
from gunicorn.http import errors

from config.log_format import JsonFormatter
from config.web_worker import WebWorker

SECRET = "Authorization Bearer hr_secret"


def _refuse(error: Exception, *, caplog: pytest.LogCaptureFixture) -> tuple[bytes, str]:
    """Return what the client gets and what is logged."""
    worker = WebWorker.__new__(WebWorker)
    worker.log = logging.getLogger("tests.web_worker")
    client, server = socket.socketpair()
    with client, server:
        try:
            raise error
        except type(error) as raised:
            worker.handle_error(None, server, ("127.0.0.1", 1), raised)
        server.shutdown(socket.SHUT_WR)
        answer = client.makefile("rb").read()
    return answer, "\n".join(JsonFormatter().format(record) for record in caplog.records)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.InvalidHeader(SECRET), 400, "BAD_REQUEST"),
        (errors.InvalidRequestLine(SECRET), 400, "BAD_REQUEST"),
        (errors.InvalidHeaderName(SECRET), 400, "BAD_REQUEST"),
        (errors.LimitRequestLine(9_000, 4_094), 414, "URI_TOO_LONG"),
        (errors.ExpectationFailed(SECRET), 417, "BAD_REQUEST"),
        (errors.LimitRequestHeaders(SECRET), 431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
        (errors.ConfigurationProblem(SECRET), 500, "INTERNAL_SERVER_ERROR"),
        (errors.InvalidResponseHeader(SECRET), 500, "INTERNAL_SERVER_ERROR"),
        (errors.UnsupportedTransferCoding(SECRET), 501, "NOT_IMPLEMENTED"),
        (ValueError(SECRET), 500, "INTERNAL_SERVER_ERROR"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_the_answer_is_in_the_api_s_shape_and_nobody_repeats_the_request(
    error: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer, log = _refuse(error, caplog=caplog)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body).keys() == {"code", "message", "issues"}
    assert json.loads(body)["code"] == code
    assert b"hr_secret" not in answer
    assert "hr_secret" not in log
    assert type(error).__name__ in log


def test_a_client_that_is_gone_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    worker = WebWorker.__new__(WebWorker)
    worker.log = logging.getLogger("tests.web_worker")
    client, server = socket.socketpair()
    client.close()

    with server:
        worker.handle_error(None, server, ("127.0.0.1", 1), errors.InvalidHeader(SECRET))

    assert len(caplog.records) == 1
