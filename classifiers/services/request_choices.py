"""What the worker does for a search of the request log: look, compare, choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Count
from numpy.typing import NDArray

from classifiers.ml import selection, similarity
from classifiers.ml.artifact import Artifact, ArtifactDamaged, ArtifactFormatUnknown, ArtifactMissing, load_artifact
from classifiers.ml.model import predict_proba, without_upper
from classifiers.models import Classifier, Example, PickReason, RequestImport, RequestPick, Selection
from classifiers.services import embeddings, example_vectors, log_samples, request_candidates
from classifiers.services.request_candidates import Candidates
from moderation import children, text
from moderation.runs import Claim

# Texts among which the most useful are looked for: encoding them is half a minute.
_MOST_COMPARED = 20_000
# From this cosine on a text says what an example says already; the same as the near-duplicates' page proposes.
_NEAR = 0.95
_CHUNK = 500
# Of the time a search takes: reading the examples, then reading the requests, then comparing.
_EXAMPLES_END, _REQUESTS_END = 0.4, 0.8


def carry_out(claim: Claim) -> None:
    """Choose, and keep what was chosen. Raises RunError and what `children.talk` raises."""
    with children.work_folder(claim) as folder:
        _carry_out(claim, folder=folder)


def _carry_out(claim: Claim, *, folder: Path) -> None:
    run: RequestImport = claim.get_run()
    rng = np.random.default_rng(run.pk)
    sample = _sample(run)
    claim.beat(progress=0.0, step="Looking through the log")
    found = request_candidates.read(run, ids=_order(run, sample.ids, rng=rng), enough=_enough(run), claim=claim)
    chosen: list[tuple[int, PickReason]] = []
    near_copies, remark = 0, ""
    if found.texts:
        chosen, near_copies, remark = _choose(run, found, claim=claim, folder=folder, rng=rng)
    _keep(run, [(found.request_ids[row], reason) for row, reason in chosen], claim=claim)
    claim.finish(
        **{name: found.sums[name] for name in ("looked_at", "filtered", "unusable", "duplicates")},
        is_partial=sample.is_partial or found.sums["looked_at"] < len(sample.ids),
        near_copies=near_copies,
        chosen=len(chosen),
        remark=remark,
    )


def _sample(run: RequestImport) -> log_samples.Sample:
    look = log_samples.spread if run.selection in (Selection.USEFUL, Selection.RANDOM) else log_samples.newest
    return look(run.project_ids, since_at=run.since_at, until_at=run.until_at)


def _order(run: RequestImport, ids: Sequence[int], *, rng: np.random.Generator) -> Sequence[int]:
    if run.selection in (Selection.USEFUL, Selection.RANDOM):
        return [ids[place] for place in rng.permutation(len(ids))]
    return ids


def _enough(run: RequestImport) -> int:
    """Return among how many texts is chosen: near copies are left out of them."""
    return _MOST_COMPARED if run.selection == Selection.USEFUL else min(3 * run.wanted, _MOST_COMPARED)


def _choose(
    run: RequestImport, found: Candidates, *, claim: Claim, folder: Path, rng: np.random.Generator
) -> tuple[list[tuple[int, PickReason]], int, str]:
    encoder = example_vectors.get_manifest()
    example_vectors.ensure(
        run.classifier_id, encoder_id=encoder.id, claim=claim, folder=folder, span=(0.0, _EXAMPLES_END)
    )
    candidates = embeddings.borrow(
        found.texts,
        encoder_id=encoder.id,
        claim=claim,
        folder=folder,
        timeout_s=settings.TRAINING_TIMEOUT_S,
        span=(_EXAMPLES_END, _REQUESTS_END),
    )
    texts = list(found.texts.values())
    _, known = example_vectors.matrix(run.classifier_id, encoder=encoder, path=folder / "examples.npy")

    def tell(share: float) -> None:
        claim.beat(progress=_REQUESTS_END + (1 - _REQUESTS_END) * share, step="Comparing with the examples")

    familiarity = similarity.nearest(candidates, among=known, on_progress=lambda share: tell(share / 2))
    fresh = np.flatnonzero(familiarity < _NEAR)
    if not len(fresh):
        return [], len(candidates), ""
    X = candidates[fresh]
    groups = similarity.group(X, threshold=_NEAR, on_progress=lambda share: tell((1 + share) / 2))
    unlike_count = len(np.unique(groups))
    near_copies = len(candidates) - unlike_count
    if run.selection != Selection.USEFUL:
        reason = PickReason(run.selection)
        rows = selection.first_of_groups(groups)[: run.wanted]
        return [(int(fresh[row]), reason) for row in rows], near_copies, ""
    artifact, remark = _live_artifact(run.classifier, encoder_id=encoder.id)
    chosen = selection.choose(
        run.wanted,
        proba=None if artifact is None else _proba(artifact, X, texts=[texts[row] for row in fresh.tolist()]),
        familiarity=familiarity[fresh],
        label_counts=_label_counts(run.classifier_id, artifact),
        groups=groups,
        rng=rng,
    )
    return [(int(fresh[row]), PickReason(reason)) for row, reason in chosen], near_copies, remark


def _proba(artifact: Artifact, X: NDArray[np.float16], *, texts: Sequence[str]) -> NDArray[np.float32]:
    contents = [text.normalize(each).content for each in texts]
    return predict_proba(without_upper(artifact.model), X.astype(np.float32), texts=contents)


def _live_artifact(classifier: Classifier, *, encoder_id: str) -> tuple[Artifact | None, str]:
    """Return the live version's artifact, or None and a sentence where it can't help."""
    version = classifier.live_version
    if version is None:
        return None, "There is no live version yet, so nothing could be chosen for being near its line."
    try:
        folder = settings.ARTIFACTS_DIR / version.artifact_path
        artifact = load_artifact(folder, expected_sha256=version.artifact_sha256)
    except (ArtifactMissing, ArtifactDamaged, ArtifactFormatUnknown) as error:
        return None, f"The live version could not be asked. {error}"
    if artifact.manifest.encoder_id != encoder_id:
        return None, "The live version was trained with another encoder, so it could not be asked. Train it again."
    return artifact, ""


def _label_counts(classifier_id: int, artifact: Artifact | None) -> list[int]:
    if artifact is None:
        return []
    labelled = Example.objects.filter(classifier_id=classifier_id, label__isnull=False).order_by()
    counts = Counter(dict(labelled.values_list("label__number").annotate(Count("pk"))))
    return [counts[label.number] for label in artifact.manifest.labels]


def _keep(run: RequestImport, chosen: Sequence[tuple[int, PickReason]], *, claim: Claim) -> None:
    # What an earlier attempt wrote.
    run.picks.all().delete()
    for start in range(0, len(chosen), _CHUNK):
        with transaction.atomic():
            RequestPick.objects.bulk_create(
                RequestPick(request_import=run, request_id=request_id, reason=reason)
                for request_id, reason in chosen[start : start + _CHUNK]
            )
            claim.beat(step="Keeping the choice")
