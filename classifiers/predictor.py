"""The live versions, in memory: from texts to probabilities."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from classifiers.ml.artifact import Artifact, ArtifactDamaged, load_artifact
from classifiers.ml.deep.upper import UpperDamaged, UpperSession
from classifiers.ml.encoder import OnnxEncoder, TokenStates
from classifiers.ml.model import Upper, predict_proba
from classifiers.models import Version
from classifiers.services import encoders

# Of artifacts, about: 800 with 50 labels, 40 that look at spelling, 25 with adapted layers.
_MOST_BYTES = 200_000_000
# Adapted layers take 7 MB once more where they run.
_ADAPTED_KEPT = 20


@dataclass(frozen=True)
class Features:
    """What the encoder says of some texts. Shapes: vectors float32 (n, d); `states`, where asked for, one a text."""

    vectors: NDArray[np.float32]
    states: Sequence[TokenStates] | None = None


class WrongEncoder(Exception):
    """The version was trained with another encoder than the one this server runs now."""


class _Artifacts:
    """The most recently used artifacts, by their hash: a restored backup can give a version's id to another one."""

    def __init__(self) -> None:
        self._by_sha256: OrderedDict[str, Artifact] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, version: Version) -> Artifact:
        """Return the version's artifact, read and checked at the first call. Raises as `load_artifact`."""
        with self._lock:
            if (artifact := self._by_sha256.get(version.artifact_sha256)) is None:
                folder = settings.ARTIFACTS_DIR / version.artifact_path
                artifact = load_artifact(folder, expected_sha256=version.artifact_sha256)
                self._by_sha256[version.artifact_sha256] = artifact
                self._forget()
            self._by_sha256.move_to_end(version.artifact_sha256)
            return artifact

    def _forget(self) -> None:
        size_bytes = sum(artifact.model.size_bytes for artifact in self._by_sha256.values())
        while size_bytes > _MOST_BYTES and len(self._by_sha256) > 1:
            _, forgotten = self._by_sha256.popitem(last=False)
            size_bytes -= forgotten.model.size_bytes


_artifacts = _Artifacts()


def warm() -> None:
    """Load the encoder and run it once, so that the first request doesn't wait."""
    encoders.get_encoder().encode(["warm"])


class _Sessions:
    """The most recently used of the adapted layers that are running, by what they are."""

    def __init__(self) -> None:
        # Bytes know their hash once it was asked for, and are equal to themselves at once: no search costs 7 MB.
        self._by_content: OrderedDict[bytes, UpperSession] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, content: bytes) -> UpperSession:
        """Return the session that runs `content`. Raises UpperDamaged."""
        with self._lock:
            if (session := self._by_content.get(content)) is None:
                session = self._by_content[content] = UpperSession(content)
                while len(self._by_content) > _ADAPTED_KEPT:
                    self._by_content.popitem(last=False)
            self._by_content.move_to_end(content)
            return session


_sessions = _Sessions()


def read(texts: Sequence[str], *, artifacts: Sequence[Artifact]) -> Features:
    """Return what the artifacts need to know of texts that are normalised already, in one pass for all of them."""
    if not any(artifact.model.upper is not None for artifact in artifacts):
        return Features(vectors=embed(texts))
    vectors, states = encoders.get_encoder().encode_with_states(texts)
    return Features(vectors=_rounded(vectors), states=states)


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the features of texts that are normalised already.

    Shapes: float32 (n, d), rounded to float16 as the vectors that training saw.
    """
    return _rounded(encoders.get_encoder().encode(texts))


def _rounded(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors.astype(np.float16).astype(np.float32)


def load(version: Version) -> Artifact:
    """Return the version's artifact. Raises ArtifactMissing, ArtifactDamaged, ArtifactFormatUnknown, WrongEncoder."""
    artifact = _artifacts.get(version)
    encoder = encoders.get_encoder()
    if artifact.manifest.encoder_id != encoder.id:
        raise WrongEncoder("It was trained with another encoder than this server runs now. Train it again.")
    if artifact.model.upper is not None:
        _check_runs(artifact.model.upper, encoder=encoder)
    return artifact


def _check_runs(upper: Upper, *, encoder: OnnxEncoder) -> None:
    """Find out now, not in the midst of an answer, whether the adapted layers run and fit what is around them."""
    try:
        session = _sessions.get(upper.content)
    except UpperDamaged as error:
        raise ArtifactDamaged(str(error)) from error
    hidden = encoder.dimension // len(encoder.manifest.layers)
    if (session.hidden, session.dimension) != (hidden, upper.head.dimension):
        raise ArtifactDamaged("The trained version's adapted layers don't fit its other parts. Train it again.")


def probabilities(artifact: Artifact, features: Features, *, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the probability of each label for each of the texts, which are normalised already, and their features.

    Adapted layers read the texts once more where `features` don't hold their token states.

    Shapes: float32 (n, k), rows sum to 1, columns in the order of the manifest's labels.
    """
    upper = artifact.model.upper
    if upper is None:
        return predict_proba(artifact.model, features.vectors, texts=texts)
    states = features.states
    if states is None:
        _, states = encoders.get_encoder().encode_with_states(texts)
    upper_features = _sessions.get(upper.content).encode(states)
    return predict_proba(artifact.model, features.vectors, texts=texts, upper_features=upper_features)
