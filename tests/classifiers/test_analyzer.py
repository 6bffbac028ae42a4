"""Trained classifiers as analyzers of a project."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from classifiers.analyzer import ClassifierProvider
from classifiers.models import Version
from moderation.analyzers.base import Finding
from tests.factories import ClassifierFactory
from tests.live_versions import PROTOTYPES, go_live

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("encoder_folder")]


def _ask(text: str, *, thresholds: Mapping[str, float]) -> Finding:
    go_live(ClassifierFactory(key="one"), thresholds=thresholds)
    [finding] = ClassifierProvider().analyze(["one"], texts=[text])["one"]
    return finding


def test_the_label_with_the_highest_score_is_given() -> None:
    finding = _ask(PROTOTYPES["Payment"], thresholds={})

    assert finding.label_scores is not None
    assert (finding.label, finding.score) == ("Payment", finding.label_scores["Payment"])
    assert finding.score == max(finding.label_scores.values())


def test_a_label_needs_at_least_its_threshold() -> None:
    finding = _ask(PROTOTYPES["Payment"], thresholds={"Payment": 0.9, "Greeting": 0.9})

    assert finding.label == "Payment"


def test_without_a_label_that_passes_there_is_none_and_the_best_score() -> None:
    finding = _ask(PROTOTYPES["Payment"], thresholds={"Payment": 1.1, "Greeting": 1.1})

    assert finding.label_scores is not None
    assert (finding.label, finding.score) == (None, finding.label_scores["Payment"])


def test_a_less_sure_label_that_passes_is_given_before_a_surer_one_that_does_not() -> None:
    finding = _ask(PROTOTYPES["Payment"], thresholds={"Payment": 1.1})

    assert finding.label_scores is not None
    assert (finding.label, finding.score) == ("Greeting", finding.label_scores["Greeting"])


def test_keys_that_are_no_classifiers_are_left_out() -> None:
    ClassifierFactory(key="one")

    assert ClassifierProvider().analyze(["email", "one", "gone"], texts=["Hello"]).keys() == {"one"}


def test_a_broken_version_fails_alone() -> None:
    go_live(ClassifierFactory(key="good"))
    broken = go_live(ClassifierFactory(key="broken"))
    Version.objects.filter(pk=broken.pk).update(artifact_sha256="1" * 64)

    findings = ClassifierProvider().analyze(["broken", "good"], texts=["Hello", "Pay now"])

    assert ["damaged" in str(finding.error) for finding in findings["broken"]] == [True, True]
    assert [finding.error for finding in findings["good"]] == [None, None]


def test_an_encoder_that_is_not_prepared_fails_without_an_exception(settings, tmp_path) -> None:
    go_live(ClassifierFactory(key="one"))
    settings.ENCODERS_DIR = tmp_path

    [finding] = ClassifierProvider().analyze(["one"], texts=["Hello"])["one"]

    assert "prepare_encoder" in str(finding.error)


def test_every_classifier_is_listed_trained_or_not() -> None:
    ClassifierFactory(key="b", name="Second")
    ClassifierFactory(key="a", name="First", description="A question?")

    listed = ClassifierProvider().list_analyzers()

    assert [(info.key, info.name, info.kind, info.description) for info in listed] == [
        ("a", "First", "classifier", "A question?"),
        ("b", "Second", "classifier", ""),
    ]
