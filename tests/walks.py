"""Ways through the screens that several tests take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.server import Server
from tests.visitor import Page, Visitor

NAME, PASSWORD = "ada", "letmein-for-tests"


def log_in(server: Server) -> Visitor:
    """Return a visitor who is logged in as a superuser, made where it's missing."""
    server.shell(
        f"from django.contrib.auth import get_user_model as m; m().objects.filter(username='{NAME}').exists() or "
        f"m().objects.create_superuser('{NAME}', password='{PASSWORD}')"
    )
    visitor = Visitor(server.base_url)
    visitor.login(NAME, PASSWORD)
    return visitor


def make_classifier(visitor: Visitor, *, key: str, labels: Sequence[str]) -> str:
    """Make a classifier, named like its key, with these labels; return the address of its page."""
    page = visitor.submit(visitor.open("/admin/classifiers/classifier/add/"), has="key", name=key, key=key)
    path = re.sub(r"labels/$", "", page.url)
    values: dict[str, Any] = {"form-TOTAL_FORMS": len(labels)}
    for number, name in enumerate(labels):
        values |= {f"form-{number}-name": name, f"form-{number}-color": "#0072b2"}
    page = visitor.submit(page, has="form-TOTAL_FORMS", **values)
    assert "The labels are saved." in page.text
    return path


def upload(visitor: Visitor, path: str, *, name: str, content: bytes, within_s: float) -> Page:
    """Import a file, columns as proposed, into the classifier at `path`; return the report."""
    file = SimpleUploadedFile(name, content)
    preview = visitor.submit(visitor.open(f"{path}data/"), has="file", file=file)
    sums = visitor.submit(preview, has="text_column")
    run = visitor.submit(sums, has="chosen")
    return visitor.wait_for(run.url, text="rows read", within_s=within_s)


def put_to_use(visitor: Visitor, path: str, *, project: str) -> str:
    """Make a project, let it run the classifier at `path`, and return the secret of a new key."""
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
