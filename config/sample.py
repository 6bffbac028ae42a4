"""The sample: a marketplace's messages, a project, a trained classifier, some logged requests."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from classifiers import tasks
from classifiers.models import Classifier, ImportRun, Label
from classifiers.services import imports, training
from moderation.models import AnalyzerSetting, Project
from moderation.runs import OPEN_STATES, BackgroundRun, RunState
from moderation.services import keys, moderate
from moderation.services.moderate import TextRequest

FOLDER = Path(__file__).parent / "sample_data"
CLASSIFIER_KEY = "message-check"
PROJECT_NAME = "Cornershelf marketplace"

Say = Callable[[str], None]


class SampleFailed(Exception):
    """A step of the sample ended badly; the message is the run's own sentence."""


@dataclass(frozen=True)
class Login:
    """A fresh admin login; the password isn't stored in the clear anywhere."""

    name: str
    password: str


def make_login() -> Login | None:
    """Make the user `admin` with a random password, or return None where a superuser exists."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    login = Login(name="admin", password=secrets.token_urlsafe(12))
    users.create_superuser(username=login.name, password=login.password)
    return login


def load(*, say: Say) -> str | None:
    """Load what is missing of the sample; return a new API key's secret where the project is new.

    Raises SampleFailed.
    """
    classifier = _classifier()
    if not classifier.imports.filter(state=RunState.SUCCEEDED).exists():
        say("Loading the sample: a marketplace's messages ...")
        _upload(classifier, FOLDER / "marketplace_labelled.csv", label_column=1)
        _upload(classifier, FOLDER / "marketplace_unlabelled.csv", label_column=None)
    classifier.refresh_from_db()
    if classifier.live_version_id is None:
        say("Training it ...")
        _train(classifier, say=say)
    return _project(say=say)


def _classifier() -> Classifier:
    classifier, is_new = Classifier.objects.get_or_create(
        key=CLASSIFIER_KEY,
        defaults={
            "name": "Message check",
            "description": "May this message between buyer and seller stay as it is?",
        },
    )
    if is_new or not classifier.labels.exists():
        with (FOLDER / "labels.csv").open(encoding="utf-8", newline="") as file:
            Label.objects.bulk_create(Label(classifier=classifier, **row) for row in csv.DictReader(file))
    return classifier


def _upload(classifier: Classifier, path: Path, *, label_column: int | None) -> None:
    file = SimpleUploadedFile(path.name, path.read_bytes(), content_type="text/csv")
    run = imports.stage(classifier.pk, file=file)
    imports.confirm(
        run.pk,
        text_column=0,
        label_column=label_column,
        encoding=run.encoding,
        delimiter=run.delimiter,
        header=run.header,
    )
    # Here and now rather than by the worker, which isn't running yet; its message will find the run done.
    tasks.run_import(run.pk)
    _check(ImportRun.objects.get(pk=run.pk))


def _train(classifier: Classifier, *, say: Say) -> None:
    # An earlier start may have been cut off in the middle of its training.
    version = classifier.versions.filter(state__in=OPEN_STATES).first() or training.start(classifier.pk)
    tasks.train_version(version.pk)
    version.refresh_from_db()
    if version.state == RunState.RUNNING:
        say("A training is under way; the worker goes on with it.")
        return
    _check(version)
    say(f"Trained on {version.example_count} examples. Out-of-fold macro-F1: {version.macro_f1:.2f}.")


def _check(run: BackgroundRun) -> None:
    if run.state != RunState.SUCCEEDED:
        raise SampleFailed(f"{run}: {run.error}")


def _project(*, say: Say) -> str | None:
    project, is_new = Project.objects.get_or_create(
        name=PROJECT_NAME,
        defaults={
            "is_logging": True,
            "description": "The sample: chat and listings of a second-hand market.",
        },
    )
    if not is_new:
        return None
    AnalyzerSetting.objects.create(project=project, analyzer=CLASSIFIER_KEY)
    AnalyzerSetting.objects.create(project=project, analyzer="email")
    issued = keys.issue(project, name="Quickstart")
    say("Sending it the market's latest messages ...")
    with (FOLDER / "marketplace_requests.csv").open(encoding="utf-8", newline="") as file:
        requests = [TextRequest(text=row["text"]) for row in csv.DictReader(file)]
    moderate.moderate_texts(
        issued.key,
        requests=requests,
        analyzers=moderate.enabled_analyzers(project.pk),
        endpoint="moderate/text",
        now=timezone.now(),
    )
    return issued.secret
