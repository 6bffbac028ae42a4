"""Fill a server's database with one large classifier. Run in its shell."""

from __future__ import annotations

import random

from django.contrib.auth import get_user_model
from django.db import connection

from annotation.models import QueueEntry, QueueRun
from classifiers.importing.fingerprint import text_key
from classifiers.models import Classifier, Example, ExampleOrigin, Label
from moderation.runs import RunState

KEY = "many-examples"
PASSWORD = "a long enough word"
_BATCH = 2_000
_LABELS = 5
_WORDS = ("lamp", "pram", "sofa", "tent", "desk", "piano", "bicycle", "pay", "bank", "transfer", "meet", "price")


def main(count: int, people: int) -> None:
    """Add so many examples, half of them labelled, and people who may label; print the classifier's id."""
    rng = random.Random(0)
    for number in range(people):
        get_user_model().objects.create_superuser(f"person-{number}", password=PASSWORD)
    classifier = Classifier.objects.create(name="Many examples", key=KEY)
    labels = [
        Label.objects.create(classifier=classifier, number=number, name=f"Kind {number}", description=f"About {word}s.")
        for number, word in enumerate(_WORDS[:_LABELS])
    ]
    for start in range(0, count, _BATCH):
        Example.objects.bulk_create(
            _example(classifier, f"{' '.join(rng.choices(_WORDS, k=12))} {number}", labels=labels, rng=rng)
            for number in range(start, start + _BATCH)
        )
    run = QueueRun.objects.create(
        classifier=classifier, state=RunState.SUCCEEDED, method="MARGIN", labelled_count=count
    )
    waiting = Example.objects.filter(classifier=classifier, label__isnull=True).order_by("text_key")
    QueueEntry.objects.bulk_create(
        QueueEntry(run=run, example_id=pk, place=place, margin=0.1, first_number=0, second_number=1)
        for place, pk in enumerate(waiting.values_list("pk", flat=True)[:500], 1)
    )
    if connection.vendor == "postgresql":
        # As it does by itself, a minute after so many rows came in.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    print(classifier.pk)


def _example(classifier: Classifier, text: str, *, labels: list[Label], rng: random.Random) -> Example:
    example = Example(classifier=classifier, text=text, text_key=text_key(text), origin=ExampleOrigin.UPLOAD)
    if rng.random() < 0.5:
        example.label, example.state = rng.choice(labels), "CONFIRMED"
    return example
