"""Builders of rows. Each makes the least that a test needs."""

from __future__ import annotations

import datetime as dt

import factory
from django.contrib.auth import get_user_model
from factory.django import DjangoModelFactory

from classifiers.importing.fingerprint import text_key
from classifiers.models import (
    Classifier,
    Decision,
    DecisionSource,
    Embedding,
    EmbeddingRun,
    Example,
    ExampleOrigin,
    ExampleState,
    HeldOut,
    ImportRun,
    Label,
    NearDuplicate,
    NearDuplicateRun,
    RequestImport,
    RequestPick,
    Version,
)
from moderation.models import AnalyzerSetting, Project, RequestLog
from moderation.runs import RunState


class UserFactory(DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    is_staff = True


class AdminFactory(UserFactory):
    is_superuser = True


class ProjectFactory(DjangoModelFactory):
    class Meta:
        model = Project

    name = factory.Sequence(lambda n: f"Project {n}")


class AnalyzerSettingFactory(DjangoModelFactory):
    class Meta:
        model = AnalyzerSetting

    project = factory.SubFactory(ProjectFactory)
    analyzer = "email"


class RequestLogFactory(DjangoModelFactory):
    class Meta:
        model = RequestLog

    project = factory.SubFactory(ProjectFactory)
    text = factory.Sequence(lambda n: f"Is the lamp number {n} still there?")
    endpoint = "moderate/text"


class ClassifierFactory(DjangoModelFactory):
    class Meta:
        model = Classifier

    name = factory.Sequence(lambda n: f"Classifier {n}")
    key = factory.Sequence(lambda n: f"classifier-{n}")


class LabelFactory(DjangoModelFactory):
    class Meta:
        model = Label

    classifier = factory.SubFactory(ClassifierFactory)
    number = factory.Sequence(lambda n: n)
    name = factory.LazyAttribute(lambda label: f"Label {label.number}")


class ExampleFactory(DjangoModelFactory):
    class Meta:
        model = Example

    classifier = factory.SubFactory(ClassifierFactory)
    text = factory.Sequence(lambda n: f"Example text {n}")
    text_key = factory.LazyAttribute(lambda example: text_key(example.text))
    origin = ExampleOrigin.TYPED


class LabelledExampleFactory(ExampleFactory):
    label = factory.SubFactory(LabelFactory, classifier=factory.SelfAttribute("..classifier"))
    state = ExampleState.CONFIRMED


class DecisionFactory(DjangoModelFactory):
    class Meta:
        model = Decision

    example = factory.SubFactory(ExampleFactory)
    label = factory.SubFactory(LabelFactory, classifier=factory.SelfAttribute("..example.classifier"))
    source = DecisionSource.PERSON


class ImportRunFactory(DjangoModelFactory):
    class Meta:
        model = ImportRun

    classifier = factory.SubFactory(ClassifierFactory)
    state = RunState.DRAFT
    file = "imports/none.upload"
    file_name = "messages.csv"
    size_bytes = 100
    sha256 = "0" * 64
    header = ["text"]
    text_column = 0


class EmbeddingFactory(DjangoModelFactory):
    """The features of an example's text."""

    class Meta:
        model = Embedding
        exclude = ("example",)

    example = factory.SubFactory(ExampleFactory)
    text_key = factory.SelfAttribute("example.text_key")
    encoder_id = "new-1"
    vector = b"\0\0"


class EmbeddingRunFactory(DjangoModelFactory):
    class Meta:
        model = EmbeddingRun

    classifier = factory.SubFactory(ClassifierFactory)
    state = RunState.SUCCEEDED


class RequestImportFactory(DjangoModelFactory):
    class Meta:
        model = RequestImport

    classifier = factory.SubFactory(ClassifierFactory)
    since_at = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    until_at = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    wanted = 200


class ChoiceFactory(RequestImportFactory):
    """A search that has ended, with what it chose still to be added."""

    state = RunState.SUCCEEDED
    looked_at = 10
    chosen = 1


class RequestPickFactory(DjangoModelFactory):
    class Meta:
        model = RequestPick

    request_import = factory.SubFactory(ChoiceFactory)
    request_id = factory.LazyAttribute(lambda _: RequestLogFactory().pk)
    reason = "NOVEL"


class NearDuplicateRunFactory(DjangoModelFactory):
    class Meta:
        model = NearDuplicateRun

    classifier = factory.SubFactory(ClassifierFactory)
    state = RunState.SUCCEEDED
    finished_at = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


class NearDuplicateFactory(DjangoModelFactory):
    class Meta:
        model = NearDuplicate

    run = factory.SubFactory(NearDuplicateRunFactory)
    example = factory.SubFactory(ExampleFactory, classifier=factory.SelfAttribute("..run.classifier"))
    group = 1


class VersionFactory(DjangoModelFactory):
    class Meta:
        model = Version

    classifier = factory.SubFactory(ClassifierFactory)
    number = factory.Sequence(lambda n: n + 1)


class DoneVersionFactory(VersionFactory):
    state = RunState.SUCCEEDED
    macro_f1 = 0.9
    artifact_path = "some/1"
    artifact_sha256 = "0" * 64


class HeldOutFactory(DjangoModelFactory):
    class Meta:
        model = HeldOut

    version = factory.SubFactory(DoneVersionFactory)
    example = factory.SubFactory(ExampleFactory, classifier=factory.SelfAttribute("..version.classifier"))
    label_number = 0
    predicted_number = 1
    score = 0.8


class QueueRunFactory(DjangoModelFactory):
    class Meta:
        model = "annotation.QueueRun"

    classifier = factory.SubFactory(ClassifierFactory)
    state = RunState.SUCCEEDED
    method = "MARGIN"


class QueueEntryFactory(DjangoModelFactory):
    class Meta:
        model = "annotation.QueueEntry"

    run = factory.SubFactory(QueueRunFactory)
    example = factory.SubFactory(ExampleFactory, classifier=factory.SelfAttribute("..run.classifier"))
    place = factory.Sequence(lambda n: n + 1)


class AnswerFactory(DjangoModelFactory):
    """A person's own opinion of a text, without the decision that it may have led to."""

    class Meta:
        model = "annotation.Answer"

    example = factory.SubFactory(ExampleFactory)
    classifier = factory.SelfAttribute("example.classifier")
    user = factory.SubFactory(UserFactory)
    label = factory.SubFactory(LabelFactory, classifier=factory.SelfAttribute("..example.classifier"))
    queue = "USEFUL"


class GuidelinesFactory(DjangoModelFactory):
    class Meta:
        model = "classifiers.Guidelines"

    classifier = factory.SubFactory(ClassifierFactory)
    number = factory.Sequence(lambda n: n + 1)
    labels = factory.LazyAttribute(
        lambda guidelines: [
            {"number": label.number, "name": label.name, "description": label.description}
            for label in guidelines.classifier.labels.order_by("number")
        ]
    )


class AnnotationRunFactory(DjangoModelFactory):
    class Meta:
        model = "annotation.AnnotationRun"

    classifier = factory.SubFactory(ClassifierFactory)
    guidelines = factory.SubFactory(GuidelinesFactory, classifier=factory.SelfAttribute("..classifier"))
    label_ids = factory.LazyAttribute(
        lambda run: {str(label.number): label.pk for label in run.classifier.labels.all()}
    )
    annotator = "LLM"
    model = "some-model"
    pick = "FIRST"
    text_count = 10


class AnnotationFactory(DjangoModelFactory):
    """What a run says about a text: without a label, it still waits."""

    class Meta:
        model = "annotation.Annotation"

    run = factory.SubFactory(AnnotationRunFactory)
    example = factory.SubFactory(ExampleFactory, classifier=factory.SelfAttribute("..run.classifier"))
    text_key = factory.SelfAttribute("example.text_key")
    state = factory.LazyAttribute(lambda annotation: "LABELLED" if annotation.label else "WAITING")
    label = None
    confidence = factory.LazyAttribute(lambda annotation: 0.9 if annotation.label else None)


class NoticeFactory(DjangoModelFactory):
    class Meta:
        model = "moderation.Notice"

    user = factory.SubFactory(UserFactory)
    subject = "Training of Spam: done"
    text = "Version 3 learnt from 120 examples."
    url = "/admin/"
