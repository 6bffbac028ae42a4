"""What the offline annotator has learnt of one classifier: its confirmed examples, and the model that comes of them."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotation import offline
from annotation.asking import LabelRule
from annotation.models import Answer
from annotation.offline import Known, Model
from classifiers import predictor
from classifiers.ml.similarity import unit_rows
from classifiers.models import Classifier, Example, ExampleState, Label
from classifiers.services import embeddings, encoders
from moderation.text import normalize

# While a page is loaded, so many confirmed examples are learnt from: 20 ms of solving.
_MOST_IN_WEB = 400
# A model of 400 examples takes 3 MB.
_KEPT = 20
# What came in otherwise than by an answer is learnt after this long.
_KEPT_FOR = dt.timedelta(minutes=1)
# A model is learnt anew after one answer for so many of its examples: at first after each, of 400 after 40.
_EXAMPLES_AN_ANSWER = 10


@dataclass(frozen=True)
class Confirmed:
    """A confirmed example; `place` is that of its label among the labels."""

    key: str
    text: str
    place: int


@dataclass(frozen=True)
class Learnt:
    """A model, and by text key which of its confirmed examples a text is."""

    model: Model
    places: dict[str, int]


@dataclass(frozen=True)
class _Kept:
    learnt: Learnt
    of: tuple[dt.datetime, tuple[LabelRule, ...], str]
    confirmed_count: int
    answer_id: int
    at: dt.datetime


_kept: OrderedDict[int, _Kept] = OrderedDict()
_lock = threading.Lock()


def of_stored(classifier: Classifier, *, labels: Sequence[LabelRule], now: dt.datetime) -> Learnt:
    """Return what can be learnt from up to 400 confirmed examples whose features are stored, for the web process.

    It computes no features but those of the labels' sentences. The result is kept in memory until a tenth as many
    answers have come in, a minute has passed, or the labels are worded otherwise. Raises EncoderMissing,
    EncoderDamaged.
    """
    encoder_id = encoders.get_manifest().id
    answers = Answer.objects.filter(classifier=classifier).order_by("-pk")
    answer_id = answers.values_list("pk", flat=True).first() or 0
    with _lock:
        kept = _kept.get(classifier.pk)
    # With the moment of its creation: a restored backup can give a classifier's id to another one.
    wanted = (classifier.created_at, tuple(labels), encoder_id)
    if kept is not None and kept.of == wanted and not _is_stale(kept, answer_id, now=now):
        return kept.learnt
    rows = confirmed(classifier.pk, labels=labels, most=_MOST_IN_WEB)
    learnt = _learn_stored(rows, labels=labels, encoder_id=encoder_id)
    with _lock:
        _kept[classifier.pk] = _Kept(learnt, of=wanted, confirmed_count=len(rows), answer_id=answer_id, at=now)
        _kept.move_to_end(classifier.pk)
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return learnt


def _is_stale(kept: _Kept, answer_id: int, *, now: dt.datetime) -> bool:
    new_answers = answer_id - kept.answer_id
    is_old = not kept.at <= now < kept.at + _KEPT_FOR
    return is_old or new_answers < 0 or new_answers > kept.confirmed_count // _EXAMPLES_AN_ANSWER


def _learn_stored(rows: Sequence[Confirmed], *, labels: Sequence[LabelRule], encoder_id: str) -> Learnt:
    found = embeddings.find([row.key for row in rows], encoder_id=encoder_id)
    rows = [row for row in rows if row.key in found]
    guides = predictor.embed([normalize(offline.sentence_of(label)).content for label in labels])
    vectors = np.array([found[row.key] for row in rows], dtype=np.float32).reshape(len(rows), guides.shape[1])
    return learn(rows, labels=labels, guides=guides, vectors=unit_rows(vectors))


def confirmed(classifier_id: int, *, labels: Sequence[LabelRule], most: int) -> list[Confirmed]:
    """Return the newest confirmed examples, each label's share of `most` at most, at least one of each.

    The golden set isn't among them: no machine may learn what it is measured on.
    """
    share = max(1, most // max(len(labels), 1))
    ids = dict(Label.objects.filter(classifier_id=classifier_id).values_list("number", "pk"))
    found: list[Confirmed] = []
    for place, label in enumerate(labels):
        # By the label's id: then one index gives the newest at once, of 200,000 examples, too.
        rows = Example.objects.filter(
            classifier_id=classifier_id,
            state=ExampleState.CONFIRMED,
            label_id=ids.get(label.number),
            is_golden=False,
        ).order_by("-pk")
        found += [
            Confirmed(key=key, text=text, place=place) for key, text in rows.values_list("text_key", "text")[:share]
        ]
    return found


def learn(
    rows: Sequence[Confirmed],
    *,
    labels: Sequence[LabelRule],
    guides: NDArray[np.floating],
    vectors: NDArray[np.float32],
) -> Learnt:
    """Return what the examples and the labels' sentences teach.

    Shapes: guides (k, d), a row for each label; vectors float32 (n, d), rows of length 1, one for each of `rows`.
    """
    model = offline.learn(
        Known(
            labels=tuple(labels),
            guides=unit_rows(guides),
            X=vectors,
            y=np.array([row.place for row in rows], dtype=np.int64),
            hits=offline.find_seeds([row.text for row in rows], labels=labels),
        )
    )
    return Learnt(model=model, places={row.key: place for place, row in enumerate(rows)})
