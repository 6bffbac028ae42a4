"""The main way through the house, on the real server with a real worker: from a CSV to a prediction over HTTP."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.server import ROOT, Server
from tests.visitor import Page, Visitor
from tests.walks import log_in, make_classifier, put_to_use, upload

pytestmark = [pytest.mark.server, pytest.mark.slow]

_SAMPLE = ROOT / "config" / "sample_data" / "marketplace_labelled.csv"
_RUN_WITHIN_S = 90.0
_LABELS = ("Fine", "Off-platform", "Advert")


def _post(house: Server, path: str, body: Any, *, key: str) -> tuple[int, Any]:
    request = urllib.request.Request(
        house.base_url + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def _upload(visitor: Visitor, path: str, *, name: str, content: bytes) -> Page:
    return upload(visitor, path, name=name, content=content, within_s=_RUN_WITHIN_S)


def test_a_csv_becomes_a_classifier_that_answers_over_http(house: Server) -> None:
    visitor = log_in(house)
    path = make_classifier(visitor, labels=_LABELS, key="end-to-end")
    rows = list(csv.DictReader(io.StringIO(_SAMPLE.read_text(encoding="utf-8"))))

    report = _upload(visitor, path, name="messages.csv", content=_SAMPLE.read_bytes())
    visitor.submit(visitor.open(f"{path}train/"), button="Train")
    visitor.wait_for(f"{path}review/", text="F1 (macro, out-of-fold)", within_s=_RUN_WITHIN_S)
    key = put_to_use(visitor, path, project="Market")
    status, answer = _post(
        house, "/api/v1/classifiers/end-to-end/predict", {"text": "is the pram still there? I can come today"}, key=key
    )
    _, moderated = _post(house, "/api/v1/moderate/text", {"value": "write to bob@example.org, cheaper"}, key=key)

    assert re.search(rf"rows read {len(rows)}\b", report.text)
    assert status == 200
    assert set(answer) == {"label", "score", "label_scores"}
    assert answer["label"] == "Fine"
    assert set(answer["label_scores"]) == {"Fine", "Off-platform", "Advert"}
    assert answer["score"] == max(answer["label_scores"].values())
    assert sum(answer["label_scores"].values()) == pytest.approx(1.0, abs=1e-4)
    assert moderated["end-to-end"]["label"] == "Off-platform"
    assert moderated["original"] == "write to bob@example.org, cheaper"


def test_a_revoked_key_opens_nothing_a_moment_later(house: Server) -> None:
    visitor = log_in(house)
    path = make_classifier(visitor, labels=_LABELS, key="revoking")
    key = put_to_use(visitor, path, project="Revoking")
    before, _ = _post(house, "/api/v1/classifiers/revoking/predict", {"text": "hello"}, key=key)

    house.shell(
        "from moderation.models import ApiKey as K; from moderation.services import keys; "
        "keys.revoke(list(K.objects.filter(project__name='Revoking').values_list('pk', flat=True)))"
    )
    after, _ = _post(house, "/api/v1/classifiers/revoking/predict", {"text": "hello"}, key=key)

    # 409: the key is good, but the classifier isn't trained.
    assert (before, after) == (409, 401)


def test_the_same_file_again_adds_nothing_and_says_so(house: Server, tmp_path: Path) -> None:
    visitor = log_in(house)
    path = make_classifier(visitor, labels=_LABELS, key="twice")
    content = b"text,label\nis it still there?,0\npay me outside,1\n"
    _upload(visitor, path, name="a.csv", content=content)

    file = SimpleUploadedFile("b.csv", content, content_type="text/csv")
    preview = visitor.submit(visitor.open(f"{path}data/"), has="file", file=file)
    report = _upload(visitor, path, name="b.csv", content=content)

    assert "This very file was imported on" in preview.text
    assert "already and added 2 examples then" in preview.text
    assert "rows read 2 = added 0 + duplicates 2 + refused 0" in report.text


@pytest.mark.skipif(sys.platform != "linux", reason="It reads /proc.")
def test_neither_web_nor_worker_loads_what_only_preparing_and_training_need(house: Server) -> None:
    visitor = log_in(house)
    path = make_classifier(visitor, labels=_LABELS, key="light")
    _upload(visitor, path, name="messages.csv", content=_SAMPLE.read_bytes())
    visitor.submit(visitor.open(f"{path}train/"), button="Train")
    visitor.wait_for(f"{path}review/", text="F1 (macro, out-of-fold)", within_s=_RUN_WITHIN_S)
    key = put_to_use(visitor, path, project="Light")
    _post(house, "/api/v1/classifiers/light/predict", {"text": "hello"}, key=key)

    loaded = {pid: Path(f"/proc/{pid}/maps").read_text() for pid in house.descendants()}

    # The encoder is in the web process, so the maps do show what is loaded.
    assert any("onnxruntime" in maps for maps in loaded.values())
    assert not [pid for pid, maps in loaded.items() for name in ("/torch/", "/sklearn/") if name in maps]
