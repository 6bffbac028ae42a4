"""Child processes, for real: what they say reaches the run, and none outlives it."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest

from classifiers.models import Version
from moderation import children, runs
from moderation.children import ChildBroke
from moderation.runs import Claim, RunCancelled, RunError
from tests.factories import VersionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_CHILD = "tests.moderation.some_child"


@pytest.fixture
def claim() -> Claim:
    held = runs.claim(Version, VersionFactory().pk)
    assert held is not None
    return held


def _talk(claim: Claim, *arguments: str, timeout_s: float = 30.0, **options: Any) -> list[dict[str, Any]]:
    return list(children.talk(_CHILD, arguments, claim=claim, timeout_s=timeout_s, **options))


def _say(*messages: dict[str, Any]) -> list[str]:
    return ["say", *map(json.dumps, messages)]


def _is_any_alive() -> bool:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        # A process may end while its line is read.
        with contextlib.suppress(OSError):
            lines.append(path.read_bytes())
    return any(_CHILD.encode() in line and b"hang" in line for line in lines)


def test_messages_are_given_and_progress_goes_to_the_run(claim: Claim) -> None:
    given = _talk(claim, *_say({"row": 1}, {"progress": 0.5, "step": "Half"}, {"row": 2}))

    run = claim.get_run()
    assert given == [{"row": 1}, {"row": 2}]
    assert (run.progress, run.step) == (0.5, "Half")


def test_a_childs_progress_is_a_part_of_the_runs(claim: Claim) -> None:
    _talk(claim, *_say({"progress": 0.5}), span=(0.6, 1.0))

    assert claim.get_run().progress == pytest.approx(0.8)


def test_a_child_that_steps_back_leaves_the_processor_to_others(claim: Claim) -> None:
    assert _talk(claim, "nice") == [{"stepped_back": True}]


def test_a_childs_own_sentence_fails_the_run(claim: Claim) -> None:
    with pytest.raises(RunError, match=r"The file has no rows\."):
        _talk(claim, *_say({"error": "The file has no rows."}))


def test_a_child_that_is_killed_is_said_to_have_been(claim: Claim) -> None:
    with pytest.raises(ChildBroke, match="was killed: perhaps the machine ran out of memory"):
        _talk(claim, "die")


def test_a_child_that_breaks_off_is_said_to_have_done_so(claim: Claim) -> None:
    with pytest.raises(ChildBroke, match="exit code 7"):
        _talk(claim, "exit", "7")


def test_a_child_that_takes_too_long_is_ended(claim: Claim) -> None:
    with pytest.raises(RunError, match="longer than allowed"):
        _talk(claim, "hang", timeout_s=1.5)

    assert not _is_any_alive()


def test_a_cancelled_run_ends_its_child(claim: Claim) -> None:
    runs.request_cancel(Version, claim.run_id)

    with pytest.raises(RunCancelled):
        _talk(claim, "hang")

    assert not _is_any_alive()


def test_a_child_whose_reader_stops_is_ended_and_was_held_back(claim: Claim) -> None:
    started = time.monotonic()

    first = list(itertools.islice(children.talk(_CHILD, ["flood"], claim=claim, timeout_s=30), 3))

    assert [message["row"] for message in first] == [0, 1, 2]
    assert time.monotonic() - started < 10


def test_a_work_folder_takes_the_place_of_what_an_earlier_attempt_left(claim: Claim, settings: Any) -> None:
    left = settings.WORK_DIR / f"version-{claim.run_id}-{'0' * 32}"
    left.mkdir(parents=True)

    with children.work_folder(claim) as folder:
        assert list(settings.WORK_DIR.iterdir()) == [folder]


def test_a_work_folder_is_gone_afterwards_however_the_work_ends(claim: Claim, settings: Any) -> None:
    with pytest.raises(RunCancelled), children.work_folder(claim) as folder:
        (folder / "file").write_text("work", encoding="utf-8")
        raise RunCancelled

    assert list(settings.WORK_DIR.iterdir()) == []


def test_a_folder_that_a_dead_worker_left_goes_once_nobody_holds_its_run(claim: Claim, settings: Any) -> None:
    left = settings.WORK_DIR / f"version-{claim.run_id}-{claim.token.hex}"
    others = settings.WORK_DIR / "check-some-thing"
    for folder in (left, others):
        folder.mkdir(parents=True)
        (folder / "vectors.npy").write_bytes(b"x")

    held = children.sweep()
    claim.fail("It came to nothing.")
    swept = [children.sweep(), children.sweep()]

    assert (held, swept) == (0, [1, 0])
    assert list(settings.WORK_DIR.iterdir()) == [others]
