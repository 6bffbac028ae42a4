"""Step 6, Use: into a project, and from there to a program."""

from __future__ import annotations

import json
import textwrap

import numpy as np
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl
from classifiers.ml import ranking
from classifiers.models import Classifier
from moderation.models import Project
from moderation.services import project_analyzers

_ADD = "moderation.add_analyzersetting"
_KEY = "YOUR_API_KEY"
_TEXT = "Last session of the day"


def show_use(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show who uses the classifier and how to call it."""
    running = project_analyzers.projects_with(classifier.key)
    return step_page.show(
        request,
        classifier,
        code="use",
        template="use.html",
        projects=running,
        other_projects=Project.objects.exclude(pk__in=[project.pk for project in running]).order_by("name"),
        key_url=_key_url(running),
        address=f"{settings.PUBLIC_URL}/api/v1/classifiers/{classifier.key}/predict",
        curl=_curl(classifier),
        python=_python(classifier),
        answer=_answer(classifier),
        may_add=request.user.has_perm(_ADD),
    )


def add_to_project(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Let a project run the classifier."""
    project = Project.objects.filter(pk=step_page.read_id(request.POST.get("project"))).first()
    if project is None:
        messages.error(request, "Choose a project.")
    elif project_analyzers.add(project.pk, analyzer=classifier.key):
        step_page.log(request, classifier, f"Added to the project {project}.")
        messages.success(request, f"“{project}” runs it from now on.")
    else:
        messages.info(request, f"“{project}” runs it already.")
    return step_page.go(classifier, "use")


def _key_url(projects: list[Project]) -> str:
    add = reverse("admin:moderation_apikey_add")
    return f"{add}?project={projects[0].pk}" if projects else add


def _curl(classifier: Classifier) -> str:
    return (
        f"curl -s {settings.PUBLIC_URL}/api/v1/classifiers/{classifier.key}/predict \\\n"
        f"  -H 'Authorization: Bearer {_KEY}' \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"""  -d '{json.dumps({"text": _TEXT})}'"""
    )


def _python(classifier: Classifier) -> str:
    return textwrap.dedent(f"""\
        import json
        from urllib.request import Request, urlopen

        request = Request(
            "{settings.PUBLIC_URL}/api/v1/classifiers/{classifier.key}/predict",
            data=json.dumps({{"text": "{_TEXT}"}}).encode(),
            headers={{
                "Authorization": "Bearer {_KEY}",
                "Content-Type": "application/json",
            }},
        )
        with urlopen(request, timeout=10) as response:
            answer = json.load(response)
        print(answer["label"], answer["score"])
        """).strip()


def _answer(classifier: Classifier) -> str:
    """Return an answer with the classifier's own labels; the numbers only show the form."""
    names = [label.name for label in classifier.labels.all()] or ["Neutral", "Positive", "Negative"]
    # The first label wins with what the others leave over.
    rest = [round(0.05 / max(len(names) - 1, 1), 6)] * (len(names) - 1)
    label_scores = dict(zip(names, [round(1 - sum(rest), 6), *rest], strict=True))
    finding: dict[str, object] = {"label": names[0], "score": label_scores[names[0]], "label_scores": label_scores}
    if classifier.is_ranking:
        places = ranking.expected_positions(np.array([list(label_scores.values())]))
        finding["position"] = round(float(places[0]), 6)
    return json.dumps(finding, indent=2, ensure_ascii=False)


URLS = (
    StepUrl("use/", show_use, "use"),
    StepUrl("use/add/", add_to_project, "use_add", get=None, post=_ADD),
)
