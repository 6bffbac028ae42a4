"""What to label next: the queue's order against labelling at random, replayed on public sets.

Whoever labels follows the queue as on the screen: takes a text, gives it the label that the set has for it; the order
is worked out anew when the product would do so. Each model is made as the product makes it, the other texts being
there without a label.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.contrib.auth import get_user_model
from django.test.utils import override_settings, setup_databases, teardown_databases
from django.utils import timezone
from numpy.typing import NDArray

from annotation import tasks
from annotation.models import QueueCode, QueueRun
from annotation.services import answers, turns
from classifiers import predictor
from classifiers.importing.fingerprint import text_key
from classifiers.importing.texts import clean_text
from classifiers.ml import training
from classifiers.ml.evaluation import macro_f1
from classifiers.ml.lessons import Lessons, Pool
from classifiers.ml.model import predict_proba
from classifiers.models import Classifier, Example, ExampleOrigin, Label
from classifiers.services.training_material import MOST_UNLABELLED
from moderation.runs import OPEN_STATES, RunState
from moderation.services import workers
from moderation.text import normalize

_SETS = ("sms_spam", "cr")
# Of the packaged encoder's features.
_LAYERS = 3
_FOLLOWED = (100, 200)
_AT_RANDOM = (100, 200, 400)
# Labelling at random is a matter of luck: the mean of so many tries.
_TRIES = 10
# The order is drawn anew in each: the mean of so many.
_REPLAYS = 3


@dataclass(frozen=True)
class _Set:
    """A public set with its features. `y` holds the places of the labels in `names`."""

    names: tuple[str, ...]
    texts: tuple[str, ...]
    y: NDArray[np.int64]
    X: NDArray[np.float32]
    test_texts: tuple[str, ...]
    test_y: NDArray[np.int64]
    test_X: NDArray[np.float32]


def main() -> bool:
    """Print the table; return whether 100 labels by the queue are worth 200 at random, or True without the data."""
    folder = Path(os.environ.get("BENCHMARK_DATA", "benchmark-data"))
    missing = [name for name in _SETS if not (folder / name).is_dir()]
    if missing:
        print(f"What to label next: skipped, there is no {folder / missing[0]}. Set BENCHMARK_DATA to the folder.")
        return True
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as scratch, override_settings(WORK_DIR=Path(scratch)):
            print("What to label next: macro-F1 on the test part, by the queue and at random")
            kept = [_compare(name, folder / name) for name in _SETS]
            return all(kept)
    finally:
        teardown_databases(databases, verbosity=0)


def _compare(name: str, folder: Path) -> bool:
    data = _read(folder)
    replays = [_replay(data, name=f"{name}-{number}") for number in range(_REPLAYS)]
    by_queue = {count: float(np.mean([replay[count] for replay in replays])) for count in _FOLLOWED}
    at_random = {
        count: float(np.mean([_score_random(data, count, seed) for seed in range(_TRIES)])) for count in _AT_RANDOM
    }
    is_kept = by_queue[100] >= at_random[200]
    print(f"  {name}: by the queue {_said(by_queue)}; at random {_said(at_random)}{'' if is_kept else '  MISSED'}")
    return is_kept


def _said(scores: Mapping[int, float]) -> str:
    return ", ".join(f"{score:.3f} with {count}" for count, score in scores.items())


def _read(folder: Path) -> _Set:
    (texts, labels), (test_texts, test_labels) = _rows(folder / "train.csv"), _rows(folder / "test.csv")
    names = tuple(sorted(set(labels)))
    return _Set(
        names=names,
        texts=texts,
        y=np.array([names.index(label) for label in labels]),
        X=predictor.embed([normalize(text).content for text in texts]),
        test_texts=test_texts,
        test_y=np.array([names.index(label) for label in test_labels]),
        test_X=predictor.embed([normalize(text).content for text in test_texts]),
    )


def _rows(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return texts and labels, each text once: as an upload would add them."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = {
            text_key(clean_text(row["text"])): (clean_text(row["text"]), row["label"]) for row in csv.DictReader(file)
        }
    texts, labels = zip(*rows.values(), strict=True)
    return texts, labels


def _replay(data: _Set, *, name: str) -> dict[int, float]:
    """Return the score after so many labels that were given in the queue's order."""
    workers.beat("benchmark")
    classifier = Classifier.objects.create(name=name, key=name.replace("_", "-"))
    labels = [Label.objects.create(classifier=classifier, number=n, name=each) for n, each in enumerate(data.names)]
    Example.objects.bulk_create(
        [
            Example(classifier=classifier, text=text, text_key=text_key(text), origin=ExampleOrigin.UPLOAD)
            for text in data.texts
        ],
        batch_size=500,
    )
    row_of = {text: row for row, text in enumerate(data.texts)}
    person = get_user_model().objects.create(username=name)
    chosen: list[int] = []
    scores: dict[int, float] = {}
    while len(chosen) < max(_FOLLOWED):
        _work_off(classifier)
        now = timezone.now()
        turn = turns.take(classifier.pk, user_id=person.pk, queue=QueueCode.USEFUL, now=now)
        # The screen has no order at first; whoever waits a moment has one.
        if QueueRun.objects.filter(classifier=classifier, state__in=OPEN_STATES).exists():
            continue
        assert turn is not None
        row = row_of[turn.example.text]
        label = labels[int(data.y[row])]
        answers.label(
            turn.example.pk, label_id=label.pk, by=person, queue=QueueCode.USEFUL, preselected_id=None, now=now
        )
        chosen.append(row)
        if len(chosen) in _FOLLOWED:
            scores[len(chosen)] = _score(data, chosen)
    return scores


def _work_off(classifier: Classifier) -> None:
    """Do what the worker would do."""
    workers.beat("benchmark")
    for run in QueueRun.objects.filter(classifier=classifier, state=RunState.QUEUED):
        tasks.order_queue(run.pk)
        run.refresh_from_db()
        assert run.state == RunState.SUCCEEDED, run.error


def _score_random(data: _Set, count: int, seed: int) -> float:
    return _score(data, np.random.default_rng(seed).permutation(len(data.y))[:count].tolist())


def _score(data: _Set, chosen: Sequence[int]) -> float:
    """Return the macro-F1 on the test part of a head that was trained on the chosen rows."""
    rows = np.array(chosen)
    present = np.unique(data.y[rows])
    if len(present) < len(data.names):
        return 0.0
    others = np.setdiff1d(np.arange(len(data.y)), rows)[:MOST_UNLABELLED]
    contents = [normalize(text).content for text in data.texts]
    lessons = Lessons(
        X=data.X[rows],
        y=data.y[rows],
        texts=[contents[row] for row in chosen],
        label_count=len(data.names),
        layer_count=_LAYERS,
    )
    pool = Pool(X=data.X[others], texts=[contents[row] for row in others.tolist()])
    model = training.fit_only(lessons, seed=0, pool=pool)
    test_contents = [normalize(text).content for text in data.test_texts]
    predicted = predict_proba(model, data.test_X, texts=test_contents).argmax(axis=1)
    return macro_f1(data.test_y, predicted, label_count=len(data.names))
