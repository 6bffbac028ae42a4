"""What the worker chooses from the log, with the real encoder."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from classifiers import tasks
from classifiers.ml.model import Upper
from classifiers.models import Classifier, Embedding, Example, PickReason, RequestImport, Selection
from classifiers.services import request_imports
from classifiers.services.request_imports import Query
from moderation import runs
from moderation.models import Project, RequestLog
from moderation.runs import RunState
from tests.factories import ClassifierFactory, ExampleFactory, ProjectFactory, RequestLogFactory
from tests.live_versions import go_live
from tests.upper_layers import upper

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("encoder_folder")]

_NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
_MIDDLE = dt.datetime(2026, 4, 15, tzinfo=dt.UTC)
_TEXTS = (
    "Is the lamp still there?",
    "What does the pram cost?",
    "Pay me by bank transfer, please",
    "Where can I pick up the guitar on Sunday?",
    "You are a liar and a thief",
)


@pytest.fixture
def project() -> Project:
    return ProjectFactory()


def _log(project: Project, *texts: str, **values: Any) -> list[RequestLog]:
    return [RequestLogFactory(**{"project": project, "text": text, "created_at": _MIDDLE} | values) for text in texts]


def _search(project: Project, *, classifier: Classifier | None = None, **values: Any) -> RequestImport:
    given = {
        "project_ids": (project.pk,),
        "since_at": _NOW - dt.timedelta(days=30),
        "until_at": _NOW,
        "selection": Selection.ALL,
    }
    run = request_imports.start((classifier or ClassifierFactory()).pk, query=Query(**given | values))
    tasks.choose_requests(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.SUCCEEDED, "")
    return run


def _chosen(run: RequestImport) -> list[str]:
    return [log.text for _, log in request_imports.picks(run, limit=1_000)]


def test_all_of_them_are_chosen_and_nothing_is_written_yet(project: Project) -> None:
    _log(project, *_TEXTS)

    run = _search(project)

    assert sorted(_chosen(run)) == sorted(_TEXTS)
    assert (run.looked_at, run.chosen, run.left, run.is_partial) == (5, 5, 0, False)
    assert not Example.objects.exists()


def test_texts_that_are_not_taken_over_leave_no_features_behind(project: Project) -> None:
    _log(project, *_TEXTS)

    _search(project)

    assert not Embedding.objects.exists()


def test_other_projects_and_other_times_are_left_alone(project: Project) -> None:
    _log(project, "inside")
    _log(project, "too early", created_at=_NOW - dt.timedelta(days=31))
    _log(project, "too late", created_at=_NOW)
    _log(ProjectFactory(), "elsewhere")

    assert _chosen(_search(project)) == ["inside"]


def test_several_projects_are_searched_together(project: Project) -> None:
    other = ProjectFactory()
    _log(project, "Is the lamp there?")
    _log(other, "Win a phone now")

    run = _search(project, project_ids=(project.pk, other.pk))

    assert sorted(_chosen(run)) == ["Is the lamp there?", "Win a phone now"]


def test_what_is_among_the_examples_or_was_sent_twice_is_a_duplicate(project: Project) -> None:
    classifier = ClassifierFactory()
    ExampleFactory(classifier=classifier, text=_TEXTS[0])
    _log(project, _TEXTS[0], _TEXTS[1], f"{_TEXTS[1]} ")

    run = _search(project, classifier=classifier)

    assert (_chosen(run)[0].strip(), run.chosen, run.duplicates) == (_TEXTS[1], 1, 2)


def test_a_near_copy_of_an_example_is_not_chosen(project: Project) -> None:
    classifier = ClassifierFactory()
    ExampleFactory(classifier=classifier, text="Please call 08712402779 immediately, a message waits for you")
    _log(project, "Please call 08712402902 immediately, a message waits for you.", _TEXTS[1])

    run = _search(project, classifier=classifier)

    assert (_chosen(run), run.near_copies) == ([_TEXTS[1]], 1)


@pytest.mark.parametrize("selection", [Selection.ALL, Selection.USEFUL])
def test_of_near_copies_in_the_log_one_is_chosen(project: Project, selection: Selection) -> None:
    _log(project, *(f"Please call 0871240{n} immediately, a message waits for you" for n in range(1000, 1005)))

    run = _search(project, selection=selection)

    assert (run.chosen, run.near_copies) == (1, 4)


def test_a_text_that_cannot_be_an_example_is_counted(project: Project) -> None:
    _log(project, "\u200b", "x" * 100_001, _TEXTS[0])

    run = _search(project)

    assert (run.unusable, run.chosen) == (2, 1)


def test_the_newest_come_first_and_no_more_than_wanted(project: Project) -> None:
    for day, text in enumerate(_TEXTS):
        _log(project, text, created_at=_MIDDLE + dt.timedelta(days=day))

    run = _search(project, selection=Selection.NEWEST, wanted=2)

    assert _chosen(run) == [_TEXTS[4], _TEXTS[3]]
    assert {pick.reason for pick in run.picks.all()} == {PickReason.NEWEST}
    assert run.left == 3


def _answered(label: str, score: float, *, key: str = "tone") -> dict[str, Any]:
    return {key: {"label": label, "score": score}}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"predicted": "Rude"}, {_TEXTS[0], _TEXTS[1]}),
        ({"score_min": 0.8}, {_TEXTS[0], _TEXTS[2]}),
        ({"score_min": 0.5, "score_max": 0.7}, {_TEXTS[1]}),
        ({"predicted": "Rude", "score_max": 0.7}, {_TEXTS[1]}),
        ({"is_flagged_only": True}, {_TEXTS[4]}),
    ],
    ids=["label", "score", "range", "both", "flagged"],
)
def test_filters_look_at_what_this_classifier_answered(
    project: Project, values: dict[str, Any], expected: set[str]
) -> None:
    _log(project, _TEXTS[0], findings=_answered("Rude", 0.9))
    _log(project, _TEXTS[1], findings=_answered("Rude", 0.6))
    _log(project, _TEXTS[2], findings=_answered("Fine", 0.8))
    _log(project, _TEXTS[3], findings=_answered("Rude", 0.9, key="other") | {"tone": {"label": None, "score": None}})
    _log(project, _TEXTS[4], is_flagged=True)

    run = _search(project, classifier=ClassifierFactory(key="tone"), **values)

    assert set(_chosen(run)) == expected
    assert run.filtered == 5 - len(expected)


def test_the_most_useful_without_a_version_are_the_unlike_ones_and_it_is_said(project: Project) -> None:
    classifier = ClassifierFactory()
    ExampleFactory(classifier=classifier, text="Is the lamp there?")
    _log(project, *_TEXTS[1:], _TEXTS[0])

    run = _search(project, classifier=classifier, selection=Selection.USEFUL, wanted=3)

    assert Counter(pick.reason for pick in run.picks.all()) == {PickReason.NOVEL: 2, PickReason.RANDOM: 1}
    assert "no live version" in run.remark


@pytest.mark.parametrize("layers", [None, upper()], ids=["fast", "with adapted layers"])
def test_the_most_useful_are_near_the_line_unlike_or_rare(project: Project, layers: Upper | None) -> None:
    classifier = ClassifierFactory()
    go_live(classifier, upper=layers)
    for label in classifier.labels.all():
        if label.name == "Payment":
            for text in ("Send me the money by transfer", "I pay by bank card"):
                ExampleFactory(classifier=classifier, text=text, label=label, state="CONFIRMED")
    _log(project, *(f"{text} Number {n}." for text in _TEXTS for n in ("one", "twenty", "five hundred")))
    # So many that whatever is drawn first, or unlike the examples, leaves one of them to be called rare.
    _log(project, "Hello you", "Good morning to you all", "Hi there, how nice", "Nice to see you, friend", "Greetings!")

    run = _search(project, classifier=classifier, selection=Selection.USEFUL, wanted=8)

    reasons = Counter(pick.reason for pick in run.picks.all())
    assert set(reasons) == {PickReason.UNSURE, PickReason.NOVEL, PickReason.RARE, PickReason.RANDOM}
    assert run.remark == ""


def test_a_version_of_another_encoder_is_not_asked_and_it_is_said(project: Project) -> None:
    classifier = ClassifierFactory()
    go_live(classifier, encoder_id="another")
    _log(project, *_TEXTS)

    run = _search(project, classifier=classifier, selection=Selection.USEFUL)

    assert "another encoder" in run.remark
    assert run.chosen == 5


def test_an_empty_log_is_no_error(project: Project) -> None:
    run = _search(project)

    assert (run.looked_at, run.chosen) == (0, 0)


def test_a_second_attempt_starts_anew(project: Project) -> None:
    _log(project, *_TEXTS)
    run = _search(project)
    RequestImport.objects.filter(pk=run.pk).update(state=RunState.QUEUED)

    tasks.choose_requests(run.pk)

    assert run.picks.count() == 5


def test_a_search_that_is_cancelled_chooses_nothing(project: Project) -> None:
    _log(project, *_TEXTS)
    run = request_imports.start(
        ClassifierFactory().pk, query=Query(project_ids=(project.pk,), since_at=_MIDDLE, until_at=_NOW)
    )
    RequestImport.objects.filter(pk=run.pk).update(is_cancel_requested=True)

    tasks.choose_requests(run.pk)

    run.refresh_from_db()
    assert (run.state, run.picks.count()) == (RunState.CANCELLED, 0)
    assert not runs.request_cancel(RequestImport, run.pk)
