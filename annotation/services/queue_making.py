"""What the worker does for a queue run: compare the unlabelled texts and keep the order that comes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from annotation.models import QueueEntry, QueueMap, QueueMethod, QueueRun
from annotation.services import leases, pools
from annotation.services.pools import Text
from annotation.services.queue_runs import KINDS
from classifiers.ml.artifact import Artifact, ArtifactDamaged, ArtifactFormatUnknown, ArtifactMissing, load_artifact
from classifiers.ml.encoder import EncoderManifest
from classifiers.models import Example, Label, Version
from classifiers.services import embeddings, example_vectors
from moderation import children
from moderation.runs import OPEN_STATES, Claim

# The first order comes soon: reading a text takes 2 ms, and one of each kind is found among fewer, too.
FIRST_POOL, POOL = 5_000, 20_000
# As many labels are fitted to at most; a live version that saw more is asked instead.
MOST_KNOWN = 2_000
# Eight people answer some 40 of them before the next order is there.
ENTRIES = 500
_CHUNK = 500
_TIMEOUT_S = 600.0
# Of the time that a run takes where no text was read before.
_READING_ENDS = 0.8


@dataclass(frozen=True)
class _Work:
    """All that one run is about. `numbers` are the labels, in the order of the scores' columns."""

    run: QueueRun
    claim: Claim
    folder: Path
    encoder: EncoderManifest
    pool: list[Text]
    known: list[Text]
    is_enough: bool
    head: Artifact | None
    numbers: list[int]

    @property
    def method(self) -> QueueMethod:
        return QueueMethod.MARGIN if self.is_enough or self.head is not None else QueueMethod.CLUSTERS


def carry_out(claim: Claim) -> None:
    """Find the order and keep it in place of the earlier one. Raises RunError and what `children.talk` raises."""
    with children.work_folder(claim) as folder:
        _carry_out(claim, folder=folder)


def _carry_out(claim: Claim, *, folder: Path) -> None:
    run: QueueRun = claim.get_run()
    claim.beat(progress=0.0, step="Looking at the labels so far")
    encoder = example_vectors.get_manifest()
    known = pools.known(run.classifier_id, most=MOST_KNOWN)
    version = run.classifier.live_version
    head = None if version is None or version.example_count <= len(known) else _head(version, encoder=encoder)
    is_enough = len(known) >= KINDS and len({text.number for text in known}) > 1
    pool = pools.draw(run.classifier_id, most=POOL if head is not None or is_enough else FIRST_POOL, seed=run.pk)
    if head is None:
        numbers = list(Label.objects.filter(classifier_id=run.classifier_id).values_list("number", flat=True))
    else:
        numbers = [label.number for label in head.manifest.labels]
    work = _Work(
        run=run,
        claim=claim,
        folder=folder,
        encoder=encoder,
        pool=pool,
        known=known,
        is_enough=is_enough,
        head=head,
        numbers=numbers,
    )
    if pool:
        _compare(work)
        _keep(work)
    _finish(work, labelled_count=pools.known_count(run.classifier_id))


def _head(version: Version, *, encoder: EncoderManifest) -> Artifact | None:
    """Return the live version as it lies on the disk, or None where it can't be used: then the labels are fitted to."""
    path = settings.ARTIFACTS_DIR / version.artifact_path
    try:
        artifact = load_artifact(path, expected_sha256=version.artifact_sha256)
    except (ArtifactMissing, ArtifactDamaged, ArtifactFormatUnknown):
        return None
    return artifact if artifact.manifest.encoder_id == encoder.id else None


