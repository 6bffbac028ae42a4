"""Artifacts that were damaged or planted: a clear refusal, nothing run, never a silent other answer."""

from __future__ import annotations

import ast
import itertools
import json
import pickle
import struct
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from classifiers.analyzer import ClassifierProvider
from classifiers.ml.artifact import MANIFEST, WEIGHTS
from classifiers.models import Version
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory
from tests.live_versions import go_live

_NUMBERS = itertools.count(100)
_APPS = ("annotation", "classifiers", "config", "moderation")
# Formats that run code when they're read, and what reads them.
_RUN_CODE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "skops"}


class _Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def _header(header: dict[str, Any], *, length: int | None = None) -> bytes:
    content = json.dumps(header).encode()
    return struct.pack("<Q", len(content) if length is None else length) + content


_FALSE = {
    "no safetensors at all": b"\0" * 5,
    "a header longer than the file": _header({}, length=1 << 60),
    "a header that is no JSON": struct.pack("<Q", 4) + b"{{{{",
    "tensors beyond the end": _header({"weights": {"dtype": "F32", "shape": [2, 9], "data_offsets": [0, 72]}}),
    "a shape that doesn't fit": _header({"weights": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}})
    + b"\0" * 4,
    "none of the tensors": _header({"other": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}) + b"\0" * 4,
}


def _live(settings: Any) -> tuple[Version, Path]:
    # An artifact of its own: one that was read by another test with the same bytes is in memory.
    prototypes = {"Payment": f"Pay me by bank transfer, number {next(_NUMBERS)}", "Greeting": "Hello, nice to meet you"}
    version = go_live(ClassifierFactory(key="one"), prototypes=prototypes)
    return version, settings.ARTIFACTS_DIR / version.artifact_path


def _ask() -> Any:
    client = client_for(project_with("one"))
    return client.post("/api/v1/classifiers/one/predict", {"text": "Hello"})


def _plant(version: Version, folder: Path, weights: bytes) -> None:
    """Put other weights into the artifact and make every hash fit, as somebody could who writes to the database."""
    (folder / WEIGHTS).write_bytes(weights)
    manifest = json.loads((folder / MANIFEST).read_bytes()) | {"weights_sha256": sha256(weights).hexdigest()}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    digest = sha256((folder / MANIFEST).read_bytes()).hexdigest()
    Version.objects.filter(pk=version.pk).update(artifact_sha256=digest)


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS])
def test_a_flipped_bit_or_a_cut_is_said_to_the_caller(settings: Any, name: str) -> None:
    _, folder = _live(settings)
    whole = (folder / name).read_bytes()
    middle = len(whole) // 2
    answers = []

    for content in (whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], whole[:middle], b""):
        (folder / name).write_bytes(content)
        answers.append(_ask())

    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert all("damaged" in answer.json()["message"] for answer in answers)
    # Once the file is back, it answers: nothing of the damage was kept.
    (folder / name).write_bytes(whole)
    assert _ask().status_code == 200


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
@pytest.mark.parametrize("do_hashes_fit", [False, True])
def test_a_pickle_under_an_artifact_s_name_is_never_read(settings: Any, tmp_path: Path, do_hashes_fit: bool) -> None:
    version, folder = _live(settings)
    canary = tmp_path / "canary"
    planted = pickle.dumps(_Canary(canary))
    if do_hashes_fit:
        _plant(version, folder, planted)
    else:
        (folder / WEIGHTS).write_bytes(planted)

    answer = _ask()

    assert (answer.status_code, "damaged" in answer.json()["message"]) == (503, True)
    assert not canary.exists()


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
@pytest.mark.parametrize("weights", _FALSE.values(), ids=list(_FALSE))
def test_a_false_header_fails_alone_whatever_its_hash_says(settings: Any, weights: bytes) -> None:
    version, folder = _live(settings)
    go_live(ClassifierFactory(key="good"), path="good/1")
    _plant(version, folder, weights)

    found = ClassifierProvider().analyze(["one", "good"], texts=["Hello"])

    assert "damaged" in str(found["one"][0].error)
    assert found["good"][0].error is None


def test_no_code_of_ours_reads_a_format_that_can_run_code() -> None:
    found = [
        f"{path.relative_to(django_settings.BASE_DIR)}:{node.lineno}"
        for app in _APPS
        for path in (django_settings.BASE_DIR / app).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _reads_code(node)
    ]

    assert found == []


def _reads_code(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(each.name.split(".")[0] in _RUN_CODE for each in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in _RUN_CODE
    if not isinstance(node, ast.Call):
        return False
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    allowed = given.get("allow_pickle")
    if isinstance(allowed, ast.Constant) and allowed.value is True:
        return True
    is_torch_load = ast.unparse(node.func) == "torch.load"
    safe = given.get("weights_only")
    return is_torch_load and not (isinstance(safe, ast.Constant) and safe.value is True)
