"""Classifiers whose labels are steps: their answers say where a text stands among them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from classifiers import analyzer, predictor
from classifiers.analyzer import ClassifierProvider
from classifiers.ml import ranking
from classifiers.models import Classifier, ClassifierType
from moderation.analyzers.base import Finding
from tests.factories import ClassifierFactory
from tests.live_versions import go_live

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("encoder_folder")]

STEPS = {"Poor": "bad bad worst junk", "Fair": "it is all right", "Great": "a wonderful, useful answer"}


def _ranking(key: str = "quality", *, thresholds: Mapping[str, float] | None = None) -> Classifier:
    classifier: Classifier = ClassifierFactory(key=key, type=ClassifierType.RANKING)
    go_live(classifier, prototypes=STEPS, thresholds=thresholds)
    classifier.refresh_from_db()
    return classifier


def _ask(key: str, *texts: str) -> list[Finding]:
    return ClassifierProvider().analyze([key], texts=texts)[key]


def test_a_position_follows_from_the_scores_of_all_labels() -> None:
    _ranking()

    findings = _ask("quality", *STEPS.values())

    shares = np.array([list((finding.label_scores or {}).values()) for finding in findings])
    assert [finding.position for finding in findings] == pytest.approx(shares @ [0.0, 0.5, 1.0], abs=1e-5)
    assert findings[0].position < findings[1].position < findings[2].position


def test_the_position_stays_where_no_label_passes_its_threshold() -> None:
    _ranking(thresholds=dict.fromkeys(STEPS, 1.1))

    [finding] = _ask("quality", STEPS["Great"])

    assert (finding.label, finding.position is not None) == (None, True)


def test_labels_that_are_no_steps_have_no_position() -> None:
    go_live(ClassifierFactory(key="plain"), prototypes=STEPS)

    [finding] = _ask("plain", STEPS["Great"])

    assert finding.position is None
    assert "position" not in finding.as_gen2()


def test_rankings_and_others_are_answered_side_by_side() -> None:
    _ranking()
    go_live(ClassifierFactory(key="plain"))

    found = ClassifierProvider().analyze(["plain", "quality"], texts=["Hello"])

    assert [found[key][0].position is None for key in ("plain", "quality")] == [True, False]


def test_a_version_that_is_asked_by_itself_says_the_position_as_well() -> None:
    version = _ranking().live_version
    assert version is not None

    [finding] = analyzer.answer(version, texts=[STEPS["Poor"]])

    proba = predictor.probabilities(
        predictor.load(version), predictor.Features(predictor.embed([STEPS["Poor"]])), texts=[STEPS["Poor"]]
    )
    assert finding.position == pytest.approx(float(ranking.expected_positions(proba)[0]), abs=1e-5)
