"""Folders that are whole or not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from classifiers.ml import disk

ROOT = Path(__file__).resolve().parents[3]


def _write(target: Path, content: str, *, replace: bool = False) -> None:
    with disk.new_folder(target, replace=replace) as folder:
        (folder / "file").write_text(content, encoding="utf-8")


def test_a_folder_appears_under_its_name_and_leaves_nothing_else(tmp_path: Path) -> None:
    _write(tmp_path / "deep" / "target", "one")

    assert (tmp_path / "deep" / "target" / "file").read_text(encoding="utf-8") == "one"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["target"]


def test_the_one_that_was_there_first_stays(tmp_path: Path) -> None:
    _write(tmp_path / "target", "first")

    _write(tmp_path / "target", "second")

    assert (tmp_path / "target" / "file").read_text(encoding="utf-8") == "first"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_can_be_replaced(tmp_path: Path) -> None:
    _write(tmp_path / "target", "first")

    _write(tmp_path / "target", "second", replace=True)

    assert (tmp_path / "target" / "file").read_text(encoding="utf-8") == "second"
    assert len(list(tmp_path.iterdir())) == 1


def test_after_an_error_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), disk.new_folder(tmp_path / "target") as folder:
        (folder / "file").write_text("half", encoding="utf-8")
        raise RuntimeError

    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_process_killed_while_writing_leaves_no_folder_under_the_name(tmp_path: Path) -> None:
    script = """
        import sys, time
        from pathlib import Path
        from classifiers.ml import disk
        with disk.new_folder(Path(sys.argv[1])) as folder:
            (folder / "file").write_text("half")
            print("writing", flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "target")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout is not None
        child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)

    assert not (tmp_path / "target").exists()


@pytest.mark.slow
def test_two_processes_that_write_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    script = """
        import sys, time
        from pathlib import Path
        from classifiers.ml import disk
        while time.time() < float(sys.argv[2]):
            pass
        for round in range(50):
            with disk.new_folder(Path(sys.argv[1]), replace=True) as folder:
                for name in "abc":
                    (folder / name).write_text(sys.argv[3])
    """
    start = time.time() + 1.0
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "target"), str(start)]
    children = [subprocess.Popen([*command, name], cwd=ROOT) for name in ("one", "two")]

    codes = [child.wait(timeout=60) for child in children]

    assert codes == [0, 0]
    assert len({(tmp_path / "target" / name).read_text(encoding="utf-8") for name in "abc"}) == 1
