"""The main way through the house, on the real server with a real worker: from a CSV to a prediction over HTTP."""

from __future__ import annotations

import csv
import io
import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.server import ROOT, Server
from tests.visitor import Page, Visitor

pytestmark = [pytest.mark.server, pytest.mark.slow]

_SAMPLE = ROOT / "config" / "sample_data" / "marketplace_labelled.csv"
_RUN_WITHIN_S = 90.0


def _visitor(house: Server) -> Visitor:
    house.shell(
        "from django.contrib.auth import get_user_model as m; "
        "m().objects.filter(username='ada').exists() or m().objects.create_superuser('ada', password='letmein-for-tests')"
    )
    visitor = Visitor(house.base_url)
    visitor.login("ada", "letmein-for-tests")
    return visitor


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


def _make_classifier(visitor: Visitor, *, key: str) -> str:
    """Make a classifier with the sample's three labels and return the path of its page."""
    page = visitor.submit(visitor.open("/admin/classifiers/classifier/add/"), has="key", name=key, key=key)
    path = re.sub(r"labels/$", "", page.url)
    values: dict[str, Any] = {"form-TOTAL_FORMS": 3}
    for number, name in enumerate(("Fine", "Off-platform", "Advert")):
        values |= {f"form-{number}-name": name, f"form-{number}-color": "#0072b2"}
    page = visitor.submit(page, has="form-TOTAL_FORMS", **values)
    assert "The labels are saved." in page.text
    return path


def _upload(visitor: Visitor, path: str, *, name: str, content: bytes) -> Page:
    file = SimpleUploadedFile(name, content, content_type="text/csv")
    preview = visitor.submit(visitor.open(f"{path}data/"), has="file", file=file)
    run = visitor.submit(preview, has="text_column")
    return visitor.wait_for(run.url, text="rows read", within_s=_RUN_WITHIN_S)


def test_a_csv_becomes_a_classifier_that_answers_over_http(house: Server) -> None:
    visitor = _visitor(house)
    path = _make_classifier(visitor, key="end-to-end")
    rows = list(csv.DictReader(io.StringIO(_SAMPLE.read_text(encoding="utf-8"))))

    report = _upload(visitor, path, name="messages.csv", content=_SAMPLE.read_bytes())
    visitor.submit(visitor.open(f"{path}train/"), button="Train")
    visitor.wait_for(f"{path}review/", text="F1 (macro, out-of-fold)", within_s=_RUN_WITHIN_S)
    key = _put_to_use(visitor, path, project="Market")
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
    visitor = _visitor(house)
    path = _make_classifier(visitor, key="revoking")
    key = _put_to_use(visitor, path, project="Revoking")
    before, _ = _post(house, "/api/v1/classifiers/revoking/predict", {"text": "hello"}, key=key)

    house.shell("from moderation.models import ApiKey as K; from moderation.services import keys; "
                "keys.revoke(list(K.objects.filter(project__name='Revoking').values_list('pk', flat=True)))")  # fmt: skip
    after, _ = _post(house, "/api/v1/classifiers/revoking/predict", {"text": "hello"}, key=key)

    # 409: the key is good, but the classifier isn't trained.
    assert (before, after) == (409, 401)


def test_the_same_file_again_adds_nothing_and_says_so(house: Server, tmp_path: Path) -> None:
    visitor = _visitor(house)
    path = _make_classifier(visitor, key="twice")
    content = b"text,label\nis it still there?,0\npay me outside,1\n"
    _upload(visitor, path, name="a.csv", content=content)

    file = SimpleUploadedFile("b.csv", content, content_type="text/csv")
    preview = visitor.submit(visitor.open(f"{path}data/"), has="file", file=file)
    report = _upload(visitor, path, name="b.csv", content=content)

    assert "This very file was imported on" in preview.text
    assert "rows read 2 = added 0 + duplicates 2 + refused 0" in report.text


def _put_to_use(visitor: Visitor, path: str, *, project: str) -> str:
    """Make a project, let it run the classifier, and return the secret of a new key."""
    visitor.submit(visitor.open("/admin/moderation/project/add/"), has="analyzers-TOTAL_FORMS", name=project)
    use = visitor.open(f"{path}use/")
    number = re.search(rf'<option value="(\d+)"[^>]*>\s*(?:<bdi>)?{project}', use.html)
    assert number is not None, use.text
    used = visitor.submit(use, has="project", project=number.group(1))
    assert "runs it from now on" in used.text
    issued = visitor.submit(
        visitor.open(f"/admin/moderation/apikey/add/?project={number.group(1)}"), has="name", name="test"
    )
    secret = re.search(r'value="(hr_[^"]+)"', issued.html)
    assert secret is not None, issued.text
    return secret.group(1)

