"""Six threads that reserve calls for two classifiers at once, on a database of their own. Run in a server's shell.

A test's own database in memory knows no waiting for each other.
"""

from __future__ import annotations

import json
import threading

from django.db import connections
from django.utils import timezone

from annotation.models import AllowanceUse, AnnotationSetting
from annotation.services import allowances
from tests.factories import ClassifierFactory

_THREADS, _TIMES, _WANTED = 6, 20, 3


def main(*, own_limit: int) -> None:
    """Print what each classifier was granted and what is counted. The installation's limit is in its settings."""
    classifiers = [ClassifierFactory(key=f"reserving-{number}") for number in range(2)]
    for classifier in classifiers:
        AnnotationSetting.objects.create(classifier=classifier, monthly_limit=own_limit)
    now = timezone.now()
    granted: list[list[int]] = [[] for _ in range(_THREADS)]
    together = threading.Barrier(_THREADS)

    def work(place: int) -> None:
        together.wait()
        try:
            for _ in range(_TIMES):
                granted[place].append(allowances.reserve(classifiers[place % 2].pk, _WANTED, now))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[place]) for place in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = {
        "granted": [sum(sum(each) for each in granted[place::2]) for place in range(2)],
        "tries": sum(len(each) for each in granted),
        "counted": AllowanceUse.objects.get(classifier__isnull=True).used,
    }
    print(json.dumps(told))  # noqa: T201 - what the test reads
