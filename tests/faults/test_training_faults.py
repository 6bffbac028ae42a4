"""Trainings in worker processes of their own, to which the worst happens: killed, stopped, out of room, deleted under.

After each of it: one live version whose files fit their hash, a run that has ended and says why, no files left over.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.server import Server, own_database, wait_until_gone

pytestmark = pytest.mark.slow

_WITHIN_S = 120.0
_NUMBERS = itertools.count()
# Where in its work a training is when its worker is killed.
_DELAYS = random.Random(0)
# A classifier with a live version, and another training of it that waits.
_MAKE = """
from django.contrib.auth import get_user_model
from classifiers import tasks
from classifiers.services import training
from moderation.models import Notice
from tests.factories import ClassifierFactory, LabelFactory, LabelledExampleFactory
number = {number}
classifier = ClassifierFactory(key=f"of-{{number}}", name=f"Of {{number}}")
things = ("lamp", "pram", "bike", "sofa", "guitar", "kettle", "desk", "tent", "clock", "chair")
for place, sentence in enumerate(("is the {{}} still there, no %d", "win a {{}} now, click no %d!!!")):
    label = LabelFactory(classifier=classifier, number=place, name=("Fine", "Advert")[place])
    for thing in things:
        for again in range(2):
            text = sentence.format(thing) % (10 * number + again)
            LabelledExampleFactory(classifier=classifier, label=label, text=text)
person, _ = get_user_model().objects.get_or_create(username="ada", email="ada@example.com", is_staff=True)
live = training.start(classifier.pk, by=person)
tasks.train_version(live.pk)
Notice.objects.all().delete()
print(classifier.pk, live.pk, training.start(classifier.pk, by=person).pk)
"""
_WORK = "from classifiers import tasks; tasks.train_version({version_id})"
# A worker that dies by its own hand just before a statement reaches the database.
_WORK_UNTIL = """
import os
from django.db import connection
from classifiers import tasks
def die(execute, sql, params, many, context):
    if {words!r} in sql and {value!r} in str(params):
        os.kill(os.getpid(), 9)
    return execute(sql, params, many, context)
with connection.execute_wrapper(die):
    tasks.train_version({version_id})
"""
_DELETE = """
from classifiers.models import Classifier, Example
Example.objects.filter(classifier={classifier_id}).delete()
Classifier.objects.filter(pk={classifier_id}).delete()
"""
# A worker under whom the classifier is deleted when the files are in their place and its results are to be written.
_WORK_WHILE_DELETED = """
from django.db import connection
from classifiers import tasks
from classifiers.models import Classifier, Example
done = []
def delete(execute, sql, params, many, context):
    if 'DELETE FROM "classifiers_heldout"' in sql and not done:
        done.append(True)
        Example.objects.filter(classifier={classifier_id}).delete()
        Classifier.objects.filter(pk={classifier_id}).delete()
    return execute(sql, params, many, context)
with connection.execute_wrapper(delete):
    tasks.train_version({version_id})
assert done
"""
# What the sweeper does once the dead worker's lease has ended, two minutes later.
_SWEEP = """
from django.utils import timezone
from classifiers.models import Version
from moderation import tasks
Version.objects.filter(pk={version_id}, state="RUNNING").update(lease_until=timezone.now())
tasks.sweep()
"""
_LOOK = """
import json
from django.conf import settings
from classifiers import predictor
from classifiers.models import Classifier, Version
from moderation.models import Notice
version = Version.objects.filter(pk={version_id}).first()
classifier = Classifier.objects.filter(pk={classifier_id}).first()
live = classifier and classifier.live_version
print(json.dumps(dict(
    state=version and version.state, error=version and version.error, attempts=version and version.attempts,
    sha256=version and version.data_sha256, counts=version and version.label_counts,
    held_out=version and version.held_out.count(),
    live=live and live.pk,
    loads=bool(live and predictor.load(live).manifest.labels),
    artifacts=sorted(path.name for path in settings.ARTIFACTS_DIR.glob("{key}/*")),
    work=sorted(path.name for path in settings.WORK_DIR.glob("*")),
    told=[[notice.subject, notice.text, notice.is_bad] for notice in Notice.objects.order_by("pk")],
)))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path) -> Iterator[Server]:
    """Return a house of which no process runs but those that a test begins."""
    with own_database() as database_url:
        settings = {"TRAINING_TIMEOUT_S": "20"}
        folder = tmp_path_factory.mktemp("faults")
        server = Server(folder, encoders_dir=encoder_folder.parent, database_url=database_url, settings=settings)
        # What is shown of it where a test fails.
        server.log_path.touch()
        server.manage(["migrate", "--verbosity", "0"])
        yield server


