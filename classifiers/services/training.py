"""Train a classifier: from the examples of this moment to a live version."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Max
from django.utils import timezone

from classifiers.ml.encoder import EncoderDamaged, EncoderManifest, EncoderMissing
from classifiers.models import Classifier, Example, HeldOut, Version
from classifiers.services import embeddings, encoders, versions
from moderation import children, runs
from moderation.runs import Claim, RunError

# The guide: "you can get started with as little as 20 examples"; below that a score would mean nothing.
MIN_EXAMPLES = 20
# Two is what cross-validation needs to see a label both in training and in the held-out part.
MIN_PER_LABEL = 2
_SEED = 0
_HELD_OUT_CHUNK = 2_000
# Of a first training's time: encoding is some 2 ms a text, fitting a few seconds for a few thousand.
_ENCODING_ENDS = 0.6


class NotTrainable(Exception):
    """The classifier can't be trained now; the message says what is missing."""


@dataclass(frozen=True)
class Snapshot:
    """What a version is trained on, ordered by text key so that the same data give the same bytes."""

    example_ids: tuple[int, ...]
    keys: tuple[str, ...]
    label_numbers: tuple[int, ...]

    @property
    def sha256(self) -> str:
        """Return the hash of texts and labels."""
        digest = sha256()
        for key, number in zip(self.keys, self.label_numbers, strict=True):
            digest.update(f"{key}:{number}\n".encode())
        return digest.hexdigest()


def problems(classifier: Classifier) -> list[str]:
    """Return what stands in the way of training, as sentences; empty where nothing does."""
    counts = label_counts(classifier)
    found = []
    if len(counts) < 2:
        found.append("A classifier needs at least two labels.")
    for label in classifier.labels.all():
        if counts.get(label.number, 0) < MIN_PER_LABEL:
            found.append(f"“{label.name}” needs at least {MIN_PER_LABEL} examples; it has {counts[label.number]}.")
    total = sum(counts.values())
    if total < MIN_EXAMPLES:
        found.append(f"Training needs at least {MIN_EXAMPLES} labelled examples; there are {total}.")
    return found


def label_counts(classifier: Classifier) -> Counter[int]:
    """Return how many examples each label has, by its number; every label is in it."""
    counts = Counter(dict.fromkeys(classifier.labels.values_list("number", flat=True), 0))
    labelled = Example.objects.filter(classifier=classifier, label__isnull=False).order_by()
    counts.update(dict(labelled.values_list("label__number").annotate(Count("pk"))))
    return counts


def start(classifier_id: int, *, by: Any = None) -> Version:
    """Queue a training of the classifier and lock its labels.

    Raises NotTrainable where examples are missing, or a training is under way.
    """
    classifier = Classifier.objects.get(pk=classifier_id)
    if found := problems(classifier):
        raise NotTrainable(" ".join(found))
    try:
        with transaction.atomic():
            last = classifier.versions.aggregate(last=Max("number"))["last"] or 0
            version = Version.objects.create(classifier=classifier, number=last + 1, requested_by=by)
            Classifier.objects.filter(pk=classifier_id, labels_locked_at__isnull=True).update(
                labels_locked_at=timezone.now()
            )
            runs.send(Version, version.pk)
    except IntegrityError as error:
        raise NotTrainable("A training of this classifier is already under way.") from error
    return version


