"""Train a classifier: from the examples of this moment to a live version."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from classifiers.ml.encoder import EncoderDamaged, EncoderManifest, EncoderMissing
from classifiers.models import Classifier, Version
from classifiers.services import (
    artifacts,
    embeddings,
    encoders,
    held_out,
    thresholds,
    training_material,
    training_sets,
    versions,
)
from classifiers.services.training_sets import Counts, Snapshot
from moderation import children, runs
from moderation.runs import Claim, RunCancelled, RunError, RunLost

# The guide: "you can get started with as little as 20 examples"; below that a score would mean nothing.
MIN_EXAMPLES = 20
# Two is what cross-validation needs to see a label both in training and in the held-out part.
MIN_PER_LABEL = 2
_SEED = 0
# Of a first training's time: encoding is some 2 ms a text, fitting a few seconds for a few thousand.
_ENCODING_ENDS = 0.6


class NotTrainable(Exception):
    """The classifier can't be trained now; the message says what is missing."""


class TrainingUnderWay(NotTrainable):
    """Another training of the classifier waits or runs."""


def problems(classifier: Classifier, *, counts: Counts | None = None) -> list[str]:
    """Return what stands in the way of training, as sentences; empty where nothing does.

    `counts` are the classifier's of this moment, where they are at hand.
    """
    counts = counts or training_sets.count(classifier)
    labels = list(classifier.labels.all())
    found = [] if len(labels) > 1 else ["A classifier needs at least two labels."]
    for label in labels:
        if (there := counts.learnt_from(label.pk)) < MIN_PER_LABEL:
            unsure = counts.suggested.get(label.pk, 0) - counts.sure.get(label.pk, 0)
            left_out = _left_out(unsure, golden=counts.golden.get(label.pk, 0))
            found.append(f"“{label.name}” needs at least {MIN_PER_LABEL} examples; it has {there}{left_out}.")
    total = sum(counts.learnt_from(label.pk) for label in labels)
    if total < MIN_EXAMPLES:
        unsure = sum(counts.suggested.values()) - sum(counts.sure.values())
        left_out = _left_out(unsure, golden=sum(counts.golden.values()))
        found.append(f"Training needs at least {MIN_EXAMPLES} labelled examples; there are {total}{left_out}.")
    return found


def _left_out(suggested: int, *, golden: int) -> str:
    """Return what to say of labelled examples that aren't learnt from, nothing where there are none."""
    said = []
    if suggested:
        said.append(f"{suggested:,} suggested {'one that is' if suggested == 1 else 'ones that are'} left out")
    if golden:
        said.append(f"{golden:,} set aside as golden")
    return f", beside {' and '.join(said)}" if said else ""


def start(classifier_id: int, *, by: Any = None) -> Version:
    """Queue a training of the classifier and lock its labels.

    Raises NotTrainable where examples are missing, TrainingUnderWay where another goes on.
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
        raise TrainingUnderWay("A training of this classifier is already under way.") from error
    return version


def carry_out(claim: Claim) -> None:
    """Do the training of the claimed version and make it live. Raises RunError and what `children.talk` raises."""
    with children.work_folder(claim) as folder:
        _carry_out(claim, folder=folder)


def _carry_out(claim: Claim, *, folder: Path) -> None:
    version = claim.get_run()
    claim.beat(progress=0.0, step="Reading the examples")
    encoder = _get_encoder_manifest()
    material = training_material.gather(version.classifier)
    computed = embeddings.ensure(
        material.texts,
        encoder_id=encoder.id,
        claim=claim,
        folder=folder,
        timeout_s=settings.TRAINING_TIMEOUT_S,
        span=(0.0, _ENCODING_ENDS),
    )
    # Where nothing was to be encoded, the bar is the training's alone.
    begin = _ENCODING_ENDS if computed else 0.0
    claim.beat(progress=begin, step="Training")
    material.write(folder, encoder=encoder, seed=_SEED)
    snapshot = material.snapshot
    del material
    result = _fit(claim, folder=folder, span=(begin, 1.0))
    artifact_path = _keep_artifact(version, folder=folder, claim=claim)
    try:
        held_out.keep(claim, version=version, snapshot=snapshot, folder=folder, labels=result["labels"])
        _finish(claim, version=version, snapshot=snapshot, result=result, artifact_path=artifact_path)
    except (IntegrityError, RunCancelled, RunLost):
        # Stopped, another worker's now, or its classifier is gone: no row will ever name these files.
        artifacts.discard(artifact_path)
        raise


def _get_encoder_manifest() -> EncoderManifest:
    try:
        return encoders.get_manifest()
    except (EncoderMissing, EncoderDamaged) as error:
        raise RunError(str(error)) from error


def _fit(claim: Claim, *, folder: Path, span: tuple[float, float]) -> dict[str, Any]:
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


def _finish(claim: Claim, *, version: Version, snapshot: Snapshot, result: dict[str, Any], artifact_path: str) -> None:
    counts = Counter(snapshot.label_numbers)
    with transaction.atomic():
        claim.finish(
            encoder_id=result["encoder_id"],
            labels=result["labels"],
            label_counts={str(number): count for number, count in sorted(counts.items())},
            example_count=len(snapshot.keys),
            suggested_count=snapshot.suggested_count,
            data_sha256=result["data_sha256"],
            scores=result["scores"],
            macro_f1=result["scores"]["macro_f1"],
            settings=result["settings"],
            artifact_path=artifact_path,
            artifact_sha256=result["artifact_sha256"],
            # Before the promotion: they are those of the version that is live until then.
            thresholds=thresholds.carried_over(version.classifier),
        )
        versions.promote(version.pk)
