"""Eight people who take texts at once, each in a thread, on the real server's database. Run in its shell.

A test's own database in memory knows no waiting for each other.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections
from django.utils import timezone

from annotation.models import QueueCode
from annotation.services import answers, turns
from classifiers.models import Classifier
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory

_PEOPLE, _EACH = 8, 10


def main() -> None:
    """Print which texts were given, each as often as it was, and who took how many."""
    classifier = ClassifierFactory(key="eight-people")
    label = LabelFactory(classifier=classifier, number=0)
    ExampleFactory.create_batch(_PEOPLE * _EACH, classifier=classifier)
    people = [get_user_model().objects.create(username=f"one-of-eight-{number}") for number in range(_PEOPLE)]
    given: list[list[int]] = [[] for _ in people]
    together = threading.Barrier(_PEOPLE)

    def work(place: int) -> None:
        together.wait()
        try:
            given[place] += _label_all(classifier, people[place], label_id=label.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[place]) for place in range(_PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"given": given, "labelled": classifier.examples.filter(label=label).count()}))  # noqa: T201


def _label_all(classifier: Classifier, person: Any, *, label_id: int) -> list[int]:
    """Take a text, hold it, take the next one, then label the first: as the screen does."""
    seen: list[int] = []
    holding: list[int] = []
    queue, now = QueueCode.USEFUL, timezone.now()
    while (turn := turns.take(classifier.pk, user_id=person.pk, queue=queue, now=now, holding=holding)) or holding:
        if turn is not None:
            seen.append(turn.example.pk)
            holding.append(turn.example.pk)
        if len(holding) > 1 or turn is None:
            answers.label(holding.pop(0), label_id=label_id, by=person, queue=queue, preselected_id=None, now=now)
    return seen
