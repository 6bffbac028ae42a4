"""gunicorn's threaded worker, with our own answer to what isn't HTTP."""

from __future__ import annotations

import contextlib
import json
import socket
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from moderation.api_errors import error_body

# Faults of ours, although they stand among the client's in gunicorn's tree.
_OURS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
_STATUSES = {
    errors.LimitRequestLine: 414,
    errors.ExpectationFailed: 417,
    errors.LimitRequestHeaders: 431,
    errors.UnsupportedTransferCoding: 501,
}
_MESSAGES = {
    400: "This is not a well-formed HTTP request. Check the request line and the headers.",
    414: "The address is too long. Send long values in the body of a POST.",
    417: "Only 100-continue can be expected. Send the request without the header Expect.",
    431: "The headers are too many or too long. Send no more than the API asks for.",
    500: "Internal server error",
    501: "This Transfer-Encoding is not supported. Send a Content-Length, or chunked alone.",
}


class WebWorker(ThreadWorker):
    """A worker that neither logs nor sends back the lines of a malformed request: a key may stand in them."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer in the API's error shape, and log no more than the kind of error."""
        status = _status_of(exc)
        if status == 500:
            self.log.exception("request broke")
        else:
            self.log.warning("malformed request", extra={"error": type(exc).__name__, "status": status})
        # The client may be gone already.
        with contextlib.suppress(OSError):
            client.sendall(_answer(status))


def _status_of(error: Exception) -> int:
    if isinstance(error, _OURS) or not isinstance(error, errors.ParseException):
        return 500
    return _STATUSES.get(type(error), 400)


def _answer(status: int) -> bytes:
    body = json.dumps(error_body(status, message=_MESSAGES[status]), ensure_ascii=False).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Connection: close",
        "Content-Type: application/json",
        "Cache-Control: no-store",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(head).encode("ascii") + b"\r\n\r\n" + body
