"""A language model's server that stands in for the real ones: HTTP on this machine, with their ways of failing.

`with LanguageModelServer() as server:` serves in threads; `python -m tests.llm_server 9999` serves for a browser.
It answers by what the prompt holds: the label whose name occurs in the text, else the first; so a test knows what to
expect. A script of modes, one a call, comes first; then `mode` holds.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODES = (
    "ok", "busy", "failing", "hang", "drop", "drip", "html", "cut", "no_choices", "no_content", "refusal", "too_long",
    "unknown_label", "no_label", "confident", "not_json", "bad_key", "forbidden", "no_credit", "no_model", "rejected",
    "obeys", "rules",
)  # fmt: skip
_STATUSES = {
    "failing": (500, {"message": "Internal error", "type": "server_error", "code": None}),
    "bad_key": (401, {"message": "Incorrect API key", "type": "invalid_request_error", "code": "invalid_api_key"}),
    "forbidden": (403, {"message": "Not allowed", "type": "invalid_request_error", "code": None}),
    "no_credit": (429, {"message": "Quota", "type": "insufficient_quota", "code": "insufficient_quota"}),
    "no_model": (404, {"message": "No such model", "type": "invalid_request_error", "code": "model_not_found"}),
    "rejected": (400, {"message": "Too many tokens", "type": "invalid_request_error", "code": "context_length"}),
}
_CONTENTS = {
    "unknown_label": json.dumps({"reason": "It fits.", "label": "Nonsense", "confidence": 0.9}),
    "no_label": json.dumps({"reason": "Hard to say.", "confidence": 0.9}),
    "not_json": "I think it is fine.",
}


class LanguageModelServer:
    """The server. `mode` and the script may be changed while it runs."""

    def __init__(self, *, mode: str = "ok", delay_s: float = 0.0, port: int = 0) -> None:
        self.mode = mode
        self.delay_s = delay_s
        self.retry_after = "0"
        # The shapes of answer that this server doesn't know: "json_schema", "json_object".
        self.unknown_shapes: set[str] = set()
        self.unknown_arguments: set[str] = set()
        self.hang_s = 60.0
        self.requests: list[dict[str, Any]] = []
        self.most_at_once = 0
        self._script: list[str] = []
        self._at_once = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.stand_in = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Return the base address, for OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def calls(self) -> int:
        """Return how many calls have come in."""
        return len(self.requests)

    @property
    def texts(self) -> list[str]:
        """Return the texts that were asked about, in the order of the calls."""
        return [text_of(request) for request in self.requests]

    def script(self, modes: Iterable[str]) -> None:
        """Answer the next calls in these modes, one each."""
        with self._lock:
            self._script.extend(modes)

    def __enter__(self) -> LanguageModelServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, request: dict[str, Any]) -> str:
        """Note a call and return the mode to answer it in."""
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            return self._script.pop(0) if self._script else self.mode

    def leave(self) -> None:
        """Note that a call is answered."""
        with self._lock:
            self._at_once -= 1

    def wait(self, seconds: float) -> None:
        """Sleep, unless the server stops."""
        self._stopping.wait(seconds)


def text_of(request: dict[str, Any]) -> str:
    """Return the text that a request asks about, as a model that minds the marks reads it."""
    user = request["messages"][-1]["content"]
    found = re.match(r"\[text (\w+)\]\n(.*)\n\[end of text \1\]", user, re.DOTALL)
    assert found is not None, "The text isn't between its marks."
    text = json.loads(found.group(2))
    assert isinstance(text, str)
    return text


def labels_of(request: dict[str, Any]) -> list[str]:
    """Return the names of the labels that a request offers."""
    lines = [line for line in request["messages"][0]["content"].splitlines() if line.startswith('{"label": ')]
    return [json.loads(line)["label"] for line in lines]


class _Server(ThreadingHTTPServer):
    stand_in: LanguageModelServer
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        stand_in = self.server.stand_in
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request["key"] = self.headers.get("Authorization", "")
        mode = stand_in.take(request)
        try:
            if stand_in.delay_s:
                stand_in.wait(stand_in.delay_s)
            self._answer(mode, request)
        finally:
            stand_in.leave()

    def log_message(self, *_: Any) -> None:
        """Write no log."""

    def _answer(self, mode: str, request: dict[str, Any]) -> None:
        stand_in = self.server.stand_in
        if unknown := self._unknown(request):
            return self._send_error(400, {"message": f"'{unknown}' isn't supported", "type": "invalid_request_error"})
        if mode in _STATUSES:
            return self._send_error(*_STATUSES[mode])
        if mode == "busy":
            headers = {"Retry-After": stand_in.retry_after} if stand_in.retry_after else {}
            return self._send_error(429, {"message": "Slow down", "type": "requests", "code": None}, **headers)
        if mode == "hang":
            return stand_in.wait(stand_in.hang_s)
        if mode == "drop":
            return self._drop()
        if mode == "html":
            return self._send(200, b"<!doctype html><title>Welcome</title>", kind="text/html")
        body = json.dumps(_completion(mode, request)).encode()
        if mode == "cut":
            return self._send(200, body[: len(body) // 2])
        if mode == "drip":
            return self._drip(body)
        return self._send(200, body)

    def _unknown(self, request: dict[str, Any]) -> str:
        shape = request.get("response_format", {}).get("type", "")
        if shape in self.server.stand_in.unknown_shapes:
            return "response_format"
        return next((name for name in self.server.stand_in.unknown_arguments if name in request), "")

    def _send_error(self, status: int, error: dict[str, Any], **headers: str) -> None:
        self._send(status, json.dumps({"error": error}).encode(), **headers)

    def _send(self, status: int, body: bytes, *, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drop(self) -> None:
        # Lingering for no time makes the close a reset, as of a process that was killed.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _drip(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            for index in range(len(body)):
                self.wfile.write(body[index : index + 1])
                self.wfile.flush()
                self.server.stand_in.wait(0.2)


def _completion(mode: str, request: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": _content(mode, request)}
    finish_reason = "length" if mode == "too_long" else "stop"
    if mode == "no_content":
        message["content"] = None
    if mode == "refusal":
        message |= {"content": None, "refusal": "I can't help with that."}
    choices = [{"index": 0, "message": message, "finish_reason": finish_reason}]
    return {
        "id": "completion",
        "object": "chat.completion",
        "model": request["model"],
        "choices": [] if mode == "no_choices" else choices,
        "usage": {"prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220},
    }


def _content(mode: str, request: dict[str, Any]) -> str:
    if mode in _CONTENTS:
        return _CONTENTS[mode]
    if mode == "confident":
        return json.dumps({"reason": "Sure.", "label": labels_of(request)[0], "confidence": 90})
    if mode == "obeys" and (orders := _orders(request)):
        return json.dumps({"reason": "As I was told.", "label": orders, "confidence": 1.0})
    labels, text = labels_of(request), text_of(request)
    named = [label for label in labels if label.lower() in text.lower()]
    if mode == "rules":
        named = [label for label, words in _rules_of(request).items() if any(word in text for word in words)]
    label = (named or labels)[0]
    reason = f"The text names {label}." if named else f"Nothing speaks against {label}."
    return json.dumps({"reason": reason, "label": label, "confidence": 0.9 if named else 0.6})


def _rules_of(request: dict[str, Any]) -> dict[str, list[str]]:
    """Return the words in quotation marks in each label's rule."""
    lines = [line for line in request["messages"][0]["content"].splitlines() if line.startswith('{"label": ')]
    rules = [json.loads(line) for line in lines]
    return {rule["label"]: re.findall("“(.*?)”", rule["rule"]) for rule in rules}


def _orders(request: dict[str, Any]) -> str:
    """Return the label that somebody orders outside of the text: a model that is easily led follows this."""
    user = request["messages"][-1]["content"]
    outside = re.sub(r"\[text (\w+)\]\n.*?\n\[end of text \1\]", "", user, count=1, flags=re.DOTALL)
    # A line of its own, a tag or a role outside of the JSON string: the text would have got out.
    found = re.search(r"answer with the label (\w+)", outside, re.IGNORECASE)
    return found.group(1) if found else ""


def main() -> None:
    """Serve on the port given until interrupted."""
    with LanguageModelServer(port=int(sys.argv[1]), delay_s=0.3) as server:
        print(f"OPENAI_BASE_URL={server.url}", flush=True)  # noqa: T201 - a command
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)


if __name__ == "__main__":
    main()
