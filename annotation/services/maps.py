"""Find the unlabelled texts that lie near a text or near a label, at once, on the map that the last queue run drew."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.models import QueueMap
from annotation.services import queue_runs, vectors
from classifiers.importing.fingerprint import text_key
from classifiers.ml.encoder import EncoderDamaged, EncoderMissing
from classifiers.models import Example, ExampleState, Label
from classifiers.services import encoders

# A map of 20,000 texts is 3 MB.
_KEPT = 8
# So many examples of a label say where it lies.
_EXAMPLES = 30


@dataclass(frozen=True)
class _Map:
    """Shapes: ids int64 (n,), points int8 (n, s), directions float32 (d, s)."""

    ids: NDArray[np.int64]
    points: NDArray[np.int8]
    directions: NDArray[np.float32]


_maps: OrderedDict[Any, _Map] = OrderedDict()
_lock = threading.Lock()


def exists(classifier_id: int) -> bool:
    """Tell whether the classifier's texts were ever compared."""
    return QueueMap.objects.filter(run=queue_runs.finished(classifier_id).values("pk")[:1]).exists()


def nearest(classifier_id: int, *, near_id: int | None, label_number: int | None) -> list[int]:
    """Return the ids of all texts on the map, nearest first, but for `near_id` itself; empty where there's no map.

    Near a label is near the middle of its description and of its confirmed examples outside of the golden set.
    """
    try:
        found = _find(classifier_id)
        if found is None:
            return []
        target = _of_text(classifier_id, near_id) if near_id is not None else _of_label(classifier_id, label_number)
    except (EncoderMissing, EncoderDamaged):
        return []
    if target is None:
        return []
    likeness = found.points.astype(np.float32) @ (target @ found.directions)
    order = np.argsort(-likeness, kind="stable")
    return [pk for pk in found.ids[order].tolist() if pk != near_id]


def _find(classifier_id: int) -> _Map | None:
    of_run = QueueMap.objects.filter(run=queue_runs.finished(classifier_id).values("pk")[:1])
    content_id = of_run.filter(encoder_id=encoders.get_manifest().id).values_list("content_id", flat=True).first()
    if content_id is None:
        return None
    with _lock:
        if content_id in _maps:
            _maps.move_to_end(content_id)
            return _maps[content_id]
    row = QueueMap.objects.filter(content_id=content_id).first()
    return None if row is None else _remember(row)


def _remember(row: QueueMap) -> _Map:
    ids = np.frombuffer(row.example_ids, dtype="<i8")
    points = np.frombuffer(row.points, dtype=np.int8).reshape(len(ids), -1)
    directions = np.frombuffer(row.directions, dtype="<f4").reshape(-1, points.shape[1])
    made = _Map(ids=ids, points=points, directions=directions)
    with _lock:
        _maps[row.content_id] = made
        while len(_maps) > _KEPT:
            _maps.popitem(last=False)
    return made


def _of_text(classifier_id: int, example_id: int) -> NDArray[np.float32] | None:
    example = Example.objects.filter(pk=example_id, classifier_id=classifier_id).first()
    return None if example is None else vectors.unit(vectors.of_example(example))


def _of_label(classifier_id: int, number: int | None) -> NDArray[np.float32] | None:
    label = Label.objects.filter(classifier_id=classifier_id, number=number).first()
    if label is None:
        return None
    # Any of its examples will do: those that an index gives first.
    examples = Example.objects.filter(
        classifier_id=classifier_id, label=label, state=ExampleState.CONFIRMED, is_golden=False
    )
    keys = list(examples.order_by().values_list("text_key", flat=True)[:_EXAMPLES])
    rows = [vectors.unit(row) for row in vectors.stored(keys).values()]
    if label.description:
        described = vectors.of_texts({text_key(label.description): label.description})
        rows += [vectors.unit(row) for row in described.values()]
    if not rows:
        return None
    middle: NDArray[np.float32] = np.mean(rows, axis=0)
    return middle
