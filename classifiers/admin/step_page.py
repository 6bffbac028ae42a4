"""What the pages of a classifier's six steps have in common: address, permission, frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods

from classifiers.models import Classifier, Label
from classifiers.services import steps
from classifiers.services.steps import Standing, Step
from moderation.services import workers

FOLDER = "admin/classifiers/classifier"
VIEW = "classifiers.view_classifier"
CHANGE = "classifiers.change_classifier"
# The guide: "100 examples or more per category".
GOOD_COUNT = 100


@dataclass(frozen=True)
class StepUrl:
    """One address below a classifier's own. `get` and `post` are the permissions needed, None for a method refused.

    `view` takes the request, the classifier and what the route captures.
    """

    route: str
    view: Callable[..., HttpResponse]
    name: str
    get: str | None = VIEW
    post: str | None = None

    def as_pattern(self) -> URLPattern:
        """Return the pattern under which the admin finds the view."""
        permissions = {"GET": self.get, "HEAD": self.get, "POST": self.post}
        methods = [method for method, permission in permissions.items() if permission]

        def guarded(request: HttpRequest, object_id: int, **captured: Any) -> HttpResponse:
            if not may(request.user, permissions[request.method or ""]):
                raise PermissionDenied
            classifiers = Classifier.objects.select_related("live_version")
            return self.view(request, get_object_or_404(classifiers, pk=object_id), **captured)

        view = admin.site.admin_view(require_http_methods(methods)(guarded))
        return path(f"<int:object_id>/{self.route}", view, name=f"classifiers_classifier_{self.name}")


# Pages below a classifier's own that the apps above this one add.
_added: list[StepUrl] = []


def add_urls(urls: Sequence[StepUrl]) -> None:
    """Put an app's pages among a classifier's own. Called while Django collects the admin's screens."""
    _added.extend(urls)


def added_urls() -> tuple[StepUrl, ...]:
    """Return the pages that were added."""
    return tuple(_added)


@dataclass(frozen=True)
class Place:
    """A step in the rail on top of each page."""

    step: Step
    url: str
    is_here: bool


@dataclass(frozen=True)
class LabelBar:
    """How many examples a label has, and how many of them by suggestions only.

    Units: the percents are of the most frequent label's count; `confirmed_percent` is the confirmed ones' part.
    """

    label: Label
    count: int
    percent: int
    suggested: int
    confirmed_percent: int

    @property
    def confirmed(self) -> int:
        return self.count - self.suggested

    @property
    def is_short(self) -> bool:
        return self.count < GOOD_COUNT


def may(user: Any, permission: str | None) -> bool:
    """Return whether the person has the permission; who may change classifiers may see them, as everywhere."""
    return user.has_perm(permission) or (permission == VIEW and user.has_perm(CHANGE))


def url(classifier: Classifier, name: str, **captured: Any) -> str:
    """Return the address of one of the classifier's pages; `home` is the classifier's own."""
    view = "change" if name == "home" else name
    return reverse(f"admin:classifiers_classifier_{view}", kwargs={"object_id": classifier.pk, **captured})


def go(classifier: Classifier, name: str, **captured: Any) -> HttpResponse:
    """Send the browser to one of the classifier's pages."""
    return redirect(url(classifier, name, **captured))


def show(request: HttpRequest, classifier: Classifier, *, code: str, template: str, **context: Any) -> TemplateResponse:
    """Return the page of the step `code`, in the frame that all steps share.

    A `template` without a folder lies among the classifiers' own.
    """
    standing = context.pop("standing", None) or steps.measure(classifier)
    places = [
        Place(step=step, url=url(classifier, step.code), is_here=step.code == code) for step in steps.walk(standing)
    ]
    here = next((place.step.title for place in places if place.is_here), "")
    return TemplateResponse(
        request,
        template if "/" in template else f"{FOLDER}/{template}",
        {
            **admin.site.each_context(request),
            "opts": Classifier._meta,
            "original": classifier,
            "title": f"{here} · {classifier}" if here else str(classifier),
            "classifier": classifier,
            "standing": standing,
            "places": places,
            "has_worker": workers.is_any_alive(),
            **context,
        },
    )


def label_bars(labels: Sequence[Label], *, standing: Standing) -> list[LabelBar]:
    """Return a bar for each label, in their order."""
    most = max([standing.counts.get(label.pk, 0) for label in labels], default=0)
    return [
        LabelBar(
            label=label,
            count=count,
            percent=_percent(count, of=most),
            suggested=suggested,
            confirmed_percent=_percent(count - suggested, of=most),
        )
        for label in labels
        for count, suggested in [(standing.counts.get(label.pk, 0), standing.suggested.get(label.pk, 0))]
    ]


def _percent(count: int, *, of: int) -> int:
    return round(100 * count / of) if of else 0


def read_id(value: str | None) -> int:
    """Return the row id that a browser sent, or 0, which no row has."""
    # Beyond 18 digits no database could be asked.
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) <= 18 else 0


def log(request: HttpRequest, classifier: Classifier, message: str) -> None:
    """Note in the classifier's history what a person changed."""
    admin.site.get_model_admin(Classifier).log_change(request, classifier, message)
