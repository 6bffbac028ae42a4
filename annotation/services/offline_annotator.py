"""The offline annotator at work: labels texts on this machine, from descriptions and confirmed examples alone."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from annotation import offline
from annotation.asking import Answer, AskingFailed, LabelRule, Question, Reply
from annotation.services import offline_models
from annotation.services.offline_models import Learnt
from classifiers.importing.fingerprint import text_key
from classifiers.ml.encoder import EncoderDamaged, EncoderManifest, EncoderMissing
from classifiers.ml.similarity import unit_rows
from classifiers.models import Classifier
from classifiers.services import embeddings, encoders
from moderation import children
from moderation.runs import Claim

# So many texts are read at once: a second or two where their features have to be computed, and so long it takes at
# most until a run that shall stop does.
_BATCH = 1_000
# So many replies are handed over, and written down, at once.
_REPLIES = 200


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
        keys = [text_key(question.text) for question in questions]
        judgements = offline.judge(
            self._learnt.model,
            X=self._vectors(dict(zip(keys, (question.text for question in questions), strict=True)), keys=keys),
            hits=offline.find_seeds([question.text for question in questions], labels=self._labels),
            own=np.array([self._learnt.places.get(key, -1) for key in keys], dtype=np.int64),
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
    def _learnt(self) -> Learnt:
        rows = offline_models.confirmed(self._classifier_id, labels=self._labels, most=offline.MOST_CONFIRMED)
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
        return offline_models.learn(rows, labels=self._labels, guides=guides, vectors=vectors)

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


def measure(classifier: Classifier, *, labels: Sequence[LabelRule], now: dt.datetime) -> Measured:
    """Return how far the annotator agrees with the people, by up to 400 confirmed examples whose features are stored.

    For the web process. Where there is no encoder, or nothing to measure on, both numbers are 0.
    """
    try:
        learnt = offline_models.of_stored(classifier, labels=labels, now=now)
    except (EncoderMissing, EncoderDamaged):
        return Measured(agreed=0, total=0)
    return Measured(agreed=learnt.model.agreed, total=len(learnt.places))
