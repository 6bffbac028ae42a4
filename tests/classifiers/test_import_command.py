"""`manage.py import_examples`: the same import, in the command's own process."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django_q.models import OrmQ

from classifiers.management.commands.import_examples import WatchedClaim
from classifiers.models import Classifier, ImportRun
from moderation.runs import Claim, RunState
from tests import uploads

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class _Impatient(_Terminal):
    """A terminal at which somebody presses Ctrl-C when the first rows are added."""

    is_pressed = False

    def write(self, said: str) -> int:
        if "Adding" in said and not self.is_pressed:
            self.is_pressed = True
            raise KeyboardInterrupt
        return super().write(said)


@pytest.fixture
def classifier() -> Classifier:
    return uploads.classifier()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "messages.csv"
    path.write_text("text,label\nhello,0\nwin a phone,Spam\nhello,0\n,1\nbuy,Spm\n", encoding="utf-8")
    return path


def _run(path: Path, classifier: Classifier, *more: str, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    call_command(
        "import_examples",
        str(path),
        f"--classifier={classifier.key}",
        "--text-column=text",
        "--label-column=label",
        *more,
        stdout=out,
    )
    return out.getvalue()


def test_the_file_is_imported_here_and_reported(
    path: Path, classifier: Classifier, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        said = _run(path, classifier)

    assert said.splitlines()[0] == (
        "5 rows read: 2 added (2 with a label), 1 duplicate (0 of them got a label), 2 refused."
    )
    assert said.splitlines()[1].startswith("Row 5: The text is blank.")
    assert "\r" not in said
    assert uploads.labels(classifier) == {"hello": "Fine", "win a phone": "Spam"}
    # No worker need be there, and one that is has nothing to do.
    assert (ImportRun.objects.get().state, OrmQ.objects.count()) == (RunState.SUCCEEDED, 0)


def test_a_terminal_gets_a_bar_that_grows_to_its_end(path: Path, classifier: Classifier) -> None:
    said = _run(path, classifier, out=_Terminal())

    assert f"\r[{'#' * 30}] 100%  Adding: 5 of 5 rows" in said


def test_an_import_that_is_broken_off_at_the_keyboard_is_cancelled(path: Path, classifier: Classifier) -> None:
    with pytest.raises(CommandError, match=r"^Cancelled on request\.$"):
        _run(path, classifier, out=_Impatient())

    assert ImportRun.objects.get().state == RunState.CANCELLED


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--text-column=body"], "There is no column “body” in the file; there are “text”, “label”."),
        (["--encoding=utf-7"], "The encoding “utf-7” isn't known."),
        (["--delimiter=x"], "The cells must be parted by"),
        (["--classifier=none"], "There is no classifier with the key none; there are: classifier-"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    path: Path, classifier: Classifier, more: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence) as caught:
        _run(path, classifier, *more)

    assert caught.value.returncode == 1
    assert ImportRun.objects.count() == 0


def test_a_file_that_is_not_there_is_named(tmp_path: Path, classifier: Classifier) -> None:
    with pytest.raises(CommandError, match=r"none\.csv can't be opened: No such file or directory\.$"):
        _run(tmp_path / "none.csv", classifier)


def test_an_encoding_in_doubt_must_be_named(tmp_path: Path, classifier: Classifier) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes("text,label\ncafé,0\n".encode("cp1252"))

    with pytest.raises(CommandError, match="Name it as “encoding”, for example cp1252"):
        _run(path, classifier)
    _run(path, classifier, "--encoding=cp1252", "--delimiter=comma")

    assert uploads.labels(classifier) == {"café": "Fine"}


def test_the_same_file_is_imported_again_only_if_it_is_meant(path: Path, classifier: Classifier) -> None:
    _run(path, classifier)

    with pytest.raises(CommandError, match=r"^This file was imported on .* already"):
        _run(path, classifier)
    said = _run(path, classifier, "--again")

    assert said.startswith("5 rows read: 0 added")


def test_whoever_watches_is_shown_what_the_run_is_told() -> None:
    shown: list[tuple[float, str]] = []
    held: Claim = uploads.claim(uploads.classifier())
    watched = WatchedClaim(held.model, held.run_id, held.token, show=lambda *values: shown.append(values))

    watched.beat(progress=0.5, step="Adding")
    watched.beat()

    assert shown == [(0.5, "Adding")]
    assert ImportRun.objects.get(pk=held.run_id).step == "Adding"