class Trained:
    """A classifier with a live version, and another training of it that waits for its worker."""

    def __init__(self, house: Server) -> None:
        self.house = house
        number = next(_NUMBERS)
        self.key = f"of-{number}"
        self.id, self.live_id, self.version_id = map(int, house.shell(_MAKE.format(number=number)).split())

    def begin(self) -> subprocess.Popen[bytes]:
        return self.house.begin(_WORK.format(version_id=self.version_id))

    def finish(self) -> None:
        """Let a new worker do what is left to do."""
        self.house.shell((_SWEEP + _WORK).format(version_id=self.version_id))

    def look(self) -> dict[str, Any]:
        names = {"version_id": self.version_id, "classifier_id": self.id, "key": self.key}
        told: dict[str, Any] = json.loads(self.house.shell(_LOOK.format(**names)))
        return told

    def forget_features(self) -> None:
        """Have the next training read all texts again."""
        self.house.shell("from classifiers.models import Embedding; Embedding.objects.all().delete()")


@pytest.fixture
def trained(house: Server) -> Trained:
    return Trained(house)


def _wait_for(find: Callable[[], Any], worker: subprocess.Popen[bytes]) -> Any:
    deadline = time.monotonic() + _WITHIN_S
    while not (found := find()):
        assert worker.poll() is None, "The worker ended before that."
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return found


def _child(worker: subprocess.Popen[bytes], command: str) -> Callable[[], int | None]:
    """Return how to look for the worker's child that does `command`, whose work has begun."""

    def find() -> int | None:
        for path in Path(f"/proc/{worker.pid}/task").glob("*/children"):
            for pid in path.read_text().split():
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b"classifiers.ml.jobs" in words and command.encode() in words:
                    return int(pid)
        return None

    return find


@contextmanager
def _held(worker: subprocess.Popen[bytes], command: str = "train") -> Iterator[int]:
    """Stop the worker's child while something is done to it, and let it go on: what it works on it was given before."""
    pid = _wait_for(_child(worker, command), worker)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _kill(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    worker.wait()


@pytest.mark.parametrize("command", ["embed", "train"])
def test_a_worker_killed_in_the_middle_is_replaced_and_the_live_version_stays(trained: Trained, command: str) -> None:
    for attempt in (1, 2):
        trained.forget_features()
        worker = trained.begin()
        child = _wait_for(_child(worker, command), worker)
        time.sleep(_DELAYS.uniform(0.0, 0.5))
        _kill(worker)
        wait_until_gone([child])
        told = trained.look()
        assert (told["state"], told["attempts"], told["live"], told["loads"]) == (
            "RUNNING",
            attempt,
            trained.live_id,
            True,
        )
        trained.house.shell(_SWEEP.format(version_id=trained.version_id))
    trained.finish()

    told = trained.look()
    assert (told["state"], told["attempts"], told["error"]) == ("SUCCEEDED", 3, "")
    assert (told["live"], told["loads"], len(told["artifacts"]), told["work"]) == (trained.version_id, True, 2, [])
    [[subject, _, is_bad]] = told["told"]
    assert (subject.endswith(": done"), is_bad) == (True, False)


def test_what_kills_its_worker_each_time_is_given_up_and_told(trained: Trained) -> None:
    for _ in range(3):
        worker = trained.begin()
        _wait_for(_child(worker, "train"), worker)
        _kill(worker)
        trained.house.shell(_SWEEP.format(version_id=trained.version_id))

    told = trained.look()
    assert (told["state"], told["attempts"], told["work"]) == ("DEAD", 3, [])
    assert told["error"] == "The worker stopped in the middle of this, 3 times."
    assert (told["live"], told["loads"], len(told["artifacts"])) == (trained.live_id, True, 1)
    [[subject, text, is_bad]] = told["told"]
    assert (subject.endswith(": gave up"), text, is_bad) == (True, told["error"], True)


def test_a_child_that_hears_nothing_is_killed_at_its_deadline(trained: Trained) -> None:
    worker = trained.begin()
    child = _wait_for(_child(worker, "train"), worker)
    # Deaf to everything but SIGKILL, like a native call that never comes back.
    os.kill(child, signal.SIGSTOP)

    assert worker.wait(timeout=_WITHIN_S) == 0

    wait_until_gone([child])
    told = trained.look()
    assert (told["state"], "longer than allowed" in told["error"]) == ("FAILED", True)
    assert (told["live"], told["loads"], len(told["artifacts"]), told["work"]) == (trained.live_id, True, 1, [])
    assert [is_bad for _, _, is_bad in told["told"]] == [True]


def test_a_disk_without_room_for_the_artifact_fails_the_training_and_says_so(trained: Trained) -> None:
    worker = trained.begin()
    with _held(worker) as child:
        resource.prlimit(child, resource.RLIMIT_FSIZE, (1_000, 1_000))

    assert worker.wait(timeout=_WITHIN_S) == 0

    told = trained.look()
    sentence = "There is no space left on the server's disk. Make room, then try again."
    assert (told["state"], told["error"], told["attempts"]) == ("FAILED", sentence, 1)
    assert (told["live"], told["loads"], len(told["artifacts"]), told["work"]) == (trained.live_id, True, 1, [])
    assert [text for _, text, _ in told["told"]] == [sentence]


def test_a_disk_without_room_for_the_features_fails_it_too(trained: Trained) -> None:
    trained.forget_features()
    worker = trained.begin()
    with _held(worker, "embed") as child:
        resource.prlimit(child, resource.RLIMIT_FSIZE, (1_000, 1_000))

    assert worker.wait(timeout=_WITHIN_S) == 0

    told = trained.look()
    assert (told["state"], "no space left" in told["error"], told["attempts"]) == ("FAILED", True, 1)
    assert (told["live"], told["loads"]) == (trained.live_id, True)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ('DELETE FROM "classifiers_heldout"', ""),
        ('UPDATE "classifiers_version"', "SUCCEEDED"),
        ('UPDATE "classifiers_classifier"', ""),
    ],
    ids=["files-in-place", "before-it-is-done", "before-it-is-live"],
)
def test_a_crash_between_files_and_database_leaves_the_old_version_and_an_orphan_that_is_swept(
    trained: Trained, words: str, value: str
) -> None:
    worker = trained.house.begin(_WORK_UNTIL.format(version_id=trained.version_id, words=words, value=value))
    assert worker.wait(timeout=_WITHIN_S) == -signal.SIGKILL

    crashed = trained.look()
    trained.finish()
    done = trained.look()
    swept = trained.house.shell("""
import datetime as dt
from django.utils import timezone
from classifiers.services import artifacts
now = timezone.now()
print([artifacts.sweep(now=now + dt.timedelta(hours=hours)) for hours in (0, 23, 24)])
""")

    assert (crashed["state"], crashed["live"], crashed["loads"]) == ("RUNNING", trained.live_id, True)
    assert (done["state"], done["attempts"], done["live"]) == ("SUCCEEDED", 2, trained.version_id)
    assert (len(crashed["artifacts"]), len(done["artifacts"]), swept) == (2, 3, "[0, 0, 1]")
    left = trained.look()
    assert (len(left["artifacts"]), left["loads"], left["work"]) == (2, True, [])


