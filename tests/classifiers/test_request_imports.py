"""Examples from logged requests: what can be asked for, what is taken over, and where it came from."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from classifiers.models import Example, ExampleOrigin, ExampleState, PickReason, RequestImport, RequestPick, Selection
from classifiers.services import request_imports
from classifiers.services.request_imports import NotImportable, Query
from moderation.models import RequestLog
from moderation.runs import RunState
from tests.factories import (
    ChoiceFactory,
    ClassifierFactory,
    ExampleFactory,
    ProjectFactory,
    RequestImportFactory,
    RequestLogFactory,
    RequestPickFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

_NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
_MONTH_AGO = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)


def _query(**values: Any) -> Query:
    return Query(**{"project_ids": (1,), "since_at": _MONTH_AGO, "until_at": _NOW} | values)


def _choice(*texts: str) -> RequestImport:
    """Return a search that chose these texts."""
    run = ChoiceFactory(chosen=len(texts))
    for text in texts:
        RequestPickFactory(request_import=run, request_id=RequestLogFactory(text=text).pk)
    return run


def test_a_search_waits_for_the_worker_with_all_that_was_asked() -> None:
    person, classifier = UserFactory(), ClassifierFactory()

    run = request_imports.start(classifier.pk, query=_query(selection=Selection.RANDOM, wanted=7), by=person)

    run.refresh_from_db()
    assert (run.state, run.project_ids, run.selection, run.wanted) == (RunState.QUEUED, [1], "RANDOM", 7)
    assert (run.since_at, run.until_at, run.requested_by) == (_MONTH_AGO, _NOW, person)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"project_ids": ()}, "at least one project"),
        ({"since_at": _NOW}, "ends before it begins"),
        ({"score_min": 0.9, "score_max": 0.1}, "Swap them"),
        ({"wanted": 0}, "from 1 to 5,000"),
        ({"wanted": 5_001}, "from 1 to 5,000"),
    ],
    ids=["no project", "no period", "scores", "none wanted", "too many wanted"],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(NotImportable, match=sentence):
        request_imports.start(ClassifierFactory().pk, query=_query(**values))

    assert not RequestImport.objects.exists()


def test_the_sources_are_the_projects_that_log_or_have_logged() -> None:
    logs, has_logged, never = ProjectFactory(name="A", is_logging=True), ProjectFactory(name="B"), ProjectFactory()
    RequestLogFactory.create_batch(2, project=has_logged)

    assert list(request_imports.sources()) == [logs, has_logged]
    assert never not in request_imports.sources()


def test_the_period_begins_where_the_last_import_ended() -> None:
    taken = ChoiceFactory(until_at=dt.datetime(2026, 4, 20, tzinfo=dt.UTC), taken_at=_NOW)
    ChoiceFactory(classifier=taken.classifier, until_at=_NOW)
    ChoiceFactory(until_at=_NOW, taken_at=_NOW)

    assert request_imports.default_since(taken.classifier_id, now=_NOW) == taken.until_at


def test_the_first_period_is_thirty_days() -> None:
    assert request_imports.default_since(ClassifierFactory().pk, now=_NOW) == _MONTH_AGO


def test_what_was_chosen_becomes_unlabelled_examples_that_know_their_request() -> None:
    run = _choice("Is the lamp there?", "  Win a\r\nphone ")

    added = request_imports.take(run.pk)

    run.refresh_from_db()
    assert (added, run.added, run.picks.count()) == (2, 2, 0)
    assert run.taken_at is not None
    for example in Example.objects.all():
        log = RequestLog.objects.get(pk=example.source_request_id)
        assert (example.origin, example.state, example.label) == (
            ExampleOrigin.REQUEST,
            ExampleState.UNLABELLED,
            None,
        )
        assert (example.classifier, example.request_import) == (run.classifier, run)
        assert example.source_project_id == log.project_id
    assert set(Example.objects.values_list("text", flat=True)) == {"Is the lamp there?", "Win a\nphone"}


def test_the_request_can_be_erased_and_its_example_still_be_found() -> None:
    run = _choice("my number is 0176")
    request_imports.take(run.pk)
    log_id = RequestLog.objects.get().pk

    RequestLog.objects.all().delete()

    assert Example.objects.get(source_request_id=log_id).text == "my number is 0176"


def test_a_choice_is_taken_over_once() -> None:
    run = _choice("hello")
    request_imports.take(run.pk)

    with pytest.raises(NotImportable, match="added or discarded already"):
        request_imports.take(run.pk)

    assert Example.objects.count() == 1


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.FAILED, RunState.CANCELLED])
def test_a_search_that_is_not_done_has_nothing_to_take(state: RunState) -> None:
    with pytest.raises(NotImportable):
        request_imports.take(RequestImportFactory(state=state).pk)


def test_a_request_that_was_erased_meanwhile_is_left_out() -> None:
    run = _choice("stays", "goes")
    RequestLog.objects.filter(text="goes").delete()

    assert request_imports.take(run.pk) == 1
    assert Example.objects.get().text == "stays"


def test_a_text_that_was_added_meanwhile_is_not_added_twice() -> None:
    run = _choice("the same  text", "another")
    ExampleFactory(classifier=run.classifier, text="the same text")

    assert request_imports.take(run.pk) == 1
    assert Example.objects.filter(request_import=run).get().text == "another"


def test_a_text_that_was_made_blank_meanwhile_is_left_out() -> None:
    run = _choice("secret", "another")
    RequestLog.objects.filter(text="secret").update(text=" \u200b ")

    assert request_imports.take(run.pk) == 1


def test_discarding_forgets_the_choice() -> None:
    run = _choice("hello")

    assert request_imports.discard(run.pk)
    assert not RequestImport.objects.exists()
    assert not RequestPick.objects.exists()
    with pytest.raises(NotImportable):
        request_imports.take(run.pk)


@pytest.mark.parametrize("values", [{"state": RunState.RUNNING}, {"taken_at": _NOW, "state": RunState.SUCCEEDED}])
def test_what_runs_or_was_taken_cannot_be_discarded(values: dict[str, Any]) -> None:
    run = RequestImportFactory(**values)

    assert not request_imports.discard(run.pk)
    assert RequestImport.objects.filter(pk=run.pk).exists()


def test_the_picks_come_with_their_requests_but_for_erased_ones() -> None:
    run = _choice("first", "gone", "third")
    RequestLog.objects.filter(text="gone").delete()

    shown = request_imports.picks(run)

    assert [log.text for _, log in shown] == ["first", "third"]


def test_the_reasons_are_counted_the_commonest_first() -> None:
    run = ChoiceFactory(chosen=3)
    RequestPickFactory(request_import=run, reason=PickReason.RANDOM)
    RequestPickFactory.create_batch(2, request_import=run, reason=PickReason.UNSURE)

    assert request_imports.reasons(run) == [(PickReason.UNSURE, 2), (PickReason.RANDOM, 1)]


def test_what_was_left_makes_the_sums_match() -> None:
    run = ChoiceFactory.build(looked_at=100, filtered=10, unusable=1, duplicates=20, near_copies=9, chosen=40)

    assert run.left == 20


@pytest.mark.parametrize(
    "values",
    [
        {"until_at": _MONTH_AGO},
        {"score_min": -0.1},
        {"score_max": 1.1},
        {"score_min": 0.6, "score_max": 0.5},
        {"wanted": 0},
        {"added": 1, "chosen": 0},
        {"taken_at": _NOW, "state": RunState.RUNNING},
    ],
    ids=["period", "low score", "high score", "scores swapped", "none wanted", "more added", "taken too early"],
)
def test_the_database_refuses_an_impossible_search(values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        RequestImportFactory(**values)


def test_the_database_takes_a_search_at_its_limits() -> None:
    RequestImportFactory(score_min=0.5, score_max=0.5, wanted=1, chosen=1, added=1)
    ChoiceFactory(taken_at=timezone.now())

    assert RequestImport.objects.count() == 2


def test_a_request_is_picked_once() -> None:
    pick = RequestPickFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        RequestPickFactory(request_import=pick.request_import, request_id=pick.request_id)
