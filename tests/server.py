"""The real server: `manage.py serve` in processes of its own, with data of its own, on a free port."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
# Generous: the first start migrates, collects the static files and loads the encoder, on a machine that is busy.
_READY_WITHIN_S = 120.0
# What the worker writes once all of its processes are there.
_WORKER_READY = "[houserules] running."
# Longer than serve's own patience with its children.
_STOPPED_WITHIN_S = 30.0
# Settings of whoever runs the tests that the server must not see.
_OWN_SETTINGS = ("DATA_DIR", "DATABASE_URL", "DEBUG", "ENCODERS_DIR", "PUBLIC_URL", "SECRET_KEY", "WORKERS")


class Server:
    """One server. `start` it, ask it at `base_url`, arrange its data with `shell`, and `stop` it."""

    def __init__(
        self, folder: Path, *, encoders_dir: Path, database_url: str = "", settings: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._started: set[int] = set()
        outer = {name: value for name, value in os.environ.items() if name not in _OWN_SETTINGS}
        self._environ = outer | {
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": database_url,
            "ENCODERS_DIR": str(encoders_dir),
            "PUBLIC_URL": self.base_url,
            "WORKERS": "1",
            # The parent's settings module is the tests' own affair.
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **(settings or {}),
        }

    def start(self) -> None:
        """Start web and worker, and wait until both are ready. Raises AssertionError with the log otherwise."""
        earlier = len(self.log()) if self.log_path.exists() else 0
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self._environ, stdout=log, stderr=log)
        deadline = time.monotonic() + _READY_WITHIN_S
        while _WORKER_READY not in self.log()[earlier:] or not self._is_ready():
            assert self.process.poll() is None, f"The server ended while starting:\n{self.log()}"
            assert time.monotonic() < deadline, f"The server is not ready:\n{self.log()}"
            time.sleep(0.1)
        self._started = set(self.descendants())

    def stop(self) -> None:
        """Ask the server to end, and see that it does so cleanly: exit code 0, the port free."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.wait() == 0, f"The server did not end cleanly:\n{self.log()}"
        assert is_free(self.port)

    def wait(self) -> int:
        """Wait for the server's end and return its exit code."""
        assert self.process is not None
        return self.process.wait(timeout=_STOPPED_WITHIN_S)

    def kill(self) -> None:
        """Make sure that nothing of the server is left, however its test ended."""
        if self.process is not None and self.process.poll() is None:
            self._started |= set(self.descendants())
            self.process.kill()
            self.process.wait()
        # They are told to end with their parent; but nothing may stay even where that's broken.
        for pid in filter(self._is_own, self._started):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def child(self, word: str) -> int:
        """Return the process id of the child in whose command line `word` stands. Linux only."""
        assert self.process is not None
        [found] = [pid for pid in _children(self.process.pid) if word in _command(pid)]
        return found

    def descendants(self) -> list[int]:
        """Return the ids of all processes below the server's own; none where the system isn't Linux."""
        assert self.process is not None
        found = _children(self.process.pid)
        for pid in found:
            found += _children(pid)
        return found

    def manage(self, arguments: Sequence[str], *, timeout_s: float = 120) -> str:
        """Run another management command on the server's data and return what it prints."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self._environ, capture_output=True, text=True, timeout=timeout_s)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def begin(self, code: str) -> subprocess.Popen[bytes]:
        """Begin to run Python on the server's data, in a process that the caller ends or waits for."""
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", code]
        with self.log_path.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self._environ, stdout=log, stderr=log)

    def shell(self, code: str, *, timeout_s: float = 120) -> str:
        """Run Python on the server's data, as `manage.py shell` does, and return what it prints."""
        return self.manage(["shell", "--verbosity", "0", "--command", code], timeout_s=timeout_s)

    def log(self) -> str:
        """Return all that the server's processes have written so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def _is_own(self, pid: int) -> bool:
        # A process that has ended may have left its id to somebody else's.
        folder = f"DATA_DIR={self._environ['DATA_DIR']}".encode()
        try:
            return folder in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            return False

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def free_port() -> int:
    """Return a port of this machine on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def wait_until_gone(pids: Sequence[int]) -> None:
    """Wait until none of the processes runs any more. Linux only."""
    deadline = time.monotonic() + _STOPPED_WITHIN_S
    while running := [f"{pid} {_command(pid)}" for pid in pids if _is_running(pid)]:
        assert time.monotonic() < deadline, f"Still running: {running}"
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    lists = []
    # A process that has threads notes the children of each of them.
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        # A thread may end while its list is read.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            lists.append(path.read_text())
    return [int(child) for line in lists for child in line.split()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _is_running(pid: int) -> bool:
    # A dead process whose new parent hasn't looked at it has no command line.
    return _command(pid) != ""


@contextmanager
def own_database(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Give the URL of a fresh database beside the suite's, dropped afterwards; "" where the suite runs on SQLite."""
    url = environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield ""
        return
    name = f"server_{secrets.token_hex(6)}"
    _execute(url, f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        _execute(url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
