"""An import is undone: what it brought goes, what somebody has worked on since stays."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classifiers.models import Classifier, Decision, DecisionSource, ExampleState, ImportRun
from classifiers.services import decisions, examples, import_undoing, imports, undoing
from classifiers.services.import_undoing import NotUndoable
from moderation.runs import RunState
from tests import uploads
from tests.factories import ExampleFactory, ImportRunFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def _imported(classifier: Classifier, *rows: tuple[str, int | None] | str) -> ImportRun:
    """Return an import of these rows that is done, without its file."""
    claim = uploads.claim(classifier)
    claim.finish(**uploads.write(claim, uploads.rows(*rows)))
    return claim.get_run()


def _undo(run: ImportRun, *, by: Any = None, at_once: int = 100) -> dict[str, Any]:
    return import_undoing.undo(run.pk, by=by, now=NOW, at_once=at_once).undone_sums


def _decide(classifier: Classifier, text: str, number: int | None, source: DecisionSource) -> None:
    label_id = None if number is None else classifier.labels.get(number=number).pk
    decisions.decide(classifier.examples.get(text=text).pk, label_id=label_id, source=source)


def _state(classifier: Classifier, text: str) -> tuple[str | None, str]:
    example = classifier.examples.select_related("label").get(text=text)
    settled = decisions.settle(example.decisions.order_by("pk"))
    assert settled == (example.label_id, example.state)
    return (None if example.label is None else example.label.name), example.state


def test_what_the_import_added_goes_and_everything_else_stays() -> None:
    classifier, person = uploads.classifier(), UserFactory()
    ExampleFactory(classifier=classifier, text="typed")
    elsewhere = _imported(classifier, ("from another file", 0))
    run = _imported(classifier, ("hello", 0), ("what?", None), "The text is blank.", ("typed", None))

    sums = _undo(run, by=person)

    run.refresh_from_db()
    assert sums == {"removed": 2, "restored": 0, "kept": {}}
    assert uploads.labels(classifier) == {"typed": None, "from another file": "Fine"}
    assert (run.undone_at, run.undone_by, run.is_undone) == (NOW, person, True)
    assert (run.state, run.added, run.refused, run.refusals.count()) == (RunState.SUCCEEDED, 2, 1, 1)
    assert not ImportRun.objects.get(pk=elsewhere.pk).is_undone
    assert Decision.objects.filter(import_run=run).count() == 0


@pytest.mark.parametrize(
    ("number", "source"),
    [(1, DecisionSource.PERSON), (0, DecisionSource.PERSON), (None, DecisionSource.PERSON), (1, DecisionSource.LLM)],
    ids=["changed by a person", "said again by a person", "cleared by a person", "judged by a language model"],
)
def test_an_example_that_somebody_has_decided_on_since_stays_as_it_is(
    number: int | None, source: DecisionSource
) -> None:
    classifier = uploads.classifier()
    run = _imported(classifier, ("hello", 0), ("world", 0))
    _decide(classifier, "hello", number, source)
    before = _state(classifier, "hello")

    sums = _undo(run)

    assert sums == {"removed": 1, "restored": 0, "kept": {source.value: 1}}
    assert _state(classifier, "hello") == before


@pytest.mark.parametrize("source", [DecisionSource.OFFLINE, DecisionSource.MODEL])
def test_a_suggestion_that_cost_nothing_keeps_no_example(source: DecisionSource) -> None:
    classifier = uploads.classifier()
    run = _imported(classifier, ("hello", None))
    _decide(classifier, "hello", 1, source)

    assert _undo(run) == {"removed": 1, "restored": 0, "kept": {}}


def test_an_example_with_another_text_now_stays() -> None:
    classifier = uploads.classifier()
    run = _imported(classifier, ("hello", 0), ("world", 0))
    examples.change_text(classifier.examples.get(text="hello").pk, text="hello there")

    assert _undo(run) == {"removed": 1, "restored": 0, "kept": {"TEXT": 1}}
    assert uploads.labels(classifier) == {"hello there": "Fine"}


def test_an_example_that_another_import_has_labelled_stays() -> None:
    classifier = uploads.classifier()
    run = _imported(classifier, ("hello", None), ("world", None))
    _imported(classifier, ("hello", 1))

    assert _undo(run) == {"removed": 1, "restored": 0, "kept": {"IMPORT": 1}}
    assert uploads.labels(classifier) == {"hello": "Spam"}


def test_what_another_import_said_and_took_back_keeps_no_example() -> None:
    classifier = uploads.classifier()
    run = _imported(classifier, ("hello", None))
    other = _imported(classifier, ("hello", 1))

    assert _undo(other) == {"removed": 0, "restored": 1, "kept": {}}
    assert _undo(run) == {"removed": 1, "restored": 0, "kept": {}}


def test_an_unlabelled_example_that_the_import_labelled_is_unlabelled_again() -> None:
    classifier, person = uploads.classifier(), UserFactory()
    ExampleFactory(classifier=classifier, text="hello")
    run = _imported(classifier, ("hello", 1))
    assert _state(classifier, "hello") == ("Spam", ExampleState.CONFIRMED)

    sums = _undo(run, by=person)

    assert sums == {"removed": 0, "restored": 1, "kept": {}}
    assert _state(classifier, "hello") == (None, ExampleState.UNLABELLED)
    last = Decision.objects.latest("pk")
    assert (last.source, last.user, last.label, last.import_run) == (DecisionSource.PERSON, person, None, run)
    assert last.reason == "The import of messages.csv was undone."


def test_an_example_that_the_import_labelled_has_its_suggestion_again() -> None:
    classifier = uploads.classifier()
    example = ExampleFactory(classifier=classifier, text="hello")
    fine = classifier.labels.get(number=0)
    decisions.decide(example.pk, label_id=fine.pk, source=DecisionSource.LLM, confidence=0.75, reason="It greets.")
    run = _imported(classifier, ("hello", 1))

    sums = _undo(run)

    assert sums == {"removed": 0, "restored": 1, "kept": {}}
    assert _state(classifier, "hello") == ("Fine", ExampleState.SUGGESTED)
    last = Decision.objects.latest("pk")
    assert (last.source, last.confidence, last.reason) == (DecisionSource.LLM, 0.75, "It greets.")


def test_a_label_that_somebody_has_changed_since_is_not_taken_back() -> None:
    classifier = uploads.classifier()
    ExampleFactory(classifier=classifier, text="hello")
    run = _imported(classifier, ("hello", 1))
    _decide(classifier, "hello", 0, DecisionSource.PERSON)

    assert _undo(run) == {"removed": 0, "restored": 0, "kept": {"PERSON": 1}}
    assert _state(classifier, "hello") == ("Fine", ExampleState.CONFIRMED)


def test_undoing_a_label_can_itself_be_undone_on_the_example() -> None:
    classifier = uploads.classifier()
    example = ExampleFactory(classifier=classifier, text="hello")
    _decide(classifier, "hello", 0, DecisionSource.LLM)
    run = _imported(classifier, ("hello", 1))
    _undo(run)

    undoing.undo_last(example.pk, now=timezone.now())

    assert _state(classifier, "hello") == ("Spam", ExampleState.CONFIRMED)


def test_an_import_is_undone_once() -> None:
    classifier = uploads.classifier()
    ExampleFactory(classifier=classifier, text="there")
    run = _imported(classifier, ("hello", 0), ("there", 1))
    sums = _undo(run)
    made = Decision.objects.count()

    with pytest.raises(NotUndoable, match="was undone already"):
        _undo(run)

    run.refresh_from_db()
    assert (run.undone_sums, Decision.objects.count()) == (sums, made)


def test_a_decision_that_is_made_while_the_undoing_waits_its_turn_counts() -> None:
    classifier = uploads.classifier()
    run = _imported(classifier, ("hello", 0), ("world", 0))
    made = []

    def decide(execute: Any, sql: str, *rest: Any) -> Any:
        # Between the look at what is there and the lock.
        if 'FROM "classifiers_classifier"' in sql and not made:
            made.append("hello")
            _decide(classifier, "hello", 1, DecisionSource.PERSON)
        return execute(sql, *rest)

    with connection.execute_wrapper(decide):
        sums = _undo(run)

    assert made == ["hello"]
    assert sums == {"removed": 1, "restored": 0, "kept": {"PERSON": 1}}
    assert uploads.labels(classifier) == {"hello": "Spam"}


class _Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("broken_off", range(1, 7))
def test_an_undoing_that_broke_off_goes_on_and_counts_everything_once(
    broken_off: int,
) -> None:
    classifier = uploads.classifier()
    for number in range(5):
        ExampleFactory(classifier=classifier, text=f"there {number}")
    rows = [(f"{word} {number}", 1) for word in ("new", "there") for number in range(5)]
    run = _imported(classifier, *rows)
    _decide(classifier, "new 3", 0, DecisionSource.PERSON)
    _decide(classifier, "there 3", 0, DecisionSource.PERSON)
    seen = []

    def die(execute: Any, sql: str, *rest: Any) -> Any:
        # At the last statement of each chunk, which writes the sums.
        if sql.startswith("UPDATE") and "undone_sums" in sql:
            seen.append(sql)
            if len(seen) == broken_off:
                raise _Killed
        return execute(sql, *rest)

    with pytest.raises(_Killed), connection.execute_wrapper(die):
        _undo(run, at_once=2)

    assert _undo(run, at_once=2) == {"removed": 4, "restored": 4, "kept": {"PERSON": 2}}
    left = {text: label for text, label in uploads.labels(classifier).items() if label is not None}
    assert left == {"new 3": "Fine", "there 3": "Fine"}
    assert Decision.objects.filter(source=DecisionSource.PERSON, label=None).count() == 4


@pytest.mark.parametrize(
    "values",
    [
        {"state": RunState.DRAFT},
        {"state": RunState.QUEUED, "added": 1},
        {"state": RunState.RUNNING, "added": 1},
        {"state": RunState.SUCCEEDED, "read": 1, "duplicates": 1},
    ],
    ids=["draft", "waiting", "running", "nothing added"],
)
def test_there_is_nothing_to_undo(values: dict[str, Any]) -> None:
    run = ImportRunFactory(**values)

    with pytest.raises(NotUndoable, match="nothing to undo"):
        _undo(run)


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.DEAD, RunState.CANCELLED])
def test_an_import_that_ended_badly_can_be_undone_as_far_as_it_came(state: RunState) -> None:
    classifier = uploads.classifier()
    run = _imported(classifier, ("hello", 0))
    ImportRun.objects.filter(pk=run.pk).update(state=state)

    assert _undo(run) == {"removed": 1, "restored": 0, "kept": {}}


@pytest.mark.slow
def test_a_file_whose_import_was_undone_counts_as_new() -> None:
    run = uploads.done()
    again = uploads.stage(into=run.classifier)
    assert imports.find_earlier(again) == run

    _undo(run)

    assert imports.find_earlier(again) is None
    uploads.start(uploads.choose(again))
    uploads.carry_out(again)
    assert again.added == 3


def _count_queries(size: int) -> int:
    classifier = uploads.classifier()
    rows: list[tuple[str, int | None] | str] = []
    for number in range(size):
        ExampleFactory(classifier=classifier, text=f"there {number}")
        rows += [(f"new {number}", 0), (f"there {number}", 1)]
    run = _imported(classifier, *rows)
    with CaptureQueriesContext(connection) as queries:
        sums = _undo(run)
    assert sums == {"removed": size, "restored": size, "kept": {}}
    return len(queries)


@pytest.mark.slow
def test_the_queries_do_not_grow_with_the_examples() -> None:
    few, many = _count_queries(2), _count_queries(30)

    assert few == many