def test_labels_edited_in_the_middle_leave_the_snapshot_as_it_was(trained: Trained) -> None:
    before = trained.house.shell(f"""
from classifiers.services import training_sets
print(training_sets.take({trained.id})[0].sha256)
""")
    worker = trained.begin()
    with _held(worker):
        trained.house.shell(f"""
from classifiers.models import Classifier, DecisionSource
from classifiers.services import decisions
classifier = Classifier.objects.get(pk={trained.id})
advert = classifier.labels.get(number=1)
for example in classifier.examples.filter(label__number=0)[:10]:
    decisions.decide(example.pk, label_id=advert.pk, source=DecisionSource.PERSON)
""")
    assert worker.wait(timeout=_WITHIN_S) == 0

    told = trained.look()
    changed = trained.house.shell(f"""
from classifiers.models import Classifier
from classifiers.services import outlook, steps
classifier = Classifier.objects.get(pk={trained.id})
standing = steps.measure(classifier)
print(outlook.give(classifier, labels=list(classifier.labels.all()), standing=standing).changed)
""")
    assert (told["state"], told["sha256"], told["counts"]) == ("SUCCEEDED", before, {"0": 20, "1": 20})
    assert changed == "10"


def test_examples_deleted_in_the_middle_are_left_out_of_what_is_kept(trained: Trained) -> None:
    worker = trained.begin()
    with _held(worker):
        trained.house.shell(f"""
from classifiers.models import Example
ids = list(Example.objects.filter(classifier={trained.id}).values_list("pk", flat=True)[:5])
Example.objects.filter(pk__in=ids).delete()
""")
    assert worker.wait(timeout=_WITHIN_S) == 0

    told = trained.look()
    assert (told["state"], told["held_out"], told["live"]) == ("SUCCEEDED", 35, trained.version_id)


def test_a_classifier_deleted_in_the_middle_leaves_no_artifact_and_doesn_t_come_back(trained: Trained) -> None:
    worker = trained.begin()
    with _held(worker):
        trained.house.shell(_DELETE.format(classifier_id=trained.id))
    assert worker.wait(timeout=_WITHIN_S) == 0
    trained.house.shell(_WORK.format(version_id=trained.version_id))

    told = trained.look()
    assert (told["state"], told["live"], told["work"]) == (None, None, [])
    # Only that of the version which was live; the sweeper takes it a day later.
    assert len(told["artifacts"]) == 1
    assert told["told"] == []


def test_a_classifier_deleted_at_the_very_end_leaves_no_artifact_either(trained: Trained) -> None:
    trained.house.shell(_WORK_WHILE_DELETED.format(classifier_id=trained.id, version_id=trained.version_id))

    told = trained.look()
    assert (told["state"], told["live"], told["work"], told["told"]) == (None, None, [], [])
    assert len(told["artifacts"]) == 1


def test_a_training_cancelled_in_the_middle_ends_so_and_tells_nobody(trained: Trained) -> None:
    worker = trained.begin()
    with _held(worker):
        trained.house.shell(f"""
from classifiers.models import Version
from moderation import runs
assert runs.request_cancel(Version, {trained.version_id})
""")
        # Within a second the worker hears of it, and its child is gone.
        assert worker.wait(timeout=_WITHIN_S) == 0

    told = trained.look()
    assert (told["state"], told["live"], told["loads"]) == ("CANCELLED", trained.live_id, True)
    assert (len(told["artifacts"]), told["work"], told["told"]) == (1, [], [])
