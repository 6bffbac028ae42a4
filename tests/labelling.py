"""A classifier of the sample's messages on a running server, ready to be labelled by hand."""

from __future__ import annotations

import csv
import json
import sys

from classifiers.models import Classifier, DecisionSource, Example, Label
from classifiers.services import decisions, examples
from config.sample import FOLDER
from tests.factories import AnswerFactory, ClassifierFactory, LabelFactory, UserFactory
from tests.server import Server


def open_in(server: Server, *, key: str, labelled: int = 0, waiting: int = 40, more_labels: int = 0) -> str:
    """Make the classifier on the server and return the address of its page. Texts are the sample's, in its order."""
    counts = f"labelled={labelled}, waiting={waiting}, more_labels={more_labels}"
    code = f"from tests import labelling; labelling.print_made(key={key!r}, {counts})"
    return f"{server.base_url}/admin/classifiers/classifier/{json.loads(server.shell(code))}/"


def print_made(*, key: str, labelled: int, waiting: int, more_labels: int) -> None:
    """Make the classifier and print its id, as `open_in` reads it."""
    classifier = _make(key=key, labelled=labelled, waiting=waiting)
    for number in range(3, 3 + more_labels):
        LabelFactory(classifier=classifier, number=number, name=f"Topic {number}")
    sys.stdout.write(json.dumps(classifier.pk))


def _make(*, key: str, labelled: int, waiting: int) -> Classifier:
    classifier: Classifier = ClassifierFactory(key=key, name=key)
    labels = {row["number"]: _label(classifier, row) for row in _rows("labels.csv")}
    for row in _rows("marketplace_labelled.csv")[:labelled]:
        examples.add(classifier, text=row["text"], label_id=labels[row["label"]].pk)
    for row in _rows("marketplace_unlabelled.csv")[:waiting]:
        examples.add(classifier, text=row["text"])
    return classifier


def _label(classifier: Classifier, row: dict[str, str]) -> Label:
    label: Label = LabelFactory(classifier=classifier, **row)
    return label


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def disagree_in(server: Server, *, key: str) -> None:
    """Let Ben and Cem label the classifier's first 20 texts on the server, each fifth one differently."""
    server.shell(f"from tests import labelling; labelling.disagree(key={key!r})")


def disagree(*, key: str) -> None:
    """Do so here."""
    classifier = Classifier.objects.get(key=key)
    labels = list(classifier.labels.all())
    people = [UserFactory(username=name) for name in ("ben", "cem")]
    for number, example in enumerate(classifier.examples.order_by("pk")[:20]):
        for step, person in enumerate(people):
            place = number + (step if number % 5 == 0 else 0)
            AnswerFactory(example=example, user=person, label=labels[place % len(labels)])


def suggest(example: Example, *, label: Label, confidence: float) -> None:
    """Let a machine say that the example has the label."""
    decisions.decide(example.pk, label_id=label.pk, source=DecisionSource.OFFLINE, confidence=confidence)
