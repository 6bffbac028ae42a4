"""Run the heavy part of a run in a child process that can be killed.

A native fit or a parser gone wild cannot be timed out inside a worker, and its memory is never given back. A child
talks in JSON lines on its standard output: progress `{"progress": 0.4, "step": "…"}`, data of its own kind, or
`{"error": "<sentence>"}` before it ends with exit code 2.
"""

from __future__ import annotations

import contextlib
import json
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from moderation import runs
from moderation.runs import Claim, RunBroke, RunError

# How often the run's row is touched while the child is silent, and the most often while it talks.
_BEAT_EVERY_S = 1.0
# Lines that may wait for the reader: a fast parser must not fill the worker's memory, and a line can be long.
_LINES_AHEAD = 100
_REFUSED = 2
# What `work_folder` calls a folder: model, id, and the token of the claim.
_FOLDER_NAME = re.compile(r"[a-z]+-\d+-(?P<token>[0-9a-f]{32})")


class ChildBroke(RunBroke):
    """The child ended without saying why: killed, out of memory, or a fault of ours."""


def talk(
    module: str,
    arguments: Sequence[str],
    *,
    claim: Claim,
    timeout_s: float,
    span: tuple[float, float] = (0.0, 1.0),
) -> Generator[dict[str, Any], None, None]:
    """Yield each message of `python -m module arguments`; progress goes to the run and isn't yielded.

    `span` says which part of the run's progress is the child's: from where to where, as shares.

    The child is killed when the reader stops reading, the run is cancelled or lost, or after `timeout_s`.

    Raises RunError with the child's own sentence or on timeout, RunCancelled, RunLost, ChildBroke.
    """
    deadline = time.monotonic() + timeout_s
    child = subprocess.Popen(  # noqa: S603 - our own module with our own arguments
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # What a traceback would hold may be a user's text.
        stderr=subprocess.DEVNULL,
        cwd=settings.BASE_DIR,
    )
    lines: queue.Queue[bytes | None] = queue.Queue(maxsize=_LINES_AHEAD)
    stop = threading.Event()
    reader = threading.Thread(target=_read, args=(child.stdout, lines, stop), daemon=True)
    reader.start()
    try:
        yield from _messages(lines, claim=claim, deadline=deadline, span=span)
        _check_end(child)
    finally:
        stop.set()
        child.kill()
        child.wait()
        reader.join(timeout=5)
        if child.stdout is not None:
            child.stdout.close()


@contextlib.contextmanager
def work_folder(claim: Claim) -> Iterator[Path]:
    """Give a folder for the files that run and child exchange, and remove it afterwards.

    What an earlier attempt of the same run left behind, because its worker was killed, goes now.
    """
    name = f"{claim.model.__name__.lower()}-{claim.run_id}"
    for left in settings.WORK_DIR.glob(f"{name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder: Path = settings.WORK_DIR / f"{name}-{claim.token.hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> int:
    """Remove the folders that dead workers left, of runs that nobody takes up again; return how many.

    A folder belongs to a worker's hold on a run: its name ends with the token.
    """
    held = runs.held_tokens()
    left = [path for path in settings.WORK_DIR.glob("*-*-*") if (token := _token(path)) and token not in held]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def _token(folder: Path) -> str:
    found = _FOLDER_NAME.fullmatch(folder.name)
    return "" if found is None else found["token"]


def _messages(
    lines: queue.Queue[bytes | None], *, claim: Claim, deadline: float, span: tuple[float, float]
) -> Iterator[dict[str, Any]]:
    beaten_at = 0.0
    begin, end = span
    while True:
        if time.monotonic() > deadline:
            raise RunError("This took longer than allowed and was stopped. Try it with less data.")
        line: bytes | None = b""
        try:
            line = lines.get(timeout=_BEAT_EVERY_S)
        except queue.Empty:
            claim.beat()
        if line is None:
            return
        if not line:
            continue
        message = json.loads(line)
        if "error" in message:
            raise RunError(message["error"])
        now = time.monotonic()
        if "progress" in message and now - beaten_at > _BEAT_EVERY_S / 4:
            claim.beat(progress=begin + (end - begin) * message["progress"], step=message.get("step"))
            beaten_at = now
        elif "progress" not in message:
            yield message


def _read(stream: IO[bytes], lines: queue.Queue[bytes | None], stop: threading.Event) -> None:
    for line in stream:
        _put(lines, line, stop)
        if stop.is_set():
            return
    _put(lines, None, stop)


def _put(lines: queue.Queue[bytes | None], line: bytes | None, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            lines.put(line, timeout=0.5)
        except queue.Full:
            continue
        return


def _check_end(child: subprocess.Popen[bytes]) -> None:
    code = child.wait()
    if code == _REFUSED:
        raise RunError("The work was refused without a reason. Look at the server's log.")
    if code < 0:
        raise ChildBroke("The process that does this was killed: perhaps the machine ran out of memory.")
    if code:
        raise ChildBroke(f"The process that does this broke off (exit code {code}).")
