"""Texts tried on a version: the same answers as the API's, and what can't be tried."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.models import Classifier, Version
from classifiers.services import trials, versions
from classifiers.services.trials import NotTried
from moderation.analyzers import registry
from moderation.models import RequestLog
from tests.factories import ClassifierFactory, DoneVersionFactory
from tests.live_versions import go_live

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("encoder_folder")]

_TEXTS = ("could you pay me by bank transfer?", "hello there", "ℎello\u200b thère")


def _live(**values: Any) -> Version:
    go_live(classifier := ClassifierFactory(), **values)
    return Classifier.objects.select_related("live_version").get(pk=classifier.pk).live_version


def _labels(version: Version, *texts: str) -> list[str | None]:
    return [answer.finding and answer.finding.label for answer in trials.ask(version, texts=texts).answers]


def test_the_live_version_answers_as_the_api_does() -> None:
    version = _live()

    trial = trials.ask(version, texts=_TEXTS)

    [alone] = trials.ask(version, texts=_TEXTS[:1]).answers
    from_api = registry.analyze([version.classifier.key], texts=_TEXTS[:2]).findings[version.classifier.key]
    assert [answer.finding for answer in trial.answers[:2]] == list(from_api)
    assert alone.finding == from_api[0]
    assert trial.answers[0].finding == trials.predict(version.classifier, text=_TEXTS[0])
    assert trial.duration_ms > 0
    assert not RequestLog.objects.exists()


def test_a_version_that_is_not_live_answers_the_same_and_goes_by_its_own_thresholds() -> None:
    version = _live()
    as_live = _labels(version, *_TEXTS)
    versions.promote(DoneVersionFactory(classifier=version.classifier, number=99).pk)
    version = Version.objects.get(pk=version.pk)

    assert _labels(version, *_TEXTS) == as_live == ["Payment", "Greeting", "Greeting"]
    version.thresholds = {"1": 1.01}
    assert _labels(version, *_TEXTS[:2]) == ["Payment", "Payment"]


def test_under_its_threshold_a_label_is_not_given_live_or_not() -> None:
    version = _live(thresholds={"Payment": 1.01, "Greeting": 1.01})

    [live] = trials.ask(version, texts=_TEXTS[:1]).answers
    Classifier.objects.update(live_version=None)
    [other] = trials.ask(Version.objects.get(pk=version.pk), texts=_TEXTS[:1]).answers

    assert live.finding is not None
    assert live.finding.label is None
    assert set(live.finding.label_scores or {}) == {"Payment", "Greeting"}
    assert other.finding == live.finding


def test_a_text_that_cannot_be_tried_says_why_and_the_others_are_answered() -> None:
    trial = trials.ask(_live(), texts=["hello", " ", "a\ud800b", "x" * 100_001, "nul\0", "hello"])

    assert [answer.finding is not None for answer in trial.answers] == [True, False, False, False, False, True]
    assert [answer.problem.partition(".")[0] for answer in trial.answers[1:5]] == [
        "The text is blank",
        "The text has half a surrogate pair, which is no character",
        "The text has 100,001 characters; the limit is 100,000",
        "The text has a NUL character (U+0000)",
    ]


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ([], "Type or paste a text first"),
        (["a"] * 1_001, "These are 1,001 texts; 1,000 can be tried"),
        (["a" * 100_000] * 6, "These are 600,000 characters"),
    ],
    ids=["none", "too many", "too long"],
)
def test_none_and_too_many_are_refused(texts: list[str], sentence: str) -> None:
    with pytest.raises(NotTried, match=sentence):
        trials.ask(DoneVersionFactory(), texts=texts)


def test_where_no_text_can_be_tried_nothing_is_asked() -> None:
    [answer] = trials.ask(DoneVersionFactory(artifact_path="nowhere"), texts=["  "]).answers

    assert answer.problem.startswith("The text is blank")


@pytest.mark.parametrize("is_live", [True, False])
def test_a_version_whose_files_are_gone_says_so(is_live: bool) -> None:
    version = DoneVersionFactory(artifact_path="nowhere/1")
    if is_live:
        versions.promote(version.pk)
        version.classifier.refresh_from_db()

    with pytest.raises(NotTried, match="files are missing"):
        trials.ask(version, texts=["hello"])


def test_a_version_of_another_encoder_says_so() -> None:
    version = _live(encoder_id="another")

    with pytest.raises(NotTried, match="another encoder"):
        trials.ask(version, texts=["hello"])
