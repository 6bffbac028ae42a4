"""Web and worker as children of one process, which ends when one of them does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FrameType

from moderation import child_process

_LOOK_EVERY_S = 0.2


@dataclass
class ProcessTree:
    """A few named children that live and die together."""

    # Longer than gunicorn's graceful timeout. A training that is cut off goes on at the next start.
    patience_s: float = 15.0
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    stop_signal: int | None = None

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child in a session of its own; on Linux it's told to end should this process be killed."""
        self.children[name] = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            start_new_session=True,
            preexec_fn=partial(child_process.signal_at_parent_death, signal.SIGTERM),
        )

    def run(self, *, say: Callable[[str], None]) -> int:
        """Wait until a signal comes or a child ends, end the others, and return the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        fallen = self._wait()
        if fallen is None:
            say("Stopping ...")
        else:
            say(f"The {fallen} process ended by itself; stopping the rest.")
        self.end()
        return 0 if fallen is None else 1

    def end(self) -> None:
        """Ask every child to end, and after a while make it."""
        for child in self.children.values():
            child.terminate()
        deadline = time.monotonic() + self.patience_s
        for child in self.children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=max(0.0, deadline - time.monotonic()))
            # What is left of the child's session: workers in the middle of a long task.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop_signal = number

    def _wait(self) -> str | None:
        while self.stop_signal is None:
            for name, child in self.children.items():
                if child.poll() is not None:
                    return name
            time.sleep(_LOOK_EVERY_S)
        return None
