"""The Review page: honest numbers, the mistakes behind them, and a text of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from classifiers.admin import scores
from classifiers.models import Classifier, HeldOut, Version
from classifiers.services import versions
from moderation.runs import RunState
from tests import staff
from tests.factories import (
    ClassifierFactory,
    DoneVersionFactory,
    ExampleFactory,
    HeldOutFactory,
    LabelFactory,
    LabelledExampleFactory,
    VersionFactory,
)
from tests.live_versions import go_live

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _classifier(*names: str) -> Classifier:
    classifier = ClassifierFactory()
    for number, name in enumerate(names or ("Fine", "Spam")):
        LabelFactory(classifier=classifier, number=number, name=name)
    return classifier


def _page(boss: Client, classifier: Classifier, **query: Any) -> Any:
    return boss.get(staff.page(classifier, "review"), query)


def _try(boss: Client, classifier: Classifier, text: str) -> str:
    return staff.said(boss.post(staff.page(classifier, "review"), {"text": text}))


def test_where_only_some_examples_were_asked_it_says_of_how_many() -> None:
    version = DoneVersionFactory.build(example_count=3_000, scores={"measured_count": 1_800})

    assert scores.how_measured(version).startswith("1,800 of the 3,000 examples were judged")


def test_the_score_stands_with_how_it_was_measured_and_what_must_be_beaten(boss: Client) -> None:
    classifier = _classifier()
    staff.scored(classifier, macro_f1=0.847, example_count=612)

    response = _page(boss, classifier)

    page = staff.said(response)
    assert "Each of the 612 examples was judged by a model that had never seen it." in page
    assert [(bar.name, bar.score) for bar in response.context["bars"]] == [
        ("This version", 0.847),
        ("Always the most frequent label", 0.25),
    ]
    assert "0.85</span>" in page


def test_the_live_version_is_shown_unless_another_is_asked_for(boss: Client) -> None:
    classifier = _classifier()
    live, newer = staff.scored(classifier, number=1), staff.scored(classifier, number=2)
    versions.promote(live.pk)

    shown = [_page(boss, classifier, **query).context["version"] for query in ({}, {"version": 2})]

    assert shown == [live, newer]


@pytest.mark.parametrize(
    ("scores_", "sentences"),
    [
        (
            {"measured_on": "CONFIRMED", "measured_count": 120},
            ["Trained on 320 examples, 200 of them suggestions; measured on the 120 that people confirmed"],
        ),
        (
            {"measured_on": "ALL", "measured_count": 320},
            [
                "Trained on 320 examples, 200 of them suggestions; measured on all of them",
                "once 20 are confirmed, and 5 of each label, these alone will be measured on",
            ],
        ),
    ],
    ids=["confirmed", "all"],
)
def test_with_suggestions_the_page_says_what_was_measured_on(
    boss: Client, scores_: dict[str, Any], sentences: list[str]
) -> None:
    classifier = _classifier()
    version = staff.scored(classifier, example_count=320, suggested_count=200)
    version.scores |= scores_
    version.save()

    page = staff.said(_page(boss, classifier))

    assert all(sentence in page for sentence in sentences)
    measured = "120 confirmed" if scores_["measured_on"] == "CONFIRMED" else "320"
    assert f"F1 0.90 on {measured}, 320 examples (200 suggested)" in page


def test_a_suggestion_that_the_scores_leave_out_is_no_mistake(boss: Client) -> None:
    classifier = _classifier()
    version = staff.scored(classifier, example_count=320, suggested_count=200)
    version.scores |= {"measured_on": "CONFIRMED", "measured_count": 120}
    version.save()
    (mistake,) = _mistakes(version, 0.8)
    HeldOutFactory(version=version, score=0.9, is_measured=False)

    response = _page(boss, classifier)

    assert [each.held_out for each in response.context["mistakes"]] == [mistake]
    assert "1 of 120" in staff.said(response)


def test_the_live_version_s_mistakes_lead_to_what_to_fix_first(boss: Client) -> None:
    classifier = _classifier()
    old, live = staff.scored(classifier, number=1), staff.scored(classifier, number=2)
    versions.promote(live.pk)

    pages = [staff.said(_page(boss, classifier, version=version.number)) for version in (old, live)]

    assert [staff.page(classifier, "mistakes") in page for page in pages] == [False, True]


@pytest.mark.parametrize("version", ["9", "99999999999999999999"])
def test_a_version_that_is_not_there_is_not_found_or_not_asked_for(boss: Client, version: str) -> None:
    classifier = _classifier()
    staff.scored(classifier, number=1)

    assert _page(boss, classifier, version=version).status_code == (404 if version == "9" else 200)


def test_a_version_whose_training_failed_is_not_shown(boss: Client) -> None:
    classifier = _classifier()
    VersionFactory(classifier=classifier, number=1, state=RunState.FAILED)

    assert _page(boss, classifier, version=1).status_code == 404
    assert "There is no version to review yet." in staff.said(_page(boss, classifier))


def test_every_label_has_its_scores() -> None:
    classifier = _classifier("Fine", "Spam")

    rows = scores.label_rows(staff.scored(classifier), colors={0: "#112233"})

    assert [(row.name, row.precision, row.recall, row.f1, row.percent, row.support, row.color) for row in rows] == [
        ("Fine", 0.9, 0.8, 0.85, 85, 10, "#112233"),
        ("Spam", 0.9, 0.8, 0.85, 85, 10, ""),
    ]


def test_the_confusion_matrix_has_a_shade_for_whatever_is_not_nothing() -> None:
    labels = [{"number": 0, "name": "A"}, {"number": 3, "name": "B"}]
    version = Version(scores={"labels": labels, "confusion": [[999, 1], [0, 4]]})

    rows = scores.confusion(version)

    assert [[(cell.count, cell.shade, cell.is_hit) for cell in row.cells] for row in rows] == [
        [(999, 9, True), (1, 1, False)],
        [(0, 0, False), (4, 9, True)],
    ]
    assert rows[0].cells[1].predicted == 3
    assert rows[0].cells[1].title == "1 of “A” answered as “B”"


def test_a_version_without_detailed_scores_is_shown_without_them(boss: Client) -> None:
    classifier = _classifier()
    DoneVersionFactory(classifier=classifier)

    page = staff.said(_page(boss, classifier))

    assert "This version has no scores per label." in page
    assert "most frequent label" not in page


def _mistakes(version: Version, *scores_: float, predicted: int = 1) -> list[HeldOut]:
    return [HeldOutFactory(version=version, score=score, predicted_number=predicted) for score in scores_]


def test_the_surest_mistakes_come_first_and_right_answers_not_at_all(boss: Client) -> None:
    classifier = _classifier()
    version = staff.scored(classifier)
    unsure, sure = _mistakes(version, 0.6, 0.9)
    HeldOutFactory(version=version, predicted_number=0, score=0.99)
    _mistakes(DoneVersionFactory(classifier=classifier, number=99), 0.8)

    response = _page(boss, classifier, version=version.number)

    shown = [mistake.held_out for mistake in response.context["mistakes"]]
    assert (shown, response.context["mistake_count"]) == ([sure, unsure], 2)
    assert [(mistake.actual, mistake.predicted) for mistake in response.context["mistakes"]] == [("Fine", "Spam")] * 2


def test_at_most_fifty_mistakes_are_shown_and_all_are_counted(boss: Client) -> None:
    classifier = _classifier()
    _mistakes(staff.scored(classifier), *[0.5] * 51)

    response = _page(boss, classifier)

    assert len(response.context["mistakes"]) == 50
    assert "51 of" in staff.said(response)


def test_the_mistakes_of_one_cell_can_be_looked_at(boss: Client) -> None:
    classifier = _classifier("Fine", "Spam", "Advert")
    version = staff.scored(classifier)
    _mistakes(version, 0.9)
    (wanted,) = _mistakes(version, 0.5, predicted=2)

    response = _page(boss, classifier, actual=0, predicted=2)

    assert [mistake.held_out for mistake in response.context["mistakes"]] == [wanted]
    assert "“Fine” answered as “Advert”" in staff.said(response)


@pytest.mark.parametrize("query", [{"actual": "0"}, {"actual": "x", "predicted": "1"}, {"actual": 0, "predicted": 77}])
def test_a_cell_that_is_not_there_shows_all_mistakes(boss: Client, query: dict[str, Any]) -> None:
    classifier = _classifier()
    _mistakes(staff.scored(classifier), 0.9)

    assert len(_page(boss, classifier, **query).context["mistakes"]) == 1


def test_a_mistake_whose_label_was_changed_since_says_so(boss: Client) -> None:
    classifier = _classifier()
    version = staff.scored(classifier)
    label = classifier.labels.get(number=0)
    unchanged = LabelledExampleFactory(classifier=classifier, label=label)
    HeldOutFactory(version=version, example=unchanged, score=0.9)
    HeldOutFactory(version=version, example=ExampleFactory(classifier=classifier), score=0.8)

    mistakes = _page(boss, classifier).context["mistakes"]

    assert [mistake.is_relabelled for mistake in mistakes] == [False, True]


def test_an_older_version_can_be_made_live(boss: Client) -> None:
    classifier = _classifier()
    old, new = staff.scored(classifier, number=1), staff.scored(classifier, number=2)
    versions.promote(new.pk)

    responses = [boss.post(staff.page(classifier, "promote", version_id=old.pk), follow=True) for _ in range(2)]

    classifier.refresh_from_db()
    assert classifier.live_version == old
    assert "Version 1 answers from now on." in staff.said(responses[1])


def test_a_version_that_failed_cannot_be_made_live(boss: Client) -> None:
    version = VersionFactory(state=RunState.FAILED)

    response = boss.post(staff.page(version.classifier, "promote", version_id=version.pk), follow=True)

    version.classifier.refresh_from_db()
    assert version.classifier.live_version is None
    assert "Only a version whose training succeeded can go live." in staff.said(response)


@pytest.mark.usefixtures("encoder_folder")
def test_a_text_is_answered_by_the_live_version(boss: Client) -> None:
    classifier = ClassifierFactory()
    go_live(classifier)

    response = boss.post(staff.page(classifier, "review"), {"text": "could you pay me by bank transfer?"})

    answer = response.context["tried"]["answer"]
    assert answer.label == "Payment"
    assert [name for name, _, _ in answer.bars] == ["Payment", "Greeting"]
    assert sum(score for _, score, _ in answer.bars) == pytest.approx(1, abs=1e-5)
    assert "could you pay me by bank transfer?</textarea>" in staff.said(response)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "blank"), (" \u200b", "blank"), ("x" * 100_001, "100,000"), ("a\0", "NUL")],
    ids=["empty", "invisible", "too long", "NUL"],
)
def test_a_text_that_cannot_be_tried_says_why(boss: Client, text: str, sentence: str) -> None:
    classifier = _classifier()
    staff.scored(classifier)

    assert sentence in _try(boss, classifier, text)


def test_without_a_version_the_try_box_says_so(boss: Client) -> None:
    assert "has no live version yet" in _try(boss, _classifier(), "hello")


@pytest.mark.usefixtures("encoder_folder")
def test_a_version_whose_artifact_is_gone_says_so(boss: Client) -> None:
    classifier = _classifier()
    versions.promote(staff.scored(classifier).pk)

    assert "The trained version&#x27;s files are missing." in _try(boss, classifier, "hello")


@pytest.mark.usefixtures("encoder_folder")
def test_without_an_encoder_the_try_box_says_so(boss: Client, settings: Any, tmp_path: Path) -> None:
    classifier = ClassifierFactory()
    go_live(classifier)
    settings.ENCODERS_DIR = tmp_path

    assert "prepare_encoder" in _try(boss, classifier, "hello")
