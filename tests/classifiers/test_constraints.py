"""What the database itself refuses, and what it takes: both sides of each constraint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from classifiers.models import DecisionSource, Example, ExampleState, HeldOut, ImportRefusal
from moderation.runs import RunState
from tests.factories import (
    AnalyzerSettingFactory,
    ClassifierFactory,
    DecisionFactory,
    DoneVersionFactory,
    ExampleFactory,
    ImportRunFactory,
    LabelFactory,
    LabelledExampleFactory,
    ProjectFactory,
    RequestLogFactory,
    VersionFactory,
)

pytestmark = pytest.mark.django_db


def _two_labels(**second: Any) -> None:
    first = LabelFactory(number=0, name="Fine")
    LabelFactory(**{"classifier": first.classifier, "number": 1, "name": "Spam"} | second)


def _two_examples(**second: Any) -> None:
    first = ExampleFactory(text="the same")
    ExampleFactory(**{"classifier": first.classifier, "text": "the same"} | second)


def _two_versions(**second: Any) -> None:
    first = VersionFactory(number=1)
    VersionFactory(**{"classifier": first.classifier, "number": 2} | second)


def _two_settings(**second: Any) -> None:
    first = AnalyzerSettingFactory()
    AnalyzerSettingFactory(**{"project": first.project, "analyzer": first.analyzer} | second)


def _held_out_twice(*, once: bool) -> None:
    version, example = DoneVersionFactory(), ExampleFactory()
    for _ in range(1 if once else 2):
        HeldOut.objects.create(version=version, example=example, label_number=0, predicted_number=1, score=0.5)


def _refused_twice(*, rows: tuple[int, int]) -> None:
    run = ImportRunFactory()
    for row in rows:
        ImportRefusal.objects.create(import_run=run, row_number=row, reason="Blank.")


REFUSED: dict[str, Callable[[], Any]] = {
    "project without a name": lambda: ProjectFactory(name=""),
    "log without text": lambda: RequestLogFactory(text=""),
    "log without content id": lambda: RequestLogFactory(content_id=""),
    "setting without analyzer": lambda: AnalyzerSettingFactory(analyzer=""),
    "same analyzer twice in a project": lambda: _two_settings(),
    "classifier without a name": lambda: ClassifierFactory(name=""),
    "classifier without a key": lambda: ClassifierFactory(key=""),
    "label number twice": lambda: _two_labels(number=0),
    "label name twice in other case": lambda: _two_labels(name="FINE"),
    "label without a name": lambda: LabelFactory(name=""),
    "same text twice": lambda: _two_examples(),
    "example without text": lambda: ExampleFactory(text=""),
    "label but unlabelled": lambda: LabelledExampleFactory(state=ExampleState.UNLABELLED),
    "confirmed without a label": lambda: ExampleFactory(state=ExampleState.CONFIRMED),
    "confidence above one": lambda: DecisionFactory(confidence=1.01),
    "confidence below zero": lambda: DecisionFactory(confidence=-0.01),
    "a machine takes a label away": lambda: DecisionFactory(label=None, source=DecisionSource.LLM),
    "import sums that don't match": lambda: ImportRunFactory(state=RunState.SUCCEEDED, read=3, added=1, refused=1),
    "import started without a text column": lambda: ImportRunFactory(state=RunState.QUEUED, text_column=None),
    "version number twice": lambda: _two_versions(number=1, state=RunState.FAILED),
    "two trainings at a time": lambda: _two_versions(),
    "done version without artifact": lambda: VersionFactory(state=RunState.SUCCEEDED, macro_f1=0.5),
    "F1 above one": lambda: DoneVersionFactory(macro_f1=1.1),
    "held out twice": lambda: _held_out_twice(once=False),
    "row refused twice": lambda: _refused_twice(rows=(2, 2)),
}
TAKEN: dict[str, Callable[[], Any]] = {
    "same analyzer in two projects": lambda: _two_settings(project=ProjectFactory()),
    "label number and name in another classifier": lambda: _two_labels(
        classifier=ClassifierFactory(), number=0, name="Fine"
    ),
    "same text in two classifiers": lambda: _two_examples(classifier=ClassifierFactory()),
    "suggested with a label": lambda: LabelledExampleFactory(state=ExampleState.SUGGESTED),
    "confidence one": lambda: DecisionFactory(confidence=1.0),
    "confidence zero": lambda: DecisionFactory(confidence=0.0),
    "a person takes a label away": lambda: DecisionFactory(label=None),
    "import sums that match": lambda: ImportRunFactory(
        state=RunState.SUCCEEDED, read=3, added=1, duplicates=1, refused=1
    ),
    "draft without a text column": lambda: ImportRunFactory(text_column=None),
    "a training after one that failed": lambda: _two_versions(state=RunState.FAILED),
    "done version with artifact": lambda: DoneVersionFactory(macro_f1=1.0),
    "held out once": lambda: _held_out_twice(once=True),
    "two rows refused": lambda: _refused_twice(rows=(2, 3)),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_the_database_refuses(make: Callable[[], Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


@pytest.mark.parametrize("make", TAKEN.values(), ids=TAKEN.keys())
def test_the_database_takes(make: Callable[[], Any]) -> None:
    make()


def test_deleting_a_label_that_examples_use_is_refused() -> None:
    example = LabelledExampleFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        Example._meta.get_field("label").related_model._base_manager.filter(pk=example.label_id)._raw_delete(
            using="default"
        )
        transaction.get_connection().check_constraints()