def _compare(work: _Work) -> None:
    """Let the child process find the order of the pool, into the run's folder."""
    read = _read_all(work)
    begin = _READING_ENDS if read else 0.0
    _write_vectors(work, work.pool, name="vectors.npy")
    _write_vectors(work, work.known, name="known.npy")
    if work.is_enough and work.head is None:
        column_of = {number: column for column, number in enumerate(work.numbers)}
        np.save(work.folder / "y.npy", np.array([column_of[text.number] for text in work.known], dtype=np.int64))
    if work.head is not None:
        np.save(work.folder / "weights.npy", work.head.model.head.weights)
        np.save(work.folder / "bias.npy", work.head.model.head.bias)
    job = {"clusters": KINDS, "wanted": ENTRIES, "seed": work.run.pk, "label_count": len(work.numbers)}
    (work.folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    arguments = ["--folder", str(work.folder), "--memory-limit-mb", str(settings.CHILD_MEMORY_MB)]
    span = (begin, 1.0)
    for _ in children.talk("annotation.jobs", arguments, claim=work.claim, timeout_s=_TIMEOUT_S, span=span):
        continue


def _read_all(work: _Work) -> int:
    """Compute the features that aren't stored yet, a batch after the other; return how many there were."""
    texts = [*work.known, *work.pool]
    read = 0
    for start in range(0, len(texts), example_vectors.BATCH):
        batch = texts[start : start + example_vectors.BATCH]
        done, after = start / len(texts), (start + len(batch)) / len(texts)
        read += embeddings.ensure(
            {text.key: text.content for text in batch},
            encoder_id=work.encoder.id,
            claim=work.claim,
            folder=work.folder,
            timeout_s=settings.TRAINING_TIMEOUT_S,
            span=(_READING_ENDS * done, _READING_ENDS * after),
        )
    return read


def _write_vectors(work: _Work, texts: Sequence[Text], *, name: str) -> None:
    embeddings.matrix(
        [text.key for text in texts],
        encoder_id=work.encoder.id,
        path=work.folder / name,
        dimension=work.encoder.dimension,
    )


def _keep(work: _Work) -> None:
    places: list[dict[str, Any]] = json.loads((work.folder / "order.json").read_text(encoding="utf-8"))
    # What an earlier attempt wrote.
    QueueEntry.objects.filter(run=work.run).delete()
    QueueMap.objects.filter(run=work.run).delete()
    for start in range(0, len(places), _CHUNK):
        chunk = list(enumerate(places[start : start + _CHUNK], start + 1))
        ids = [work.pool[place["row"]].id for _, place in chunk]
        with transaction.atomic():
            # A text may have been deleted while the order was worked out.
            alive = set(Example.objects.filter(pk__in=ids).values_list("pk", flat=True))
            QueueEntry.objects.bulk_create(
                _entry(work, place, number=number) for number, place in chunk if work.pool[place["row"]].id in alive
            )
            work.claim.beat(step="Keeping the order")
    QueueMap.objects.create(
        run=work.run,
        encoder_id=work.encoder.id,
        example_ids=np.array([text.id for text in work.pool], dtype="<i8").tobytes(),
        points=np.load(work.folder / "points.npy", allow_pickle=False).tobytes(),
        directions=np.load(work.folder / "directions.npy", allow_pickle=False).astype("<f4").tobytes(),
    )


def _entry(work: _Work, place: dict[str, Any], *, number: int) -> QueueEntry:
    first, second = (None if place[key] is None else work.numbers[place[key]] for key in ("first", "second"))
    return QueueEntry(
        run=work.run,
        example_id=work.pool[place["row"]].id,
        place=number,
        cluster=place["cluster"],
        margin=place["margin"],
        first_number=first,
        second_number=second,
    )


def _finish(work: _Work, *, labelled_count: int) -> None:
    with transaction.atomic():
        work.claim.finish(method=work.method, labelled_count=labelled_count, pool_count=len(work.pool))
        # Whoever is being given a text sees the earlier order or this one, whole.
        earlier = QueueRun.objects.filter(classifier_id=work.run.classifier_id, pk__lt=work.run.pk)
        earlier.exclude(state__in=OPEN_STATES).delete()
    leases.forget(now=timezone.now())
