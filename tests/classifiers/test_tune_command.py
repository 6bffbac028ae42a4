"""`manage.py tune_encoder` as a person calls it; what it tunes is tested in ml/test_tuning.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "tune_encoder", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_folder_without_sets_is_refused_in_a_sentence(tmp_path: Path) -> None:
    done = _run("--data", str(tmp_path), "--output", str(tmp_path / "tuned"))

    assert done.returncode == 1
    assert f"There is no set in {tmp_path}. It takes folders with a train.csv of text,label each." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "tuned").exists()


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--epochs", "0", "“0” must be a whole number from 1 on."),
        ("--most-texts", "many", "“many” must be a whole number from 1 on."),
        ("--attacked", "2", "“2” must be a number from 0 to 1"),
    ],
)
def test_an_option_that_means_nothing_is_refused(tmp_path: Path, option: str, value: str, sentence: str) -> None:
    done = _run("--data", str(tmp_path), "--output", str(tmp_path / "tuned"), option, value)

    assert done.returncode != 0
    assert sentence in done.stderr
