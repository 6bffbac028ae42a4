"""A draft is confirmed and carried out, or discarded: with real child processes, from the file to the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django_q.models import OrmQ

from classifiers.models import Example, ImportRun
from classifiers.services import imports
from classifiers.services.imports import NotConfirmable
from moderation import runs
from moderation.runs import RunState
from tests import uploads

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def _sums(run: ImportRun) -> tuple[int, ...]:
    return tuple(getattr(run, name) for name in uploads.SUMS)


def test_a_confirmed_draft_waits_with_its_choices_and_is_sent(django_capture_on_commit_callbacks: Any) -> None:
    run = uploads.stage()

    with django_capture_on_commit_callbacks(execute=True):
        uploads.confirm(run, text_column=1, label_column=None)

    run.refresh_from_db()
    assert (run.state, run.text_column, run.label_column) == (RunState.QUEUED, 1, None)
    assert (run.encoding, run.delimiter, run.header) == ("utf-8", ",", ["text", "label"])
    assert OrmQ.objects.count() == 1


def test_a_draft_is_confirmed_once(django_capture_on_commit_callbacks: Any) -> None:
    run = uploads.stage()

    with django_capture_on_commit_callbacks(execute=True):
        uploads.confirm(run)
        with pytest.raises(NotConfirmable, match="was started already"):
            uploads.confirm(run, text_column=1, label_column=None)

    run.refresh_from_db()
    assert (run.text_column, OrmQ.objects.count()) == (0, 1)


def test_an_upload_that_was_discarded_cannot_be_confirmed() -> None:
    run = uploads.stage()
    imports.discard(run.pk)

    with pytest.raises(NotConfirmable, match="was discarded"):
        uploads.confirm(run)


BAD_CHOICES: dict[str, tuple[dict[str, Any], str]] = {
    "no such text column": ({"text_column": 2}, "Choose columns that are in the file."),
    "negative": ({"text_column": -1}, "Choose columns that are in the file."),
    "no such label column": ({"label_column": 2}, "Choose columns that are in the file."),
    "one column twice": ({"label_column": 0}, "Choose one column for the text and another one"),
    "another delimiter": ({"delimiter": ";"}, "the columns are others than those shown"),
    "another header": ({"header": ["label", "text"]}, "the columns are others than those shown"),
    "unknown encoding": ({"encoding": "utf-7"}, "isn't known. Choose another one."),
    "UTF-16 without a mark": ({"encoding": "utf-16"}, "looks like UTF-16 without a byte order mark"),
}


@pytest.mark.parametrize(("choice", "sentence"), BAD_CHOICES.values(), ids=BAD_CHOICES.keys())
def test_a_choice_that_does_not_fit_the_file_is_not_confirmed(choice: dict[str, Any], sentence: str) -> None:
    run = uploads.stage()

    with pytest.raises(NotConfirmable, match=sentence):
        uploads.confirm(run, **choice)

    run.refresh_from_db()
    assert run.state == RunState.DRAFT


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("text,Text\nhello,0\n", "Columns 1 and 2 have names that differ in case only: “text”, “Text”. Correct"),
        ("text,\nhello,0\n", "Column 2 has no name. Correct the first row and upload the file again."),
    ],
    ids=["case", "no name"],
)
def test_a_file_whose_header_has_problems_is_staged_but_not_confirmed(content: str, sentence: str) -> None:
    run = uploads.stage(content)

    with pytest.raises(NotConfirmable, match=sentence):
        uploads.confirm(run)


def test_a_discarded_draft_goes_with_its_file(settings: Any, django_capture_on_commit_callbacks: Any) -> None:
    run = uploads.stage()

    with django_capture_on_commit_callbacks(execute=True):
        is_gone = imports.discard(run.pk)

    assert (is_gone, ImportRun.objects.count(), uploads.kept_files()) == (True, 0, [])


def test_a_started_upload_is_not_discarded(settings: Any, django_capture_on_commit_callbacks: Any) -> None:
    run = uploads.stage()
    uploads.confirm(run)

    with django_capture_on_commit_callbacks(execute=True):
        is_gone = imports.discard(run.pk)

    assert (is_gone, ImportRun.objects.count(), len(uploads.kept_files())) == (False, 1, 1)


def test_the_same_file_is_known_from_an_earlier_import() -> None:
    classifier = uploads.classifier()
    first = uploads.stage(into=classifier)
    second = uploads.stage(into=classifier)
    assert imports.find_earlier(second) is None

    uploads.confirm(first)
    uploads.carry_out(first)

    assert imports.find_earlier(second) == first
    assert imports.find_earlier(first) is None
    assert imports.find_earlier(uploads.stage()) is None
    assert imports.find_earlier(uploads.stage(uploads.CSV + "more,0\n", into=classifier)) is None


def test_a_file_becomes_examples_and_a_report() -> None:
    classifier = uploads.classifier()
    run = uploads.stage(
        "id;label;text\n"
        "1;0;hello\n"
        "2; SPAM ;win a phone\n"
        '3;;"what,\nagain?"\n'
        "4;Spm;buy now\n"
        "5;1;\n"
        "6;1;torn;apart\n"
        "7;0;  hello \n"
        "8;0;at odds\n"
        "\n"
        "9;1;at odds\n",
        into=classifier,
    )
    uploads.confirm(run, text_column=2, label_column=1)

    uploads.carry_out(run)

    assert (run.state, run.error, run.progress) == (RunState.SUCCEEDED, "", 1.0)
    assert _sums(run) == (9, 3, 2, 0, 1, 5)
    assert dict(classifier.examples.values_list("text", "label__name")) == {
        "hello": "Fine",
        "win a phone": "Spam",
        "what,\nagain?": None,
    }
    reasons = dict(run.refusals.values_list("row_number", "reason"))
    assert reasons.keys() == {5, 6, 7, 9, 11}
    assert reasons[5] == "“Spm” is not a label. The nearest is “Spam”, number 1."
    assert reasons[9] == reasons[11]
    assert "in rows 9 and 11" in reasons[9]


def test_a_file_without_a_label_column_becomes_unlabelled_examples() -> None:
    run = uploads.stage()
    uploads.confirm(run, label_column=None)

    uploads.carry_out(run)

    assert (run.state, _sums(run)) == (RunState.SUCCEEDED, (3, 3, 0, 0, 0, 0))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_a_file_is_read_in_the_confirmed_encoding(encoding: str) -> None:
    run = uploads.stage("text,label\nGrüße,0\n".encode(encoding))
    uploads.confirm(run)

    uploads.carry_out(run)

    assert Example.objects.get().text == "Grüße"


def test_the_same_file_again_adds_nothing() -> None:
    classifier = uploads.classifier()
    for _ in range(2):
        run = uploads.stage(into=classifier)
        uploads.confirm(run)
        uploads.carry_out(run)

    assert (run.state, _sums(run)) == (RunState.SUCCEEDED, (3, 0, 0, 0, 3, 0))
    assert classifier.examples.count() == 3


def test_a_second_delivery_does_nothing() -> None:
    run = uploads.stage()
    uploads.confirm(run)
    uploads.carry_out(run)

    uploads.carry_out(run)

    assert (run.attempts, _sums(run)) == (1, (3, 3, 2, 0, 0, 0))


def test_the_work_folder_is_removed(settings: Any) -> None:
    run = uploads.stage()
    uploads.confirm(run)

    uploads.carry_out(run)

    assert list(settings.WORK_DIR.iterdir()) == []


def test_a_file_that_is_gone_ends_in_a_sentence(settings: Any) -> None:
    run = uploads.stage()
    uploads.confirm(run)
    Path(run.file.path).unlink()

    uploads.carry_out(run)

    assert (run.state, run.error) == (RunState.FAILED, "The file can't be opened. Upload it again.")
    assert list(settings.WORK_DIR.iterdir()) == []


def test_a_file_that_was_damaged_since_ends_in_a_sentence() -> None:
    run = uploads.stage()
    uploads.confirm(run)
    Path(run.file.path).write_text('text,label\n"hello,0\n', encoding="utf-8")

    uploads.carry_out(run)

    assert run.state == RunState.FAILED
    assert run.error.startswith("A quote opened in row 2 never closes.")


def test_a_child_that_dies_is_tried_again(settings: Any, tmp_path: Path) -> None:
    house = settings.BASE_DIR
    run = uploads.stage()
    uploads.confirm(run)
    code = (
        'print(\'{"total": 3}\\n{"row": 2, "text": "hello", "label": 0}\', flush=True)\n'
        + "os.kill(os.getpid(), signal.SIGKILL)"
    )
    settings.BASE_DIR = uploads.write_child(tmp_path / "elsewhere", code=code)

    uploads.carry_out(run)
    after_one = (run.state, run.attempts, run.added, list(settings.WORK_DIR.iterdir()))
    settings.BASE_DIR = house
    uploads.carry_out(run)

    assert after_one == (RunState.QUEUED, 1, 0, [])
    assert (run.state, run.attempts, _sums(run)) == (RunState.SUCCEEDED, 2, (3, 3, 2, 0, 0, 0))


def test_what_a_killed_worker_left_behind_goes_with_the_next_attempt(settings: Any) -> None:
    run = uploads.stage()
    uploads.confirm(run)
    neighbor = settings.WORK_DIR / f"importrun-{run.pk}0-abc"
    for left in (settings.WORK_DIR / f"importrun-{run.pk}-abc", neighbor):
        left.mkdir(parents=True)
        (left / "labels.json").write_text("[]", encoding="utf-8")

    uploads.carry_out(run)

    assert list(settings.WORK_DIR.iterdir()) == [neighbor]


def test_a_cancelled_run_stops_and_leaves_no_folder(settings: Any) -> None:
    run = uploads.stage()
    uploads.confirm(run)
    held = runs.claim(ImportRun, run.pk)
    assert held is not None
    runs.request_cancel(ImportRun, run.pk)

    with pytest.raises(runs.RunCancelled):
        imports.carry_out(held)

    assert (list(settings.WORK_DIR.iterdir()), Example.objects.count()) == ([], 0)
