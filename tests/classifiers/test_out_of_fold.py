"""The file with a version's out-of-fold probabilities: read once, and refused in a sentence where it can't be read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from classifiers.models import Version
from classifiers.services import out_of_fold
from classifiers.services.out_of_fold import NoOutOfFold
from tests import held_out_files
from tests.factories import DoneVersionFactory, VersionFactory

pytestmark = pytest.mark.django_db

LABELS = [{"number": 0, "name": "Fine"}, {"number": 3, "name": "Spam"}]


@pytest.fixture
def version(request: pytest.FixtureRequest) -> Version:
    # What was read is kept by the hash.
    sha256 = f"{abs(hash(request.node.name)):064x}"[:64]
    made: Version = DoneVersionFactory(labels=LABELS, artifact_sha256=sha256)
    return made


def _write(version: Version, **values: Any) -> None:
    held_out_files.write(version, **{"proba": [[0.75, 0.25], [0.5, 0.5]], "y": [0, 1]} | values)


def test_the_probabilities_are_read_as_they_were_written(version: Version) -> None:
    _write(version, is_measured=[True, False], example_ids=[7, 10**12])

    found = out_of_fold.load(version)

    assert found.proba.tolist() == [[0.75, 0.25], [0.5, 0.5]]
    assert (found.y.tolist(), found.is_measured.tolist()) == ([0, 1], [True, False])
    assert found.example_ids.tolist() == [7, 10**12]
    assert (found.proba.dtype, found.y.dtype) == (np.float32, np.int64)


def test_the_file_is_read_once(version: Version) -> None:
    _write(version)

    first = out_of_fold.load(version)
    held_out_files.write(version, proba=[[0.1, 0.9]], y=[0])

    assert out_of_fold.load(version) is first


def test_another_hash_is_another_file(version: Version) -> None:
    _write(version)
    first = out_of_fold.load(version)
    version.artifact_sha256 = version.artifact_sha256[::-1][:63] + "f"

    assert out_of_fold.load(version) is not first


def test_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch, version: Version) -> None:
    monkeypatch.setattr(out_of_fold, "_KEPT_BYTES", 1)
    other = DoneVersionFactory(labels=LABELS, artifact_path="other/1", artifact_sha256="e" * 63 + "0")
    _write(version)
    _write(other)
    first = out_of_fold.load(version)
    out_of_fold.load(other)

    assert out_of_fold.load(version) is not first


def test_a_version_from_before_the_file_was_kept_says_so(version: Version) -> None:
    with pytest.raises(NoOutOfFold, match=r"isn't kept\. Train it again"):
        out_of_fold.load(version)


def test_a_training_that_goes_on_has_none() -> None:
    with pytest.raises(NoOutOfFold, match="isn't kept"):
        out_of_fold.load(VersionFactory())


def test_what_was_missing_is_found_once_it_is_there(version: Version) -> None:
    with pytest.raises(NoOutOfFold):
        out_of_fold.load(version)
    _write(version)

    assert len(out_of_fold.load(version).y) == 2


@pytest.mark.parametrize(
    "values",
    [
        {"proba": [[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]]},
        {"proba": [[1.5, 0.5], [0.5, 0.5]]},
        {"proba": [[float("nan"), 0.5], [0.5, 0.5]]},
        {"y": [0, 2]},
        {"y": [0, -1]},
        {"example_ids": [1]},
        {"is_measured": [True]},
        {"proba": [], "y": []},
    ],
    ids=["labels", "above 1", "NaN", "unknown label", "negative label", "ids", "measured", "nothing"],
)
def test_a_file_that_does_not_fit_the_version_is_damaged(version: Version, values: dict[str, Any]) -> None:
    _write(version, **values)

    with pytest.raises(NoOutOfFold, match=r"is damaged\. Train it again"):
        out_of_fold.load(version)


@pytest.mark.parametrize("content", [b"", b"nonsense", safetensors.numpy.save({"y": np.zeros(2)})])
def test_a_file_of_something_else_is_damaged(version: Version, content: bytes) -> None:
    _write(version)
    held_out_files.write(version, proba=[[1, 0]], y=[0]).write_bytes(content)

    with pytest.raises(NoOutOfFold, match="is damaged"):
        out_of_fold.load(version)
