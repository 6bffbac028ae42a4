"""Children that live and die together."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.process_tree import ProcessTree

pytestmark = pytest.mark.slow

LIVE = "import time; time.sleep(60)"
END = "raise SystemExit(3)"
# Says when it is ready, for a signal that comes before the handler is set would end it.
STUBBORN = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""
WITH_A_CHILD = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(60)
"""


@pytest.fixture
def tree() -> Iterator[ProcessTree]:
    """Give a tree; whatever the test does, its children are gone and the signals as before afterwards."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    planted = ProcessTree(patience_s=5.0)
    yield planted
    planted.patience_s = 0.0
    planted.end()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def _wait_for(path: Path) -> str:
    deadline = time.monotonic() + 20
    while not path.exists() or (path.name == "pid" and not path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return path.read_text()


def test_when_one_ends_the_others_are_ended_and_the_code_is_1(tree: ProcessTree) -> None:
    said: list[str] = []
    tree.start("web", _python(LIVE))
    tree.start("worker", _python(END))

    code = tree.run(say=said.append)

    assert code == 1
    assert said == ["The worker process ended by itself; stopping the rest."]
    assert tree.children["web"].returncode == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_and_the_code_is_0(tree: ProcessTree, number: signal.Signals) -> None:
    said: list[str] = []
    tree.start("web", _python(LIVE))
    tree.start("worker", _python(LIVE))
    timer = threading.Timer(0.3, os.kill, (os.getpid(), number))
    timer.start()

    code = tree.run(say=said.append)

    timer.join()
    assert (code, said) == (0, ["Stopping ..."])
    assert [child.returncode for child in tree.children.values()] == [-signal.SIGTERM] * 2


def test_a_child_that_does_not_end_is_made_to(tree: ProcessTree, tmp_path: Path) -> None:
    tree.start("worker", _python(STUBBORN, tmp_path / "ready"))
    _wait_for(tmp_path / "ready")
    tree.patience_s = 0.2

    tree.end()

    assert tree.children["worker"].returncode == -signal.SIGKILL


def test_what_a_child_leaves_behind_is_ended_with_it(tree: ProcessTree, tmp_path: Path) -> None:
    tree.start("worker", _python(WITH_A_CHILD, tmp_path / "pid"))
    grandchild = int(_wait_for(tmp_path / "pid"))

    tree.end()

    deadline = time.monotonic() + 20
    while _is_running(grandchild):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    try:
        # An orphan that is dead stays in the table until its new parent looks; reading its state tells.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