def carry_out(claim: Claim) -> None:
    """Do the training of the claimed version and make it live. Raises RunError and what `children.talk` raises."""
    folder = children.work_folder(claim)
    try:
        _carry_out(claim, folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _carry_out(claim: Claim, *, folder: Path) -> None:
    version = claim.get_run()
    claim.beat(progress=0.0, step="Reading the examples")
    encoder = _get_encoder_manifest()
    snapshot, texts = _take_snapshot(version.classifier_id)
    computed = embeddings.ensure(
        texts,
        encoder_id=encoder.id,
        claim=claim,
        folder=folder,
        timeout_s=settings.TRAINING_TIMEOUT_S,
        span=(0.0, _ENCODING_ENDS),
    )
    # Where nothing was to be encoded, the bar is the training's alone.
    begin = _ENCODING_ENDS if computed else 0.0
    texts.clear()
    claim.beat(progress=begin, step="Training")
    embeddings.matrix(snapshot.keys, encoder_id=encoder.id, path=folder / "vectors.npy", dimension=encoder.dimension)
    job = {"labels": labels(version.classifier), "encoder_id": encoder.id, "data_sha256": snapshot.sha256}
    result = _fit(claim, folder=folder, snapshot=snapshot, job=job, span=(begin, 1.0))
    artifact_path = _keep_artifact(version, folder=folder, claim=claim)
    _keep_held_out(claim, version=version, snapshot=snapshot, folder=folder, labels=result["labels"])
    _finish(claim, version=version, snapshot=snapshot, result=result, artifact_path=artifact_path)


def _get_encoder_manifest() -> EncoderManifest:
    try:
        return encoders.get_manifest()
    except (EncoderMissing, EncoderDamaged) as error:
        raise RunError(str(error)) from error


def _take_snapshot(classifier_id: int) -> tuple[Snapshot, dict[str, str]]:
    rows = Example.objects.filter(classifier_id=classifier_id, label__isnull=False).order_by("text_key")
    taken = list(rows.values_list("pk", "text_key", "label__number", "text").iterator())
    if not taken:
        raise RunError("There are no labelled examples any more. Add some and train again.")
    ids, keys, numbers, texts = zip(*taken, strict=True)
    return Snapshot(example_ids=ids, keys=keys, label_numbers=numbers), dict(zip(keys, texts, strict=True))


def labels(classifier: Classifier) -> list[dict[str, Any]]:
    """Return number and name of each label, by number."""
    return [{"number": label.number, "name": label.name} for label in classifier.labels.all()]


def _fit(
    claim: Claim, *, folder: Path, snapshot: Snapshot, job: dict[str, Any], span: tuple[float, float]
) -> dict[str, Any]:
    index_of = {label["number"]: index for index, label in enumerate(job["labels"])}
    np.save(folder / "y.npy", np.array([index_of[number] for number in snapshot.label_numbers], dtype=np.int64))
    (folder / "job.json").write_text(json.dumps({**job, "seed": _SEED}), encoding="utf-8")
    arguments = ["train", "--folder", str(folder), "--memory-limit-mb", str(settings.CHILD_MEMORY_MB)]
    timeout_s = settings.TRAINING_TIMEOUT_S
    for _ in children.talk("classifiers.ml.jobs", arguments, claim=claim, timeout_s=timeout_s, span=span):
        continue
    result: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return result


def _keep_artifact(version: Version, *, folder: Path, claim: Claim) -> str:
    # The claim's token in the name: a worker that lost the run can't write over the artifact of the one that has it.
    path = Path(version.classifier.key) / f"{version.number}-{claim.token.hex[:12]}"
    target = settings.ARTIFACTS_DIR / path
    target.parent.mkdir(parents=True, exist_ok=True)
    (folder / "artifact").rename(target)
    return path.as_posix()


def _keep_held_out(
    claim: Claim, *, version: Version, snapshot: Snapshot, folder: Path, labels: Sequence[dict[str, Any]]
) -> None:
    """Write what each example was taken for, in short transactions: SQLite has one writer at a time."""
    numbers = [label["number"] for label in labels]
    proba = np.load(folder / "oof.npy", allow_pickle=False)
    best = proba.argmax(axis=1)
    # What an earlier attempt wrote.
    HeldOut.objects.filter(version=version).delete()
    for start in range(0, len(best), _HELD_OUT_CHUNK):
        chunk = range(start, min(start + _HELD_OUT_CHUNK, len(best)))
        ids = [snapshot.example_ids[index] for index in chunk]
        with transaction.atomic():
            # An example may have been deleted while the training ran.
            alive = set(Example.objects.filter(pk__in=ids).values_list("pk", flat=True))
            HeldOut.objects.bulk_create(
                HeldOut(
                    version=version,
                    example_id=snapshot.example_ids[index],
                    label_number=snapshot.label_numbers[index],
                    predicted_number=numbers[best[index]],
                    score=float(proba[index, best[index]]),
                )
                for index in chunk
                if snapshot.example_ids[index] in alive
            )
        claim.beat(step="Keeping the results")


def _finish(claim: Claim, *, version: Version, snapshot: Snapshot, result: dict[str, Any], artifact_path: str) -> None:
    counts = Counter(snapshot.label_numbers)
    with transaction.atomic():
        claim.finish(
            encoder_id=result["encoder_id"],
            labels=result["labels"],
            label_counts={str(number): count for number, count in sorted(counts.items())},
            example_count=len(snapshot.keys),
            data_sha256=result["data_sha256"],
            scores=result["scores"],
            macro_f1=result["scores"]["macro_f1"],
            settings=result["settings"],
            artifact_path=artifact_path,
            artifact_sha256=result["artifact_sha256"],
        )
        versions.promote(version.pk)
