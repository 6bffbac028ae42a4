"""People before the screens, and what they look at: a house with nothing in it, and one with everything."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from classifiers.models import Classifier, ExampleState, Version
from moderation.runs import RunState
from tests.factories import (
    AdminFactory,
    AnalyzerSettingFactory,
    ClassifierFactory,
    DecisionFactory,
    DoneVersionFactory,
    ExampleFactory,
    HeldOutFactory,
    ImportRunFactory,
    LabelFactory,
    LabelledExampleFactory,
    RequestLogFactory,
    UserFactory,
    VersionFactory,
)

LONG_NAME = "Überlange Bezeichnung eines Themas, wie sie vorkommt, ja 60 Z"[:60]
TEXTS = ("<script>alert(1)</script>", "مرحبا، هل ما زال متاحا؟", "👩‍👩‍👧‍👦🏳️‍🌈🔥", "x" * 100_000)
STEPS = ("home", "labels", "data", "annotate", "train", "review", "use")


def login(*permissions: str) -> Client:
    """Return a browser of a staff member with these permissions ("app.codename"); without any, of a superuser."""
    client = Client()
    if not permissions:
        client.force_login(AdminFactory())
        return client
    person = UserFactory()
    for permission in permissions:
        app, codename = permission.split(".")
        person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client.force_login(person)
    return client


def page(classifier: Classifier, name: str, **captured: Any) -> str:
    """Return the address of one of the classifier's pages; `home` is its own."""
    view = "change" if name == "home" else name
    return reverse(f"admin:classifiers_classifier_{view}", kwargs={"object_id": classifier.pk, **captured})


def said(response: Any) -> str:
    """Return a page as the text that it is."""
    return response.content.decode()


def trainable(classifier: Classifier, *, each: int = 10) -> None:
    """Give the classifier two labels and as many labelled examples of each."""
    for number in range(2):
        label = LabelFactory(classifier=classifier, number=number)
        LabelledExampleFactory.create_batch(each, classifier=classifier, label=label)


def scored(classifier: Classifier, **values: Any) -> Version:
    """Return a version that is done, with scores for each label of the classifier. Its artifact isn't there."""
    labels = [{"number": label.number, "name": label.name} for label in classifier.labels.all()]
    scores = {
        "accuracy": 0.8,
        "macro_f1": 0.9,
        "baseline_macro_f1": 0.25,
        "labels": [{**label, "precision": 0.9, "recall": 0.8, "f1": 0.85, "support": 10} for label in labels],
        "confusion": [[8 if row == column else 1 for column in labels] for row in labels],
    }
    return DoneVersionFactory(classifier=classifier, labels=labels, scores=scores, **values)


def filled() -> Classifier:
    """Return a classifier with everything that a page may have to show, at its largest and strangest."""
    classifier = ClassifierFactory(name="N" * 100, key="filled", description="What is it about?")
    labels = [
        LabelFactory(classifier=classifier, number=number, name=f"{number} {LONG_NAME}"[:60], description="A rule.")
        for number in range(50)
    ]
    for text in TEXTS:
        ExampleFactory(classifier=classifier, text=text)
    example = LabelledExampleFactory(classifier=classifier, label=labels[0], text="<b>bold</b>")
    DecisionFactory(example=example, label=labels[0])
    LabelledExampleFactory(classifier=classifier, label=labels[1], state=ExampleState.SUGGESTED)
    version = scored(classifier, number=1)
    HeldOutFactory(version=version, example=example)
    DoneVersionFactory(classifier=classifier, number=2)
    VersionFactory(classifier=classifier, number=3, state=RunState.FAILED, error="There were no examples.")
    VersionFactory(classifier=classifier, number=4, state=RunState.RUNNING, progress=0.4, step="Training")
    Classifier.objects.filter(pk=classifier.pk).update(live_version=version)
    for state in RunState:
        run = ImportRunFactory(classifier=classifier, state=state, file_name="<i>.csv")
        run.refusals.create(row_number=2, reason="The text is blank.", excerpt="=1+1")
    RequestLogFactory(project=AnalyzerSettingFactory(analyzer="filled").project, findings={"filled": {"label": "A"}})
    classifier.refresh_from_db()
    return classifier
