"""The offline annotator at work: labels texts on this machine, from descriptions and confirmed examples alone."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from django.conf import settings
from django.core.cache import cache
from numpy.typing import NDArray

from annotation import offline
from annotation.asking import Answer, AskingFailed, LabelRule, Question, Reply
from annotation.offline import Known, Model
from classifiers import predictor
from classifiers.importing.fingerprint import text_key
from classifiers.ml.encoder import EncoderDamaged, EncoderManifest, EncoderMissing
from classifiers.ml.similarity import unit_rows
from classifiers.models import Classifier, Example, ExampleState, Label
from classifiers.services import embeddings, encoders
from moderation import children
from moderation.runs import Claim
from moderation.text import normalize

# So many texts are read at once: a second or two where their features have to be computed, and so long it takes at
# most until a run that shall stop does.
_BATCH = 1_000
# So many replies are handed over, and written down, at once.
_REPLIES = 200
# While a page is loaded, so many confirmed examples are learnt from: 20 ms of solving.
_MEASURED_ON = 400
_MEASURE_KEPT_S = 600


@dataclass(frozen=True)
class Measured:
    """On how many confirmed examples it agreed with the people, each left out in turn. All 0 where none can be used."""

    agreed: int
    total: int


class OfflineAnnotator:
    """The asker of one run, in the worker. Features that are missing are computed by a child process."""

    def __init__(self, claim: Claim, *, classifier_id: int, labels: Sequence[LabelRule]) -> None:
        self._claim = claim
        self._classifier_id = classifier_id
        self._labels = tuple(labels)
        self._is_stopped = False
        self._files = contextlib.ExitStack()

    def ask(self, questions: Iterable[Question]) -> Iterator[Sequence[Reply]]:
        """Yield replies in the order of the questions. Raises AskingFailed, and what `embeddings.ensure` raises."""
        waiting = iter(questions)
        while not self._is_stopped and (batch := list(islice(waiting, _BATCH))):
            replies = self._judge(batch)
            for start in range(0, len(replies), _REPLIES):
                yield replies[start : start + _REPLIES]

    def stop(self) -> None:
        """Read no further texts."""
        self._is_stopped = True

    def close(self) -> None:
        """Remove the files that were shared with the child process."""
        self._files.close()

    def _judge(self, questions: Sequence[Question]) -> list[Reply]:
        model, places = self._learnt
        keys = [text_key(question.text) for question in questions]
        judgements = offline.judge(
            model,
            X=self._vectors(dict(zip(keys, (question.text for question in questions), strict=True)), keys=keys),
            hits=offline.find_seeds([question.text for question in questions], labels=self._labels),
            own=np.array([places.get(key, -1) for key in keys], dtype=np.int64),
        )
        return [
            Reply(
                question_id=question.id,
                said=Answer(
                    label_number=self._labels[judgement.label].number,
                    confidence=judgement.confidence,
                    reason=judgement.reason,
                ),
            )
            for question, judgement in zip(questions, judgements, strict=True)
        ]

    @cached_property
    def _learnt(self) -> tuple[Model, dict[str, int]]:
        """Return the model and, by text key, which of its confirmed examples a text is."""
        rows = _confirmed(self._classifier_id, labels=self._labels, most=offline.MOST_CONFIRMED)
        sentences = {f"label:{label.number}": offline.sentence_of(label) for label in self._labels}
        guides = embeddings.borrow(
            sentences,
            encoder_id=self._encoder.id,
            claim=self._claim,
            folder=self._folder,
            timeout_s=settings.TRAINING_TIMEOUT_S,
            span=self._span(),
        )
        keys = [row.key for row in rows]
        vectors = self._vectors({row.key: row.text for row in rows}, keys=keys)
        model = _learn(rows, labels=self._labels, guides=guides, vectors=vectors)
        return model, {key: place for place, key in enumerate(keys)}

    @cached_property
    def _encoder(self) -> EncoderManifest:
        try:
            return encoders.get_manifest()
        except (EncoderMissing, EncoderDamaged) as error:
            raise AskingFailed(str(error)) from error

    def _vectors(self, texts: dict[str, str], *, keys: Sequence[str]) -> NDArray[np.float32]:
        """Return the features of the texts with these keys, rows of length 1; what was missing is stored."""
        if not keys:
            return np.zeros((0, self._encoder.dimension), dtype=np.float32)
        folder = self._folder
        embeddings.ensure(
            texts,
            encoder_id=self._encoder.id,
            claim=self._claim,
            folder=folder,
            timeout_s=settings.TRAINING_TIMEOUT_S,
            span=self._span(),
        )
        path = folder / "vectors.npy"
        return unit_rows(
            embeddings.matrix(keys, encoder_id=self._encoder.id, path=path, dimension=self._encoder.dimension)
        )

    def _span(self) -> tuple[float, float]:
        # How far the run is, is counted in texts: reading them moves nothing.
        progress = float(self._claim.get_run().progress)
        return progress, progress

    @cached_property
    def _folder(self) -> Path:
        return self._files.enter_context(children.work_folder(self._claim))


def measure(classifier: Classifier, *, labels: Sequence[LabelRule]) -> Measured:
    """Return how far the annotator agrees with the people, by up to 400 confirmed examples whose features are stored.

    For the web process: it computes no features but those of the labels, and keeps the result for ten minutes. Where
    there is no encoder, or nothing to measure on, both numbers are 0.
    """
    try:
        encoder_id = encoders.get_manifest().id
    except (EncoderMissing, EncoderDamaged):
        return Measured(agreed=0, total=0)
    rows = _confirmed(classifier.pk, labels=labels, most=_MEASURED_ON)
    stored = set(embeddings.stored([row.key for row in rows], encoder_id=encoder_id))
    rows = [row for row in rows if row.key in stored]
    key = _cache_key(rows, labels=labels, encoder_id=encoder_id)
    measured: Measured | None = cache.get(key)
    if measured is None:
        measured = _measure(rows, labels=labels, encoder_id=encoder_id)
        cache.set(key, measured, _MEASURE_KEPT_S)
    return measured


@dataclass(frozen=True)
class _Confirmed:
    """A confirmed example; `place` is that of its label among the labels."""

    key: str
    text: str
    place: int


def _cache_key(rows: Sequence[_Confirmed], *, labels: Sequence[LabelRule], encoder_id: str) -> str:
    digest = hashlib.sha256(encoder_id.encode())
    for part in (*(offline.sentence_of(label) for label in labels), *(f"{row.key}:{row.place}" for row in rows)):
        digest.update(f"{part}\n".encode("utf-8", "surrogatepass"))
    return f"offline-annotator:{digest.hexdigest()}"


def _measure(rows: Sequence[_Confirmed], *, labels: Sequence[LabelRule], encoder_id: str) -> Measured:
    found = embeddings.find([row.key for row in rows], encoder_id=encoder_id)
    if not found or len(found) < len(rows):
        return Measured(agreed=0, total=0)
    try:
        guides = predictor.embed([normalize(offline.sentence_of(label)).content for label in labels])
    except (EncoderMissing, EncoderDamaged):
        return Measured(agreed=0, total=0)
    vectors = unit_rows(np.stack([found[row.key] for row in rows]))
    model = _learn(rows, labels=labels, guides=guides, vectors=vectors)
    return Measured(agreed=model.agreed, total=len(rows))


def _confirmed(classifier_id: int, *, labels: Sequence[LabelRule], most: int) -> list[_Confirmed]:
    """Return the newest confirmed examples, each label's share of `most` at most, at least one of each."""
    share = max(1, most // max(len(labels), 1))
    ids = dict(Label.objects.filter(classifier_id=classifier_id).values_list("number", "pk"))
    found: list[_Confirmed] = []
    for place, label in enumerate(labels):
        # By the label's id: then one index gives the newest at once, of 200,000 examples, too.
        rows = Example.objects.filter(
            classifier_id=classifier_id, state=ExampleState.CONFIRMED, label_id=ids.get(label.number)
        ).order_by("-pk")
        found += [
            _Confirmed(key=key, text=text, place=place) for key, text in rows.values_list("text_key", "text")[:share]
        ]
    return found


def _learn(
    rows: Sequence[_Confirmed],
    *,
    labels: Sequence[LabelRule],
    guides: NDArray[np.floating],
    vectors: NDArray[np.float32],
) -> Model:
    return offline.learn(
        Known(
            labels=tuple(labels),
            guides=unit_rows(guides),
            X=vectors,
            y=np.array([row.place for row in rows], dtype=np.int64),
            hits=offline.find_seeds([row.text for row in rows], labels=labels),
        )
    )
