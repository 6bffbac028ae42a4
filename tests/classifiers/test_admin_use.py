"""The Use page: into a project by one click, and calls that work when pasted."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from moderation.models import AnalyzerSetting
from tests import staff
from tests.factories import AnalyzerSettingFactory, ClassifierFactory, LabelFactory, ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def boss() -> Client:
    return staff.login()


class _Recorder(BaseHTTPRequestHandler):
    """Keeps what it's asked and answers as the API does."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({"path": self.path, "key": self.headers["Authorization"], "body": body})
        answer = json.dumps({"label": "Fine", "score": 0.9, "label_scores": {"Fine": 0.9}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def api(settings: Any) -> Iterator[list[dict[str, Any]]]:
    """Return what is asked of the public address while the test runs."""
    handler = type("Handler", (_Recorder,), {"asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    settings.PUBLIC_URL = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield handler.asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_shown_calls_work_when_pasted(boss: Client, api: list[dict[str, Any]]) -> None:
    context = boss.get(staff.page(ClassifierFactory(key="mood"), "use")).context

    python = subprocess.run([sys.executable, "-c", context["python"]], capture_output=True, check=True, text=True)
    curl = subprocess.run(["bash", "-c", context["curl"]], capture_output=True, check=True, text=True)

    assert python.stdout == "Fine 0.9\n"
    assert json.loads(curl.stdout)["label"] == "Fine"
    call = {
        "path": "/api/v1/classifiers/mood/predict",
        "key": "Bearer YOUR_API_KEY",
        "body": {"text": "Last session of the day"},
    }
    assert api == [call, call]


@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_the_shown_answer_has_the_form_of_the_real_one(boss: Client, count: int) -> None:
    classifier = ClassifierFactory()
    for number in range(count):
        LabelFactory(classifier=classifier, number=number)

    answer = json.loads(boss.get(staff.page(classifier, "use")).context["answer"])

    assert list(answer) == ["label", "score", "label_scores"]
    assert len(answer["label_scores"]) == (count or 3)
    assert answer["score"] == max(answer["label_scores"].values()) == answer["label_scores"][answer["label"]]


def test_a_project_runs_it_after_one_click_and_after_two(boss: Client) -> None:
    classifier, project = ClassifierFactory(), ProjectFactory(name="Shop")

    responses = [boss.post(staff.page(classifier, "use_add"), {"project": project.pk}, follow=True) for _ in range(2)]

    assert AnalyzerSetting.objects.get().analyzer == classifier.key
    assert "“Shop” runs it from now on." in staff.said(responses[0])
    assert "“Shop” runs it already." in staff.said(responses[1])


@pytest.mark.parametrize("project", ["", "x", "999999"])
def test_a_project_that_is_not_there_is_asked_for_again(boss: Client, project: str) -> None:
    response = boss.post(staff.page(ClassifierFactory(), "use_add"), {"project": project}, follow=True)

    assert "Choose a project." in staff.said(response)
    assert not AnalyzerSetting.objects.exists()


def test_the_projects_that_run_it_are_listed_and_the_others_offered(boss: Client) -> None:
    classifier = ClassifierFactory(key="mood")
    running = AnalyzerSettingFactory(analyzer="mood").project
    other = ProjectFactory()

    context = boss.get(staff.page(classifier, "use")).context

    assert (list(context["projects"]), list(context["other_projects"])) == ([running], [other])
    assert context["key_url"] == f"{reverse('admin:moderation_apikey_add')}?project={running.pk}"


def test_an_untrained_classifier_says_that_the_api_will_refuse(boss: Client) -> None:
    assert "It has no live version yet" in staff.said(boss.get(staff.page(ClassifierFactory(), "use")))
