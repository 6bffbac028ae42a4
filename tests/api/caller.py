"""A client of the real server that keeps what it was answered."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.api.shop import Shop
from tests.server import Server

# Stands in every text that is sent, so that it can be looked for in the log.
CANARY = "canary-in-a-coal-mine"
GOOD = json.dumps({"value": f"Hello {CANARY}"}).encode()
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back. `body` is the parsed JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def codes(self) -> list[str]:
        return [issue["code"] for issue in self.body["issues"]]


@dataclass
class Caller:
    """Sends requests to the server and keeps the statuses of the answers."""

    server: Server
    shop: Shop
    statuses: set[int] = field(default_factory=set)

    def post(
        self,
        body: Any = b"",
        *,
        path: str = "/api/v1/moderate/text",
        key: str | None = None,
        headers: Mapping[str, str] = JSON,
        method: str = "POST",
    ) -> Answer:
        """Send `body` with the shop's own key unless another one, or "" for none, is given."""
        sent = dict(headers)
        if key != "":
            sent["Authorization"] = f"Bearer {key or self.shop.key}"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            # An iterator is sent in chunks, without a length.
            connection.request(method, path, body=body, headers=sent)
            return self._read(connection.getresponse())
        finally:
            connection.close()

    def send_raw(self, request: bytes) -> Answer:
        """Send bytes as they are."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return self._read(response)

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        content = response.read()
        self.statuses.add(response.status)
        assert response.headers["Content-Type"] == "application/json"
        body = json.loads(content)
        if response.status >= 400:
            assert body.keys() == {"code", "message", "issues"}
            assert body["code"].isupper()
        return Answer(status=response.status, headers=response.headers, body=body)
